"""Tasks under way on a Dask cluster: submitted, heard of, tried again when a worker is lost, and ended."""

from __future__ import annotations

import queue
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from distributed import Client, Future, KilledWorker

from clusterbench.errors import RequestError
from clusterbench.execution.dask_spaces import ScatteredSpaces
from clusterbench.execution.dask_worker import TOPIC, decode_event, perform_job, slots
from clusterbench.execution.events import CutDone, CutStarted, Event, Started, Task, TaskDone
from clusterbench.execution.performing import describe_error
from clusterbench.execution.task_queue import by_plugin
from clusterbench.statuses import CellStatus

LONELY_SECONDS = 300.0  # to wait for a worker when all have gone
_TICK = 0.25  # seconds between looks at the state of what flies
_LOOK_SECONDS = 2.0  # between questions who is there
_GATHER_SECONDS = 60.0
_MOST_LOSSES = 3
_MOST_SUSPICIONS = 2
_MOST_TAKE_OFFS = 25
_RESUME = "finished cells are in the store, the same command goes on from there"


@dataclass(eq=False, slots=True)
class _Flight:
    """A task, and what has been heard of it."""

    task: Task
    future: Future[list[bytes]] | None = None
    take_offs: int = 0
    starts: int = 0
    losses: int = 0
    suspicions: int = 0
    heard: dict[str, int] = field(default_factory=dict)
    begun: bool = False
    cut: str | None = None
    cut_since: float = 0.0
    finished: dict[str, CutDone] = field(default_factory=dict)

    def rest(self) -> tuple[str, ...]:
        return tuple(cut for cut in self.task.cuts if cut not in self.finished)


