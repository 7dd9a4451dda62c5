"""The spaces of a run on a Dask cluster: each is sent there once and forgotten with its last task."""

from __future__ import annotations

import hashlib
import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from distributed import Client, Future
from numpy.typing import NDArray

from clusterbench.execution.events import Task


@dataclass(frozen=True, slots=True)
class ScatteredSpace:
    """A ``.npy`` file, as it is, in the memory of a worker; Dask copies it to the others that need it, once each.

    Attributes
    ----------
    digest : str
        SHA-256 of the file.
    future : Future
    """

    digest: str
    future: Future[NDArray[np.uint8]]


class ScatteredSpaces:
    """The spaces of a run, by their path on this side."""

    def __init__(self, client: Client, name: str) -> None:
        self._client, self._name = client, name
        self._users: Counter[str] = Counter()
        self._there: dict[str, ScatteredSpace] = {}
        self._numbers = itertools.count()

    def expect(self, tasks: Sequence[Task]) -> None:
        """Count who will need which space."""
        self._users.update(task.space_path for task in tasks)

    def get(self, path: str) -> ScatteredSpace:
        """Return a space on the cluster, sent there now if it is not, or was lost with its worker.

        Raises
        ------
        OSError
            When there is no worker to take it.
        """
        known = self._there.get(path)
        if known is not None and known.future.status == "finished":
            return known
        content = np.fromfile(path, dtype=np.uint8)
        key = f"{self._name}-space-{next(self._numbers)}"
        future: Future[NDArray[np.uint8]] = self._client.scatter({key: content})[key]
        space = ScatteredSpace(hashlib.sha256(content.data).hexdigest(), future)
        self._there[path] = space
        return space

    def done(self, path: str) -> None:
        """Note that a task is over; with the last one the cluster forgets its space."""
        self._users[path] -= 1
        if self._users[path] <= 0:
            self._there.pop(path, None)

    def clear(self) -> None:
        """Have the cluster forget all spaces."""
        self._there.clear()
