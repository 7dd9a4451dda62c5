"""What stands on a Dask worker during a run: a station with pools of worker processes of our own.

A job is not run in the Dask worker itself but in a process beneath it, by the same `Pool` as on one machine: isolation,
limits, threads and labels are therefore the same, and a plug-in cannot take the Dask worker down by accident.
"""

from __future__ import annotations

import hashlib
import pickle
import shutil
import tempfile
import threading
import time
import uuid
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from distributed import Worker, WorkerPlugin, get_worker
from numpy.typing import NDArray
from tornado.ioloop import PeriodicCallback

from clusterbench.errors import RequestError
from clusterbench.execution.dask_checks import (
    Needs,
    differences,
    digest_of,
    digest_of_file,
    mismatch,
    shipped_path,
    surroundings,
)
from clusterbench.execution.events import Event, Task
from clusterbench.execution.worker_pool import Limits, Pool

TOPIC = "clusterbench"
LARGEST_NEWS = 131_072  # bytes; the scheduler keeps the last news in memory, so what is larger comes with the result
_IDLE_SECONDS = 60.0
_MOST_SPACES = 8


@dataclass(frozen=True, slots=True)
class Equipment:
    """What a station is made of; sent to every worker, also to those that come later.

    Attributes
    ----------
    name : str
        Of the run; news carries it.
    scheduler : str
        Its address, for messages.
    needs : Needs
    expected : mapping of str to str
        What the run's own side has of `needs`.
    threads : int
        Of each job.
    limits : Limits
    """

    name: str
    scheduler: str
    needs: Needs
    expected: Mapping[str, str]
    threads: int
    limits: Limits


class StationPlugin(WorkerPlugin):
    """Sets up the station of a run on a worker, and takes it down when the run or the worker ends."""

    def __init__(self, equipment: Equipment) -> None:
        self._equipment = equipment
        self.station: Station | None = None

    def setup(self, worker: Worker) -> None:
        """Check this worker and prepare it."""
        self.station = Station(self._equipment, worker)

    def teardown(self, worker: Worker) -> None:
        """End what the station has running."""
        if self.station is not None:
            self.station.close()


def perform_job(name: str, task: Task, digest: str, content: NDArray[np.uint8]) -> list[bytes]:
    """Perform one task on the Dask worker that this runs on; it is what Dask schedules.

    Parameters
    ----------
    name : str
        Of the run, whose station is to do it.
    task : Task
        Its places are those of the run's own side.
    digest : str
        SHA-256 of `content`.
    content : ndarray of uint8
        The ``.npy`` file of the space, as it is.

    Returns
    -------
    list of bytes
        Every event, encoded; most of them have gone to the run as news before.
    """
    plugin = get_worker().plugins.get(name)
    if not isinstance(plugin, StationPlugin) or plugin.station is None:
        reason = "its log says why, unless the scheduler was started anew"
        raise RequestError(f"worker {get_worker().address} is not prepared for this run: {reason}")
    try:
        return plugin.station.perform(task, digest, content)
    except GivenUpError:
        return []


class GivenUpError(Exception):
    """Nobody waits for the outcome of this job any more."""


