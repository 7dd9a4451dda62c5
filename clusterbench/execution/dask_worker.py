"""On a Dask worker: tasks are executed in worker processes beneath it, by the same `Pool` as on one machine.

Isolation, limits, threads and labels are therefore the same, and no plug-in runs in the Dask worker itself.
"""

from __future__ import annotations

import hashlib
import importlib.util
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from distributed import Status, Worker, get_worker
from numpy.typing import NDArray

from clusterbench import __version__
from clusterbench.environment import package_version
from clusterbench.errors import RequestError
from clusterbench.execution.events import Event, Limits, Task
from clusterbench.execution.worker_pool import Pool
from clusterbench.plugins import shipped_place

IDLE_SECONDS = 60.0  # until a station without a job ends: its run may have been killed
ENTRY_POINT = "entry point "
_ENGINE = ("labeling.py", "statuses.py", "plugins/*.py", "execution/*.py")
_NONE = "none"
_ENDED = (Status.closing, Status.closed, Status.failed)


@dataclass(frozen=True, slots=True)
class Requirements:
    """What the labels of a run depend on and every worker must have itself.

    Attributes
    ----------
    packages : tuple of str
        Names of distributions.
    shipped : tuple of str
        File names of plug-ins that come with clusterbench.
    modules : tuple of str
        Modules of plug-ins that are entry points of installed packages.
    """

    packages: tuple[str, ...]
    shipped: tuple[str, ...]
    modules: tuple[str, ...]

    def versions(self) -> dict[str, str]:
        """Return the version, or the start of the SHA-256, of each as it is in this process."""
        modules = {name: _module_file(name) for name in self.modules}
        return {
            "Python": ".".join(map(str, sys.version_info[:2])),
            "clusterbench": __version__,
            "the engine's sources": _engine_digest(),
            **{name: package_version(name) or _NONE for name in self.packages},
            **{f"plug-in {name}": file_digest(shipped_place() / name) for name in self.shipped},
            **{f"plug-in module {name}": file_digest(path) if path else _NONE for name, path in modules.items()},
        }


@dataclass(frozen=True, slots=True)
class RunSetup:
    """What the jobs of a run have in common.

    Attributes
    ----------
    name : str
        Of the run, unique.
    scheduler : str
        Its address, for messages.
    requirements : Requirements
    expected : mapping of str to str
        Their versions on the side of the run.
    threads : int
        Of each job.
    limits : Limits
    """

    name: str
    scheduler: str
    requirements: Requirements
    expected: Mapping[str, str]
    threads: int
    limits: Limits


def execute_task(
    setup: RunSetup, task: Task, source: bytes | None, digest: str, space: NDArray[np.uint8]
) -> list[Event] | RequestError:
    """Execute one task on the Dask worker that this runs on; it is what Dask schedules.

    Parameters
    ----------
    setup : RunSetup
    task : Task
        With the paths of the run's side.
    source : bytes, optional
        Content of the plug-in's file, for one of the workspace.
    digest : str
        SHA-256 of `space`.
    space : ndarray of uint8
        Content of the ``.npy`` file.

    Returns
    -------
    list of Event, or RequestError
        No event where nobody waits for them any more; an error where this worker must not be used.
    """
    worker: Worker = get_worker()
    with _LOCK:
        station = _STATIONS.get((setup.name, worker.address))
        if station is None:
            station = _STATIONS[setup.name, worker.address] = _Station(setup, worker)
    return station.execute(task, source, digest, space)


def close_stations(name: str) -> None:
    """End what a run has on the Dask workers of this process."""
    with _LOCK:
        closed = [_STATIONS.pop(key) for key in list(_STATIONS) if key[0] == name]
    for station in closed:
        station.close()


