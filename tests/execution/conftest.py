"""A small space on disk, and tasks of careless and of sound plug-ins on it."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import psutil
import pytest

from clusterbench.execution import CellStatus, CutDone, Event, Task, TaskDone

from .careless_plugins import write_all

KS = (2, 3, 4)
Cells = dict[int, CutDone | TaskDone]


@pytest.fixture(scope="session")
def plugins(tmp_path_factory) -> Path:
    """The folder of the plug-ins of `careless_plugins`."""
    folder = tmp_path_factory.mktemp("plugins")
    write_all(folder)
    return folder


@pytest.fixture(scope="session")
def space_path(tmp_path_factory) -> str:
    """A space of 300 rows and 3 columns, as a run saves it."""
    path = tmp_path_factory.mktemp("space") / "space.npy"
    np.save(path, np.random.default_rng(0).normal(size=(300, 3)))
    return str(path)


@pytest.fixture(scope="session")
def make_task(space_path, plugins) -> Callable[..., Task]:
    """Make a task of a plug-in of that folder, or of any path."""

    def make(plugin: str | Path, *, ks: Iterable[int] = KS, seed: int = 0, name: str = "", **params: object) -> Task:
        where = plugin if isinstance(plugin, Path) else plugins / f"{plugin}.py"
        key = hashlib.sha256(f"{plugin} {name} {seed} {sorted(params.items())}".encode()).hexdigest()
        return Task(key, str(where), json.dumps(params), seed, tuple(json.dumps({"k": k}) for k in ks), space_path)

    return make


def outcomes(tasks: Iterable[Task], events: Iterable[Event]) -> dict[str, Cells]:
    """Return per job and k the event that gave the outcome, as a run stores them; nothing is done twice."""
    found: dict[str, Cells] = {}
    cuts = {task.key: task.cuts for task in tasks}
    over = set()
    for event in events:
        cells = found.setdefault(event.key, {})
        assert event.key not in over, f"{event} after the end of its task"
        if isinstance(event, CutDone):
            k = json.loads(event.cut)["k"]
            assert k not in cells, f"k = {k} was done twice"
            cells[k] = event
        elif isinstance(event, TaskDone):
            over.add(event.key)
            for cut in cuts[event.key]:
                cells.setdefault(json.loads(cut)["k"], event)
    assert over == set(cuts), "each task ends once"
    return found


def labels_of(cells: Cells) -> dict[int, str | None]:
    """Return the identity of the labeling of each cell, None where there is none."""
    return {k: getattr(getattr(cell, "labeling", None), "sha256", None) for k, cell in sorted(cells.items())}


def statuses(found: dict[str, Cells]) -> set[CellStatus]:
    return {cell.status for cells in found.values() for cell in cells.values()}


def descendants() -> list[psutil.Process]:
    """Return what this process has started and has not ended."""
    return psutil.Process(os.getpid()).children(recursive=True)


def is_template(process: psutil.Process) -> bool:
    """Return whether a process is a template of workers."""
    return _forks(process) == 1


def is_supervisor(process: psutil.Process) -> bool:
    """Return whether a process is the supervisor of a worker."""
    return _forks(process) == 2


def is_worker(process: psutil.Process) -> bool:
    """Return whether a process is a worker, neither its supervisor nor a child of it."""
    return _forks(process) == 3


def _forks(process: psutil.Process) -> int:
    """Return how many of a process and those above it have the command of a template: forks keep it."""
    try:
        commands = [each.cmdline() for each in (process, *process.parents())]
    except psutil.Error:  # it has just ended
        return 0
    are_forks = [any("execution.worker_template" in word for word in command) for command in commands]
    return sum(are_forks) if are_forks[0] else 0


def subprocess_environment(**more: object) -> dict[str, str]:
    """Return the environment for a Python process that imports what this one can."""
    path = os.pathsep.join(place for place in sys.path if place)
    return {**os.environ, "PYTHONPATH": path, **{name: str(value) for name, value in more.items()}}


def within(seconds: float, condition: Callable[[], bool]) -> bool:
    """Return whether a condition becomes true within some seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
