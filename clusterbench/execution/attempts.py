"""The ledger of attempts: tasks that wait, grouped by plug-in, and what happens to a task whose worker was lost."""

import time
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace

from clusterbench.execution.events import CutStarted, Event, Started, Task
from clusterbench.statuses import CellStatus
from clusterbench.task_outcomes import CutDone, TaskDone

MOST_TRIES = 3


@dataclass(eq=False, slots=True)
class Attempt:
    """A task with the cuts that are still to be done, and what its worker has reported."""

    task: Task
    number: int = 1  # and 1 more for every worker lost for a cause outside the plug-in
    assigned: float = 0.0  # these times are those of `time.monotonic`
    started: float | None = None
    cut: str | None = None  # that the worker is busy with
    cut_started: float = 0.0
    done: dict[str, CutDone] = field(default_factory=dict)

    def record(self, event: Event) -> None:
        """Note an event of the worker."""
        if isinstance(event, Started):
            self.started = time.monotonic()
        elif isinstance(event, CutStarted):
            self.cut, self.cut_started = event.cut, time.monotonic()
        elif isinstance(event, CutDone):
            self.cut = None
            self.done[event.cut] = event

    def loss(self, status: CellStatus, reason: str) -> CutDone | TaskDone:
        """Return the end of the cut that the worker was busy with, else of the task with all cuts that are open."""
        if self.cut is not None:
            return CutDone(self.task.key, self.cut, status, reason, seconds=time.monotonic() - self.cut_started)
        seconds = 0.0 if self.started is None or self.done else time.monotonic() - self.started
        return TaskDone(self.task.key, status, reason, build_seconds=seconds)


class Ledger:
    """The attempts that wait for a worker, grouped by plug-in; TensorFlow's first, since they take longest."""

    def __init__(self, tasks: Sequence[Task] = ()) -> None:
        self._groups: dict[str, deque[Attempt]] = {}
        for task in sorted(tasks, key=lambda task: not task.needs_worker):
            self._groups.setdefault(task.plugin, deque()).append(Attempt(task))

    def __bool__(self) -> bool:
        return bool(self._groups)

    def take(self, plugin: str) -> Attempt | None:
        """Take the next attempt of a plug-in; None where there is none."""
        if plugin not in self._groups:
            return None
        attempt = self._groups[plugin].popleft()
        if not self._groups[plugin]:
            del self._groups[plugin]
        return attempt

    def take_for_new(self, served: Collection[str] = ()) -> Attempt:
        """Take an attempt for a new worker, if possible of a plug-in without one: so fewer are started in all."""
        plugin = next((plugin for plugin in self._groups if plugin not in served), next(iter(self._groups)))
        attempt = self.take(plugin)
        assert attempt is not None
        return attempt

    def put_back(self, attempt: Attempt) -> None:
        """Add an attempt that is to be the next of its plug-in."""
        self._groups.setdefault(attempt.task.plugin, deque()).appendleft(attempt)

    def clear(self) -> None:
        """Forget all attempts."""
        self._groups.clear()

    def lost(self, attempt: Attempt, reason: str) -> Iterator[Event]:
        """Try a task again whose worker was lost for a cause outside the plug-in, `MOST_TRIES` times in all."""
        open_cuts = tuple(cut for cut in attempt.task.cuts if cut not in attempt.done)
        if not open_cuts:
            last = attempt.done[attempt.task.cuts[-1]]
            yield TaskDone(attempt.task.key, CellStatus.OK, "", last.build_seconds, last.peak_mb)
        elif attempt.number < MOST_TRIES:
            self.put_back(Attempt(replace(attempt.task, cuts=open_cuts), attempt.number + 1))
        else:
            yield from self.failed(attempt, CellStatus.FAILED, f"{reason}; tried {attempt.number} times")

    def failed(self, attempt: Attempt, status: CellStatus, reason: str) -> Iterator[Event]:
        """Charge the loss of a worker to the cut it was busy with, and have the other cuts tried again."""
        yield attempt.loss(status, reason)
        if attempt.cut is None:
            return
        open_cuts = tuple(cut for cut in attempt.task.cuts if cut not in attempt.done and cut != attempt.cut)
        if open_cuts:
            self.put_back(Attempt(replace(attempt.task, cuts=open_cuts), attempt.number))
        else:
            yield TaskDone(attempt.task.key, status, reason)

    def timed_out(self, attempt: Attempt, reason: str, last_output: str) -> Iterator[Event]:
        """End a task at its time limit; what it has finished stays."""
        yield attempt.loss(CellStatus.TIMEOUT, reason + last_output)
        if attempt.cut is not None:
            yield TaskDone(attempt.task.key, CellStatus.TIMEOUT, f"not begun: its job was {reason}")
