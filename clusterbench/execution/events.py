"""What goes to a worker and what comes back; all of it can be pickled."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np

from clusterbench.labeling import Labeling
from clusterbench.statuses import CellStatus

_LONGEST_FACTS = 2**20  # bytes of a message, beside the labels in it


class Lane(StrEnum):
    """Kind of worker: TensorFlow never shares a process with other algorithms."""

    PLAIN = "plain"
    TENSORFLOW = "tensorflow"


@dataclass(frozen=True, slots=True)
class Task:
    """A fit job for a worker.

    Attributes
    ----------
    key : str
        Identity of the job in the store.
    plugin : str
        Where the plug-in is: a file path or an entry point.
    params : str
        Canonical JSON of the build parameters.
    seed : int
    cuts : tuple of str
        Canonical JSON of each cut that is wanted.
    space_path : str
        A ``.npy`` file with the float64 space (n, d), memory-mapped read-only.
    lane : Lane
    """

    key: str
    plugin: str
    params: str
    seed: int
    cuts: tuple[str, ...]
    space_path: str
    lane: Lane = Lane.PLAIN


@dataclass(frozen=True, slots=True)
class Started:
    """Imports and warm-up are over; the clock of the job runs."""

    key: str


@dataclass(frozen=True, slots=True)
class CutStarted:
    """The worker is now busy with this cut."""

    key: str
    cut: str


@dataclass(frozen=True, slots=True)
class CutDone:
    """A cell is finished, with a labeling or with a reason why there is none.

    Attributes
    ----------
    key, cut : str
    status : CellStatus
    reason : str
        One line, at most about 600 characters; "" where the status is ``ok``.
    labeling : Labeling, optional
    seconds : float
        Of this cut alone.
    inertia : float, optional
    info : mapping
        Plain values for the drill-down; ``warnings`` is a list of texts.
    build_seconds : float
        Of what the job's cuts share; the same in each of them.
    peak_mb : float
        Memory that the job had taken by the end of this cut, over what its worker held when the clock started.
    """

    key: str
    cut: str
    status: CellStatus
    reason: str = ""
    labeling: Labeling | None = None
    seconds: float = 0.0
    inertia: float | None = None
    info: Mapping[str, Any] = field(default_factory=dict)
    build_seconds: float = 0.0
    peak_mb: float = 0.0


@dataclass(frozen=True, slots=True)
class TaskDone:
    """The job is over. Cuts that were not reported share its status and reason."""

    key: str
    status: CellStatus
    reason: str = ""
    build_seconds: float = 0.0
    peak_mb: float = 0.0


Event = Started | CutStarted | CutDone | TaskDone


def is_sound(event: Any, task: Task) -> bool:
    """Return whether a worker that performs `task` may say this."""
    if not isinstance(event, Started | CutStarted | CutDone | TaskDone) or event.key != task.key:
        return False
    if isinstance(event, CutStarted | CutDone) and event.cut not in task.cuts:
        return False
    if isinstance(event, CutDone):
        found = event.labeling
        right = isinstance(found, Labeling) and isinstance(found.labels, np.ndarray) and found.labels.dtype == np.int32
        return right if event.status is CellStatus.OK else found is None
    return True


def longest_message(task: Task) -> int:
    """Return a bound in bytes for what is said of a task: labels take less than half of what their rows take."""
    try:
        return _LONGEST_FACTS + os.path.getsize(task.space_path)
    except OSError:  # the worker will say so
        return _LONGEST_FACTS
