"""A small space on disk, and tasks on it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import psutil
import pytest

from clusterbench.execution import CutDone, Event, Task, TaskDone

HOSTILE = Path(__file__).parent / "hostile"
KS = (2, 3, 4)


@pytest.fixture(scope="session")
def space_path(tmp_path_factory) -> str:
    """A space of 300 rows and 3 columns, as the conductor saves it."""
    path = tmp_path_factory.mktemp("space") / "space.npy"
    np.save(path, np.random.default_rng(0).normal(size=(300, 3)))
    return str(path)


@pytest.fixture(scope="session")
def make_task(space_path) -> Callable[..., Task]:
    """Make a task of a plug-in file of the hostile folder, or of any path."""

    def make(plugin: str | Path, *, ks: Iterable[int] = KS, seed: int = 0, name: str = "", **params: object) -> Task:
        where = plugin if isinstance(plugin, Path) else HOSTILE / f"{plugin}.py"
        key = hashlib.sha256(f"{plugin} {name} {seed} {sorted(params.items())}".encode()).hexdigest()
        return Task(key, str(where), json.dumps(params), seed, tuple(json.dumps({"k": k}) for k in ks), space_path)

    return make


def outcomes(tasks: Iterable[Task], events: Iterable[Event]) -> dict[str, dict[int, CutDone | TaskDone]]:
    """Book events as the conductor does: per job and k the event that gave the outcome; nothing twice."""
    found: dict[str, dict[int, CutDone | TaskDone]] = {}
    cuts = {task.key: task.cuts for task in tasks}
    over = set()
    for event in events:
        mine = found.setdefault(event.key, {})
        assert event.key not in over, f"{event} after the end of its task"
        if isinstance(event, CutDone):
            k = json.loads(event.cut)["k"]
            assert k not in mine, f"k = {k} was done twice"
            mine[k] = event
        elif isinstance(event, TaskDone):
            over.add(event.key)
            for cut in cuts[event.key]:
                mine.setdefault(json.loads(cut)["k"], event)
    assert over == set(cuts), "each task ends once"
    return found


def labels_of(cells: dict[int, CutDone | TaskDone]) -> dict[int, str | None]:
    """The identity of the labeling of each cell, None where there is none."""
    return {k: getattr(getattr(cell, "labeling", None), "sha256", None) for k, cell in sorted(cells.items())}


def descendants() -> list[psutil.Process]:
    """What this process has started and has not ended."""
    return psutil.Process(os.getpid()).children(recursive=True)