class _Station:
    """The worker processes and files of one run on one Dask worker."""

    def __init__(self, setup: RunSetup, worker: Worker) -> None:
        self._setup, self._worker = setup, worker
        differing = differences(setup.expected, setup.requirements.versions())
        self._refusal = mismatch(setup.scheduler, {f"worker {worker.address}": differing}) if differing else None
        self._folder = Path(tempfile.mkdtemp(prefix="clusterbench-", dir=worker.local_directory))
        self._slots = threading.BoundedSemaphore(slots(worker.state.nthreads, setup.threads))
        self._lock = threading.Lock()
        self._idle_pools: list[Pool] = []
        self._n_jobs, self._is_closed = 0, False
        self._timer = threading.Timer(IDLE_SECONDS, close_stations, [setup.name])

    def execute(
        self, task: Task, source: bytes | None, digest: str, space: NDArray[np.uint8]
    ) -> list[Event] | RequestError:
        if self._refusal is not None:
            return self._refusal
        is_wanted = self._wanted_by(self._worker.get_current_task())
        self._count_job(1)
        try:
            while not self._slots.acquire(timeout=0.5):
                if not is_wanted():
                    return []
            try:
                with self._lock:
                    plugin = self._plugin_path(task.plugin, source)
                    path = self._file(digest, f"{digest}.npy", space.data)
                local = replace(task, plugin=plugin, space_path=str(path))
                pool = self._take_pool(local)
                try:
                    return list(pool.run([local], is_wanted=is_wanted))
                finally:
                    with self._lock:
                        self._idle_pools.append(pool)
            finally:
                self._slots.release()
        finally:
            self._count_job(-1)

    def close(self) -> None:
        """End idle worker processes now, busy ones within a second, and remove the files."""
        self._is_closed = True
        self._timer.cancel()
        with self._lock:
            pools, self._idle_pools = self._idle_pools, []
        for pool in pools:
            pool.__exit__()
        if self._n_jobs == 0:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _count_job(self, change: int) -> None:
        with self._lock:
            self._timer.cancel()
            self._n_jobs += change
            if self._n_jobs == 0:
                self._timer = threading.Timer(IDLE_SECONDS, close_stations, [self._setup.name])
                self._timer.daemon = True
                self._timer.start()
        if self._n_jobs == 0 and self._is_closed:
            self.close()

    def _wanted_by(self, key: Any) -> Callable[[], bool]:
        """Return the question whether the Dask task `key` is still wanted."""
        tasks = self._worker.state.tasks

        def is_wanted() -> bool:
            state = tasks.get(key)
            is_ended = self._is_closed or self._worker.status in _ENDED
            return not is_ended and state is not None and state.state != "cancelled"

        return is_wanted

    def _take_pool(self, task: Task) -> Pool:
        """Take a pool of one process, if possible one that serves the plug-in of `task` already."""
        with self._lock:
            if not self._idle_pools:
                return Pool(1, threads=self._setup.threads, limits=self._setup.limits)
            pool = next((pool for pool in self._idle_pools if pool.serves(task)), self._idle_pools[0])
            self._idle_pools.remove(pool)
            return pool

    def _plugin_path(self, where: str, source: bytes | None) -> str:
        """Return the place of a plug-in on this machine; what lies beside the same file can be read by it."""
        if source is not None:
            digest = hashlib.sha256(source).hexdigest()
            is_same = file_digest(Path(where)) == digest[:16]
            return where if is_same else str(self._file(digest, Path(where).name, source))
        return where if where.startswith(ENTRY_POINT) else str(shipped_place() / Path(where).name)

    def _file(self, digest: str, name: str, content: bytes | memoryview) -> Path:
        """Return a file of this station, written where it does not exist yet."""
        path = self._folder / digest / name
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return path


_LOCK = threading.Lock()
_STATIONS: dict[tuple[str, str], _Station] = {}


def slots(nthreads: int, threads: int) -> int:
    """Return how many jobs of `threads` threads a worker with `nthreads` executes at one time."""
    return max(1, nthreads // threads)


def differences(expected: Mapping[str, str], versions: Mapping[str, str]) -> list[str]:
    """Return what differs between the run's side and another."""
    return [
        f"{name} {versions.get(name, _NONE)} (here {here})"
        for name, here in expected.items()
        if versions.get(name, _NONE) != here
    ]


def mismatch(scheduler: str, differing: Mapping[str, Iterable[str]]) -> RequestError:
    """Return the error for members of a cluster, by name, that do not have what the run's side has."""
    members = [f"{member} has {', '.join(list(parts)[:6])}" for member, parts in differing.items()]
    more = f"; and {len(members) - 6} more" if len(members) > 6 else ""
    return RequestError(
        f"{'; '.join(members[:6])}{more}",
        where=f"scheduler {scheduler}",
        allowed="the same versions and plug-ins here, on the scheduler and on every worker",
    )


def file_digest(path: Path) -> str:
    """Return the start of a file's SHA-256, "none" where it cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    except OSError:
        return _NONE


def _engine_digest() -> str:
    """Return the digest of the code that makes labels: one version number may stand for many checkouts."""
    package = Path(__file__).resolve().parents[1]
    files = sorted(path for pattern in _ENGINE for path in package.glob(pattern))
    return hashlib.sha256(b"".join(path.name.encode() + path.read_bytes() for path in files)).hexdigest()[:16]


def _module_file(name: str) -> Path | None:
    with suppress(ImportError, ValueError):
        spec = importlib.util.find_spec(name)
        return None if spec is None or spec.origin is None else Path(spec.origin)
    return None