class Flights:
    """The tasks of one run on its cluster; a context manager, whose end takes off the cluster what still flies.

    Workers tell every event when it happens (news). A result is fetched only where news is missing, so that nothing is
    lost when news is, and nothing is sent twice when it is not.

    Parameters
    ----------
    client : Client
    address : str
        Of the scheduler, for messages.
    name : str
        Of the run, whose stations are on the workers.
    most : int
        Tasks submitted at one time; 0 is what the workers can take, and one for each to go on with.
    threads : int
        Threads of each task.
    """

    def __init__(self, client: Client, address: str, name: str, *, most: int, threads: int) -> None:
        self._client, self._address, self._name = client, address, name
        self._most, self._threads = most, threads
        self._waiting: deque[_Flight] = deque()
        self._flying: dict[str, _Flight] = {}
        self._inbox: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._spaces = ScatteredSpaces(client, name)
        self._width = 0
        self._looked = self._counted = 0.0
        self._company = time.monotonic()

    def __enter__(self) -> Flights:
        self._client.subscribe_topic(TOPIC, self._hear)
        return self

    def __exit__(self, *exc: object) -> None:
        flying = [flight.future for flight in self._flying.values() if flight.future is not None]
        self._flying.clear()
        if self._client.status == "running":
            with suppress(OSError):
                self._client.cancel(flying)
                self._client.unsubscribe_topic(TOPIC)
        self._spaces.clear()

    def run(self, tasks: Sequence[Task]) -> Iterator[Event]:
        """Perform `tasks`; give events as they are heard of, each cut done once, each task ended once."""
        self._waiting.extend(map(_Flight, by_plugin(tasks)))  # as in the pool: few processes are started
        self._spaces.expect(tasks)
        while self._waiting or self._flying:
            self._count_workers()
            self._submit()
            yield from self._news(_TICK)
            yield from self._look()

    # --- taking off ------------------------------------------------------------------------------

    def _count_workers(self) -> None:
        """Learn how much the cluster can take; RequestError when nobody has been there for long."""
        now = time.monotonic()
        if now - self._counted < _LOOK_SECONDS or self._client.status != "running":
            return
        self._counted = now
        workers: dict[str, int] = {}
        with suppress(OSError):
            workers = self._client.nthreads()
        room = sum(slots(nthreads, self._threads) + 1 for nthreads in workers.values())
        self._width = min(self._most, room) if self._most else room
        if workers:
            self._company = now
        elif now - self._company > LONELY_SECONDS:
            raise RequestError(
                f"no worker has been there for {LONELY_SECONDS:g} s; {_RESUME}", where=f"scheduler {self._address}"
            )

    def _submit(self) -> None:
        while self._waiting and len(self._flying) < self._width and self._client.status == "running":
            flight = self._waiting[0]
            try:
                space = self._spaces.get(flight.task.space_path)
            except OSError:  # no worker to take it just now
                return
            self._waiting.popleft()
            flight.take_offs, flight.starts = flight.take_offs + 1, 0
            task = flight.task if not flight.finished else replace(flight.task, cuts=flight.rest())
            flight.future = self._client.submit(
                perform_job,
                self._name,
                task,
                space.digest,
                space.future,
                key=f"{self._name}-{flight.task.key}-{flight.take_offs}",
                pure=False,
            )
            self._flying[flight.task.key] = flight

    # --- hearing ---------------------------------------------------------------------------------

    def _hear(self, event: tuple[float, Any]) -> None:
        """Take news; called by Dask, in its own thread."""
        _, message = event
        if isinstance(message, dict) and message.get("run") == self._name:
            self._inbox.put(message)

    def _news(self, patience: float) -> Iterator[Event]:
        """Give what is new, waiting for it at most `patience` seconds."""
        with suppress(queue.Empty):
            message = self._inbox.get(timeout=patience) if patience else self._inbox.get_nowait()
            while True:
                flight = self._flying.get(message["key"])
                if flight is not None:
                    yield from self._understand(flight, message)
                message = self._inbox.get_nowait()

    def _understand(self, flight: _Flight, message: dict[str, Any]) -> Iterator[Event]:
        attempt, event = message["attempt"], decode_event(message["event"])
        heard = flight.heard.get(attempt, 0)
        flight.heard[attempt] = heard + 1
        if not isinstance(event, TaskDone) or heard == message["number"]:  # else something is missing: see the result
            yield from self._book(flight, event)

    def _book(self, flight: _Flight, event: Event) -> Iterator[Event]:
        """Give an event on, unless an earlier attempt has given the same."""
        if isinstance(event, Started):
            flight.begun, flight.starts, flight.cut = True, flight.starts + 1, None
        elif isinstance(event, TaskDone):
            self._land(flight)
        elif event.cut in flight.finished:
            return
        elif isinstance(event, CutStarted):
            flight.cut, flight.cut_since = event.cut, time.monotonic()
        else:
            flight.finished[event.cut] = event
            flight.cut = None
        yield event

    def _land(self, flight: _Flight) -> None:
        flight.future = None  # which has Dask forget the result
        self._flying.pop(flight.task.key, None)
        self._spaces.done(flight.task.space_path)

    # --- looking ---------------------------------------------------------------------------------

    def _look(self) -> Iterator[Event]:
        """Find what has ended without news of it."""
        now = time.monotonic()
        if now - self._looked < _TICK:
            return
        self._looked = now
        if self._client.status == "closed":
            raise RequestError(f"the scheduler is gone; {_RESUME}", where=f"scheduler {self._address}")
        if self._client.status != "running":  # it tries to connect again
            return
        ended = [(flight, flight.future, flight.future.status) for flight in self._flying.values() if flight.future]
        yield from self._news(0.0)  # all that was told before these states were reached is here by now
        for flight, future, status in ended:
            if flight.future is not future or status == "pending":
                continue
            if status == "finished":
                yield from self._fetch(flight, future)
            elif status == "error":
                yield from self._failed(flight, future.exception())
            else:
                yield from self._again_or(flight)

    def _fetch(self, flight: _Flight, future: Future[list[bytes]]) -> Iterator[Event]:
        """Give the events of a result that were no news."""
        try:
            blobs = future.result(timeout=_GATHER_SECONDS)
        except (OSError, CancelledError):
            blobs = []  # its worker is gone
        for event in map(decode_event, blobs):
            if not isinstance(event, Started | CutStarted):
                yield from self._book(flight, event)
        if flight.future is future:
            yield from self._again_or(flight)

    def _failed(self, flight: _Flight, error: BaseException | None) -> Iterator[Event]:
        if isinstance(error, RequestError):  # of a worker that came later and does not fit
            raise RequestError(f"{error}; {_RESUME}") from error
        if isinstance(error, KilledWorker):
            deaths = error.allowed_failures + 1
            if flight.starts < max(1, deaths - 1) and flight.suspicions < _MOST_SUSPICIONS:
                # Dask counts those too that only waited where the worker died; one start may have gone unheard.
                flight.suspicions, flight.begun = flight.suspicions + 1, False
                yield from self._again_or(flight)
            else:
                yield from self._killed(flight, deaths)
            return
        reason = "no exception" if error is None else describe_error(error)
        self._land(flight)
        yield TaskDone(flight.task.key, CellStatus.FAILED, f"the Dask worker could not run it: {reason}")

    def _again_or(self, flight: _Flight) -> Iterator[Event]:
        """Try a task again that was lost with the only worker that held its space, but not for ever."""
        flight.losses += flight.begun
        if not flight.rest():
            last = flight.finished[flight.task.cuts[-1]]
            self._land(flight)
            yield TaskDone(flight.task.key, CellStatus.OK, "", last.build_seconds, last.peak_mb)
        elif flight.losses > _MOST_LOSSES or flight.take_offs >= _MOST_TAKE_OFFS:
            yield from self._killed(flight, flight.losses)
        else:
            flight.future, flight.begun = None, False
            self._waiting.appendleft(self._flying.pop(flight.task.key))

    def _killed(self, flight: _Flight, times: int) -> Iterator[Event]:
        """Book the loss of one Dask worker after the other on the task that each of them was busy with."""
        key, reason = flight.task.key, f"KilledWorker: {times} Dask workers died while they ran this job"
        self._land(flight)
        if flight.cut is not None:
            seconds = time.monotonic() - flight.cut_since
            yield CutDone(key, flight.cut, CellStatus.FAILED, reason, seconds=seconds)
            reason = f"not begun: {reason}"
        yield TaskDone(key, CellStatus.FAILED, reason)
