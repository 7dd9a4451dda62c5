"""Worker processes on this machine: fed one task at a time, watched, and killed at a limit.

A worker serves one plug-in only: what that leaves behind in its process (a patched library, a changed limit, another
configuration of scikit-learn) is met by no other plug-in.

Workers are plain ``python`` children and not those of `multiprocessing` or a pool library: a user's script needs no
``__main__`` guard, threads are capped by the environment before any library loads, nothing is ever forked after
TensorFlow or OpenMP, one worker can be killed with all that it started while the others go on, and none of them
outlives the run.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import wait
from typing import Any

from clusterbench.errors import RequestError
from clusterbench.execution.events import CutDone, CutStarted, Event, Started, Task, TaskDone, is_sound, longest_message
from clusterbench.execution.performing import one_line
from clusterbench.execution.system_limits import descriptors_left, kills_for_memory
from clusterbench.execution.task_queue import Kind, Load, Queue, kind_of
from clusterbench.execution.worker_process import WorkerProcess
from clusterbench.statuses import CellStatus

_TICK = 0.25  # seconds between looks at the memory
_MOST_RETRIES = 2
_NARROW_SECONDS = 1.0  # until a worker more is tried again where there was no room for it
_SPARE_DESCRIPTORS = 20


@dataclass(frozen=True, slots=True)
class Limits:
    """What one job may use; None is no limit.

    Attributes
    ----------
    seconds : float or None
        Wall time from the end of imports and warm-up; a job goes on with its next cut only within it.
    memory_mb : float or None
        Resident memory of its worker and all processes that came from it, libraries included.
    start_seconds : float
        What the start of a worker, imports and warm-up may take, beside `seconds`.
    """

    seconds: float | None = None
    memory_mb: float | None = None
    start_seconds: float = 120.0

    def __post_init__(self) -> None:
        for name, limit in (("seconds", self.seconds), ("memory_mb", self.memory_mb)):
            if limit is not None and not 0.0 < limit < float("inf"):
                raise RequestError(f"a limit of {limit:g}", where=f"limits.{name}", allowed="a finite number above 0")


@dataclass(eq=False, slots=True)
class _Worker:
    process: WorkerProcess
    kind: Kind
    load: Load | None = None


class Pool:
    """At most `workers` processes, each with `threads` threads, that perform tasks.

    Use it as a context manager; leaving it ends every worker. `run` may be called again and again.
    """

    def __init__(self, workers: int, *, threads: int = 1, limits: Limits | None = None) -> None:
        self._size, self._threads, self._limits = workers, threads, limits or Limits()
        self._workers: list[_Worker] = []
        self._queue = Queue()
        self._narrow_until = 0.0
        self._known_kills = kills_for_memory()

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *exc: object) -> None:
        self._end(*self._workers)

    def run(self, tasks: Sequence[Task]) -> Iterator[Event]:
        """Perform `tasks`, giving events as they happen; a task that kills its worker costs only its own cut.

        The limits are kept while events are being taken: do not hold the iterator up for long.
        """
        self._queue.extend(tasks)
        try:
            news = list(self._feed())
            while True:
                yield from news
                busy = [worker for worker in self._workers if worker.load]
                if not busy:
                    return
                wait([fd for worker in busy for fd in worker.process.wanted()], timeout=self._patience(busy))
                news = [event for worker in busy for event in self._hear(worker)]
                news += self._feed()  # before the news is told, so that workers go on while it is being dealt with
        finally:
            self._queue.clear()
            self._end(*(worker for worker in self._workers if worker.load))

    def serves(self, task: Task) -> bool:
        """Return whether a worker for this task is there already."""
        return any(worker.kind == kind_of(task) for worker in self._workers)

    # --- giving ----------------------------------------------------------------------------------

    def _feed(self) -> Iterator[Event]:
        while self._queue:
            found = self._match()
            if found is None:
                return
            worker, load = found
            if worker is None:
                try:
                    worker = self._start(load.task)
                except OSError as error:  # no process, no descriptor or no memory left for one
                    if self._workers:  # go on with fewer
                        self._narrow_until = time.monotonic() + _NARROW_SECONDS
                        self._queue.put_back(load)
                    else:
                        yield from self._again_or(load, f"no worker could be started: {error}")
                    continue
            worker.process.forget()
            worker.load = load
            load.deadline = time.monotonic() + self._limits.start_seconds
            worker.process.channel.largest = longest_message(load.task)
            with suppress(OSError):  # a dead worker is noticed when it is listened to
                worker.process.channel.send(load.task)

    def _match(self) -> tuple[_Worker | None, Load] | None:
        """Take a task for a worker without work, or for a new one (None); nothing when all places are taken."""
        idle = [worker for worker in self._workers if worker.load is None]
        for worker in idle:
            load = self._queue.take(worker.kind)
            if load is not None:
                return worker, load
        narrow = self._workers and time.monotonic() < self._narrow_until
        if narrow or len(self._workers) >= self._size:
            if not idle:
                return None
            self._end(idle[0])
        return None, self._queue.take_for_new({worker.kind for worker in self._workers})

    def _start(self, task: Task) -> _Worker:
        if self._workers and descriptors_left() < _SPARE_DESCRIPTORS:  # the last ones are for the store
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        worker = _Worker(WorkerProcess(self._threads), kind_of(task))
        self._workers.append(worker)
        return worker

    # --- listening -------------------------------------------------------------------------------

    def _patience(self, busy: Sequence[_Worker]) -> float:
        soonest = min(worker.load.deadline for worker in busy if worker.load)
        tick = 1.0 if self._limits.memory_mb is None else _TICK
        return max(0.0, min(tick, soonest - time.monotonic()))

    def _hear(self, worker: _Worker) -> Iterator[Event]:
        yield from self._listen(worker)
        if worker.load:
            yield from self._enforce(worker)

    def _listen(self, worker: _Worker) -> Iterator[Event]:
        """Give what a worker has said, all of it, before it is judged by its silence."""
        gone = worker.process.ended()  # asked first, so that nothing it said before its end is missed
        channel = worker.process.channel
        for message in channel.receive():
            if worker.load is None:
                return
            yield from self._understand(worker, message)
        if worker.load is None:
            return
        if channel.garbled is not None:
            yield from self._lost(worker, f"wrote to the socket of its worker: {one_line(channel.garbled, 60)}")
        elif gone or (channel.closed and worker.process.ended(within=_TICK)):
            self._end(worker)
            yield from self._died(worker)
        elif channel.closed:
            yield from self._lost(worker, "closed the socket of its worker")

    def _understand(self, worker: _Worker, message: Any) -> Iterator[Event]:
        load = worker.load
        assert load is not None
        if isinstance(message, int):
            worker.process.pid, load.taken = message, True
            return
        event, worn = message if isinstance(message, tuple) and len(message) == 2 else (message, True)
        if not is_sound(event, load.task):
            yield from self._lost(worker, f"sent {type(event).__name__} in the name of its worker")
            return
        if isinstance(event, Started):
            seconds = self._limits.seconds
            load.started = time.monotonic()
            load.deadline = float("inf") if seconds is None else load.started + seconds
        elif isinstance(event, CutStarted):
            load.cut, load.cut_since = event.cut, time.monotonic()
        elif isinstance(event, CutDone):
            load.finished.add(event.cut)
            load.cut = None
        else:
            worker.load = None
            if worn:
                self._end(worker)
        yield event

    # --- judging ---------------------------------------------------------------------------------

    def _enforce(self, worker: _Worker) -> Iterator[Event]:
        load, limits = worker.load, self._limits
        assert load is not None
        if time.monotonic() >= load.deadline:
            limit = f"killed at the limit of {limits.seconds or 0:g} s"
            late = f"imports and warm-up took more than {limits.start_seconds:g} s"
            yield from self._stop(worker, limit if load.started is not None else late)
        elif limits.memory_mb is not None and (used := worker.process.memory_mb()) > limits.memory_mb:
            worker.load = None
            self._end(worker)
            reason = f"killed at {used:.0f} MB, over the limit of {limits.memory_mb:g} MB"
            yield from self._book(load, reason + worker.process.last_words(), CellStatus.OUT_OF_MEMORY)

    def _stop(self, worker: _Worker, reason: str) -> Iterator[Event]:
        """End a worker whose job has had its time; what it has finished stays."""
        load, worker.load = worker.load, None
        assert load is not None
        self._end(worker)
        told = reason + worker.process.last_words()
        if load.cut is not None:
            yield load.lost_cut(CellStatus.TIMEOUT, told)
            yield TaskDone(load.task.key, CellStatus.TIMEOUT, f"not begun: its job was {reason}")
        else:
            yield load.lost_build(CellStatus.TIMEOUT, told)

    def _died(self, worker: _Worker) -> Iterator[Event]:
        load, worker.load, process = worker.load, None, worker.process
        assert load is not None
        reason = f"the worker {process.cause_of_death()}{process.last_words()}"
        if process.was_killed() and self._memory_ran_out():
            reason = f"the kernel killed the worker, since memory ran out{process.last_words()}"
            yield from self._book(load, reason, CellStatus.OUT_OF_MEMORY)
        elif process.killed_from_outside() or not load.taken:
            yield from self._again_or(load, reason)
        else:
            yield from self._book(load, reason)

    def _memory_ran_out(self) -> bool:
        """Return whether the kernel has killed a process for want of memory that is not accounted for yet."""
        rose = kills_for_memory() > self._known_kills
        self._known_kills += rose
        return rose

    def _lost(self, worker: _Worker, what: str) -> Iterator[Event]:
        """End a worker that cannot be understood; a job that it had not taken yet is not to blame."""
        load, worker.load = worker.load, None
        assert load is not None
        self._end(worker)
        if load.taken:
            yield from self._book(load, f"the plug-in {what}{worker.process.last_words()}")
        else:
            yield from self._again_or(load, f"an earlier plug-in {what}")

    def _again_or(self, load: Load, reason: str) -> Iterator[Event]:
        """Try a task again whose worker was lost for a cause outside the plug-in, but not for ever."""
        rest = load.rest()
        if load.retries < _MOST_RETRIES and rest:
            self._queue.put_back(Load(replace(load.task, cuts=rest), load.retries + 1))
        else:
            yield from self._book(load, f"{reason}; tried {load.retries + 1} times")

    def _book(self, load: Load, reason: str, status: CellStatus = CellStatus.FAILED) -> Iterator[Event]:
        """Book the loss of a worker on the cut it was busy with, and have the other cuts run again."""
        if load.cut is None:
            yield load.lost_build(status, reason)
            return
        yield load.lost_cut(status, reason)
        rest = tuple(cut for cut in load.rest() if cut != load.cut)
        if rest:
            self._queue.put_back(Load(replace(load.task, cuts=rest), load.retries))
        else:
            yield TaskDone(load.task.key, status, reason)

    def _end(self, *workers: _Worker) -> None:
        """End workers, all at once; their loads stay with them, for the books."""
        for worker in workers:
            worker.process.end()
        for worker in workers:
            worker.process.wait()
            if worker in self._workers:
                self._workers.remove(worker)
