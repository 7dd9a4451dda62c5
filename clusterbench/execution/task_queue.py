"""Tasks that wait for a worker, grouped by plug-in, since a worker serves one plug-in only."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from clusterbench.execution.events import CutDone, Lane, Task, TaskDone
from clusterbench.statuses import CellStatus

Kind = tuple[Lane, str]
"""What tasks have in common that one worker may perform: the lane and the plug-in."""


@dataclass(eq=False, slots=True)
class Load:
    """A task, and what has been heard of it; `started` and `cut_since` are moments of `time.monotonic`."""

    task: Task
    retries: int = 0
    taken: bool = False
    started: float | None = None
    deadline: float = float("inf")
    cut: str | None = None
    cut_since: float = 0.0
    finished: set[str] = field(default_factory=set)

    def rest(self) -> tuple[str, ...]:
        """Return the cuts that are still to be done."""
        return tuple(cut for cut in self.task.cuts if cut not in self.finished)

    def lost_cut(self, status: CellStatus, reason: str) -> CutDone:
        """Return the cut that its worker was busy with, as lost."""
        assert self.cut is not None
        return CutDone(self.task.key, self.cut, status, reason, seconds=time.monotonic() - self.cut_since)

    def lost_build(self, status: CellStatus, reason: str) -> TaskDone:
        """Return the end of the task, lost with all cuts that are open."""
        took = 0.0 if self.started is None or self.finished else time.monotonic() - self.started
        return TaskDone(self.task.key, status, reason, build_seconds=took)


def kind_of(task: Task) -> Kind:
    """Return what a worker has to be for this task."""
    return task.lane, task.plugin


def by_plugin(tasks: Sequence[Task]) -> list[Task]:
    """Return tasks grouped by plug-in, in their order else; TensorFlow first, since it takes the longest."""
    places: dict[str, int] = {}
    for task in tasks:
        places.setdefault(task.plugin, len(places))
    return sorted(tasks, key=lambda task: (task.lane is Lane.PLAIN, places[task.plugin]))


class Queue:
    """The loads that wait."""

    def __init__(self) -> None:
        self._groups: dict[Kind, deque[Load]] = {}

    def __bool__(self) -> bool:
        return bool(self._groups)

    def extend(self, tasks: Sequence[Task]) -> None:
        """Add tasks at the end."""
        for task in by_plugin(tasks):
            self._groups.setdefault(kind_of(task), deque()).append(Load(task))

    def put_back(self, load: Load) -> None:
        """Add a load that is to be the next of its kind."""
        self._groups.setdefault(kind_of(load.task), deque()).appendleft(load)

    def take(self, kind: Kind) -> Load | None:
        """Take the next load of a kind; None where there is none."""
        group = self._groups.get(kind)
        if group is None:
            return None
        load = group.popleft()
        if not group:
            del self._groups[kind]
        return load

    def take_for_new(self, served: Collection[Kind]) -> Load:
        """Take a load for a new worker, if possible of a kind that none serves: so few are started in all."""
        kind = next((kind for kind in self._groups if kind not in served), next(iter(self._groups)))
        load = self.take(kind)
        assert load is not None
        return load

    def clear(self) -> None:
        """Forget all of them."""
        self._groups.clear()