class Station:
    """The pools, plug-ins and spaces of one run on one worker."""

    def __init__(self, equipment: Equipment, worker: Worker) -> None:
        self._equipment, self._worker = equipment, worker
        found = differences(equipment.expected, surroundings(equipment.needs))
        self._refusal = mismatch(equipment.scheduler, {f"worker {worker.address}": found}) if found else None
        self._folder = Path(tempfile.mkdtemp(prefix="clusterbench-", dir=worker.local_directory))
        self._plugins = dict(self._place_plugins())
        self._slots = threading.BoundedSemaphore(slots(worker.state.nthreads, equipment.threads))
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._pools: list[_WatchedPool] = []
        self._spaces: dict[str, Path] = {}
        self._used: Counter[str] = Counter()
        self._last = time.monotonic()
        self._rest = PeriodicCallback(self._rest_when_idle, _IDLE_SECONDS * 250)
        self._rest.start()

    def perform(self, task: Task, digest: str, content: NDArray[np.uint8]) -> list[bytes]:
        """Perform a task in a worker process of this station; send its events as news and return them."""
        if self._refusal is not None:
            raise self._refusal
        given_up = self._abandonment()
        while not self._slots.acquire(timeout=0.5):
            if given_up():
                raise GivenUpError
        try:
            with self._space(digest, content) as path:
                here = replace(task, plugin=self._plugins.get(task.plugin, task.plugin), space_path=str(path))
                with self._pool(here, given_up) as pool:
                    return list(self._told(task.key, pool.run([here])))
        finally:
            self._slots.release()

    def close(self) -> None:
        """End idle pools now, busy ones within a second, and leave nothing behind."""
        self._closed.set()
        self._rest.stop()
        self._end_pools()
        shutil.rmtree(self._folder, ignore_errors=True)

    # --- telling ---------------------------------------------------------------------------------

    def _told(self, key: str, events: Iterator[Event]) -> Iterator[bytes]:
        attempt = uuid.uuid4().hex
        for number, event in enumerate(events):
            blob = encode_event(event)
            news = {"run": self._equipment.name, "key": key, "attempt": attempt, "number": number}
            if len(blob) <= LARGEST_NEWS:
                self._worker.log_event(TOPIC, {**news, "event": blob})
            yield blob

    def _abandonment(self) -> Callable[[], bool]:
        """Return the question whether the job that this thread runs is still wanted."""
        key, tasks = self._worker.get_current_task(), self._worker.state.tasks

        def given_up() -> bool:
            state = tasks.get(key)
            return self._closed.is_set() or state is None or state.state == "cancelled"

        return given_up

    # --- pools -----------------------------------------------------------------------------------

    @contextmanager
    def _pool(self, task: Task, given_up: Callable[[], bool]) -> Iterator[Pool]:
        """Lend a pool of one worker process, that of the task's plug-in if it is idle; used ones stay warm."""
        with self._lock:
            if self._pools:  # without one of the same plug-in, the one that was idle for longest starts anew
                pool = next((pool for pool in self._pools if pool.serves(task)), self._pools[0])
                self._pools.remove(pool)
            else:
                pool = _WatchedPool(self._equipment.threads, self._equipment.limits)
        pool.given_up = given_up
        try:
            yield pool
        except BaseException:
            pool.__exit__()
            raise
        with self._lock:
            self._last = time.monotonic()
            self._pools.append(pool)
        if self._closed.is_set():
            self._end_pools()

    def _end_pools(self) -> None:
        with self._lock:
            idle, self._pools = self._pools, []
        for pool in idle:
            pool.__exit__()

    def _rest_when_idle(self) -> None:
        """Give processes and disk back when no job has come for a while: the run may have been killed."""
        if time.monotonic() - self._last > _IDLE_SECONDS:
            self._end_pools()
            with self._lock:
                self._forget_spaces(keep=0)

    # --- files -----------------------------------------------------------------------------------

    def _place_plugins(self) -> Iterator[tuple[str, str]]:
        """Give the place here of every plug-in, by its place on the run's own side."""
        needs = self._equipment.needs
        yield from ((where, str(shipped_path(where))) for where in needs.shipped)
        for where, source in needs.sources.items():
            path = Path(where)
            if digest_of_file(path) != digest_of(source):
                path = self._folder / digest_of(source) / path.name
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(source)
            yield where, str(path)

    @contextmanager
    def _space(self, digest: str, content: NDArray[np.uint8]) -> Iterator[Path]:
        """Write a space once, and hold its file while a job maps it."""
        with self._lock:
            path = self._spaces.pop(digest, None) or self._write(digest, content)
            self._spaces[digest] = path  # the latest last
            self._used[digest] += 1
            self._forget_spaces(keep=_MOST_SPACES)
        try:
            yield path
        finally:
            with self._lock:
                self._used[digest] -= 1

    def _write(self, digest: str, content: NDArray[np.uint8]) -> Path:
        if hashlib.sha256(content.data).hexdigest() != digest:
            raise OSError(f"a space arrived damaged at worker {self._worker.address}")
        path = self._folder / f"{digest}.npy"
        content.tofile(path)
        path.chmod(0o400)
        return path

    def _forget_spaces(self, *, keep: int) -> None:
        idle = [digest for digest in self._spaces if not self._used[digest]]
        for digest in idle[: max(0, len(self._spaces) - keep)]:
            self._spaces.pop(digest).unlink(missing_ok=True)


class _WatchedPool(Pool):
    """A pool of one that looks up, while it waits for its worker, whether the job is still wanted."""

    def __init__(self, threads: int, limits: Limits) -> None:
        super().__init__(1, threads=threads, limits=limits)
        self.given_up: Callable[[], bool] = lambda: False

    def _patience(self, busy: Sequence[Any]) -> float:
        if self.given_up():
            raise GivenUpError
        return super()._patience(busy)


def slots(nthreads: int, threads: int) -> int:
    """Return how many jobs of `threads` threads a worker with `nthreads` takes at one time."""
    return max(1, nthreads // threads)


def encode_event(event: Event) -> bytes:
    """Return an event as few bytes: labels are mostly zeros."""
    return zlib.compress(pickle.dumps(event, protocol=pickle.HIGHEST_PROTOCOL), level=1)


def decode_event(blob: bytes) -> Event:
    """Return the event that `encode_event` was given."""
    event: Event = pickle.loads(zlib.decompress(blob))
    return event
