"""Worker processes on this machine: given one task at a time, watched, and killed at a limit.

A worker serves one plug-in only: what that leaves behind in its process (a patched library, a changed limit, another
configuration of scikit-learn) reaches no other plug-in.

Workers are forked by templates (`worker_template`), and not by `multiprocessing` or a pool library: a user's script
needs no ``__main__`` guard, threads are capped by the environment before any library loads, nothing is forked after a
computation, one worker can be killed with all that it started while the others go on, and none outlives the run.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from multiprocessing.connection import wait

from clusterbench.environment import memory_kills
from clusterbench.execution.attempts import Attempt, Ledger
from clusterbench.execution.events import DEFAULT_SECONDS, Event, Limits, Task
from clusterbench.execution.worker_process import WorkerProcess
from clusterbench.execution.worker_template import WorkerTemplate
from clusterbench.statuses import CellStatus
from clusterbench.task_outcomes import TaskDone

_TICK, _MEMORY_TICK = 1.0, 0.25  # seconds between checks, and where memory is limited
_EXIT_SECONDS = 1.0  # for the report on a worker whose connection is closed


@dataclass(eq=False, slots=True)
class _Worker:
    """A worker process and the attempt that it is busy with."""

    process: WorkerProcess
    plugin: str
    attempt: Attempt | None = None
    has_served: bool = False
    memory_checked: float = 0.0


class Pool:
    """At most `workers` processes with `threads` threads each, that execute tasks.

    Use it as a context manager; leaving it ends every worker. `run` may be called again and again.
    """

    def __init__(self, workers: int, *, threads: int = 1, limits: Limits | None = None) -> None:
        limits = limits or Limits()
        self._size, self._start_seconds = workers, limits.start_seconds
        self._seconds = DEFAULT_SECONDS if limits.seconds is None else limits.seconds
        self._memory_mb = inf if limits.memory_mb is None else limits.memory_mb
        self._workers: list[_Worker] = []
        # TensorFlow has one of its own, since it takes much memory
        self._templates = {needs_tensorflow: WorkerTemplate(threads) for needs_tensorflow in (False, True)}
        self._ledger = Ledger()
        self._known_kills = memory_kills()

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *exc: object) -> None:
        self.end()

    def end(self) -> None:
        """End every worker, and the templates."""
        self.end_workers()
        for template in self._templates.values():
            template.end()

    def end_workers(self) -> None:
        """End every worker; `run` starts others."""
        self._end(*self._workers)

    def run(self, tasks: Sequence[Task], *, is_wanted: Callable[[], bool] | None = None) -> Iterator[Event]:
        """Execute `tasks` and yield events as they happen; a task that kills its worker costs only its own cut.

        The limits are checked while events are being taken: do not hold the iterator up for long. `is_wanted` is asked
        about once a second; the tasks are given up as soon as it returns False.
        """
        self._ledger = Ledger(tasks)
        try:
            events = list(self._assign())
            while True:
                yield from events
                busy = [worker for worker in self._workers if worker.attempt]
                if not busy or (is_wanted is not None and not is_wanted()):
                    return
                ready = wait([worker.process.connection for worker in busy], timeout=self._seconds_to_wait(busy))
                events = []
                for worker in busy:
                    if worker.process.connection in ready:
                        events += self._receive(worker)
                    events += self._check_limits(worker)
                events += self._assign()  # before the events are handled, so that workers go on meanwhile
        finally:
            self._ledger.clear()
            self._end(*(worker for worker in self._workers if worker.attempt))

    # --- assigning -------------------------------------------------------------------------------

    def _assign(self) -> Iterator[Event]:
        """Give tasks to workers without one, and start workers up to the size of the pool."""
        while self._ledger and (match := self._match()):
            worker, attempt = match
            if worker is None:
                try:
                    worker = self._new_worker(attempt.task)
                except OSError as error:  # no process, no descriptor or no memory left for one
                    if self._workers:
                        self._size = len(self._workers)  # go on with fewer
                        self._ledger.put_back(attempt)
                    else:
                        yield from self._ledger.lost(attempt, f"no worker could be started: {error}")
                    continue
                self._workers.append(worker)
            worker.process.forget_output()
            worker.attempt, attempt.assigned = attempt, time.monotonic()
            with suppress(OSError):  # a dead worker is noticed when its connection is read
                worker.process.connection.send(attempt.task)

    def _new_worker(self, task: Task) -> _Worker:
        return _Worker(WorkerProcess(self._templates[task.needs_worker], task.packages), task.plugin)

    def _match(self) -> tuple[_Worker | None, Attempt] | None:
        """Take an attempt for a worker without one, or for a new worker (None); nothing where no worker is free."""
        idle = [worker for worker in self._workers if worker.attempt is None]
        for worker in idle:
            attempt = self._ledger.take(worker.plugin)
            if attempt is not None:
                return worker, attempt
        if len(self._workers) >= self._size:
            if not idle:
                return None
            self._end(idle[0])
        return None, self._ledger.take_for_new({worker.plugin for worker in self._workers})

    # --- watching --------------------------------------------------------------------------------

    def _deadline(self, attempt: Attempt) -> float:
        if attempt.started is None:
            return attempt.assigned + self._start_seconds
        return attempt.started + self._seconds

    def _seconds_to_wait(self, busy: Sequence[_Worker]) -> float:
        soonest = min(self._deadline(worker.attempt) for worker in busy if worker.attempt)
        tick = _TICK if self._memory_mb == inf else _MEMORY_TICK
        return max(0.0, min(tick, soonest - time.monotonic()))

    def _receive(self, worker: _Worker) -> Iterator[Event]:
        """Yield the events that a worker has sent, or what follows from its end."""
        connection, attempt = worker.process.connection, worker.attempt
        assert attempt is not None
        try:
            while True:
                event, must_be_replaced = connection.recv()
                attempt.record(event)
                yield event
                if isinstance(event, TaskDone):
                    worker.attempt, worker.has_served = None, True
                    if must_be_replaced:
                        self._end(worker)
                    return
                if not connection.poll():
                    return
        except (EOFError, OSError):
            yield from self._closed(worker, attempt)

    def _closed(self, worker: _Worker, attempt: Attempt) -> Iterator[Event]:
        """Judge the loss of a worker whose connection is closed."""
        process = worker.process
        has_ended = process.has_ended(within=_EXIT_SECONDS)
        self._end(worker)
        output = process.last_output()
        if not has_ended:
            reason = f"the plug-in closed the connection of its worker{output}"
            yield from self._ledger.failed(attempt, CellStatus.FAILED, reason)
            return
        reason = f"the worker {process.exit_description()}{output}"
        if process.was_killed() and self._memory_ran_out():
            reason = f"the kernel killed the worker, since memory ran out{output}"
            yield from self._ledger.failed(attempt, CellStatus.OUT_OF_MEMORY, reason)
        elif process.was_killed_from_outside() or (worker.has_served and attempt.started is None):
            yield from self._ledger.lost(attempt, reason)
        else:
            yield from self._ledger.failed(attempt, CellStatus.FAILED, reason)

    def _check_limits(self, worker: _Worker) -> Iterator[Event]:
        attempt, now = worker.attempt, time.monotonic()
        if attempt is None:
            return
        if now >= self._deadline(attempt):
            self._end(worker)
            reason = f"killed at the limit of {self._seconds:g} s"
            if attempt.started is None:
                reason = f"imports and warm-up took more than {self._start_seconds:g} s"
            yield from self._ledger.timed_out(attempt, reason, worker.process.last_output())
        elif self._memory_mb < inf and now >= worker.memory_checked + _MEMORY_TICK:  # which takes milliseconds
            worker.memory_checked, used = now, worker.process.memory_mb()
            if used > self._memory_mb:
                self._end(worker)
                reason = f"killed at {used:.0f} MB, over the limit of {self._memory_mb:g} MB"
                reason += worker.process.last_output()
                yield from self._ledger.failed(attempt, CellStatus.OUT_OF_MEMORY, reason)

    def _memory_ran_out(self) -> bool:
        """Return whether the kernel has killed a process for want of memory that is not accounted for yet."""
        rose = memory_kills() > self._known_kills
        self._known_kills += rose
        return rose

    def _end(self, *workers: _Worker) -> None:
        """End workers, all at the same time."""
        for worker in workers:
            worker.process.end()
        for worker in workers:
            worker.process.wait()
            worker.attempt = None
            self._workers.remove(worker)
