"""On a Dask worker: tasks are executed in worker processes beneath it, by the same `Pool` as on one machine.

Isolation, limits, threads and labels are therefore the same, and no plug-in runs in the Dask worker itself.
"""

import hashlib
import importlib.util
import queue
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
from clusterbench.plugins import ENTRY_POINT, shipped_place

IDLE_SECONDS = 60.0  # until an executor without a job ends: its run may have been killed
_ENGINE = ("*.py", "plugins/*.py", "execution/*.py")
_NONE = "none"
_ENDED = (Status.closing, Status.closed, Status.failed)


@dataclass(frozen=True, slots=True)
class RunSetup:
    """What the jobs of a run have in common."""

    name: str  # unique
    scheduler: str  # its address, for messages
    packages: tuple[str, ...]
    plugins: tuple[str, ...]  # those that are no files of the workspace: every worker must have them itself
    expected: Mapping[str, str]  # what `versions` gives for them on the side of the run
    threads: int
    limits: Limits


def versions(packages: Iterable[str], plugins: Iterable[str]) -> dict[str, str]:
    """Return what labels depend on, as it is in this process: versions, or the start of the SHA-256 of files."""
    return {
        "Python": ".".join(map(str, sys.version_info[:2])),
        "clusterbench": __version__,
        "the engine's sources": _engine_digest(),
        **{name: package_version(name) or _NONE for name in packages},
        **{f"plug-in {Path(where).name}": file_digest(_plugin_file(where)) for where in plugins},
    }


def execute_task(
    setup: RunSetup, task: Task, source: bytes | None, space: NDArray[np.uint8] | None
) -> list[Event] | RequestError:
    """Execute one task on the Dask worker that this runs on; it is what Dask schedules.

    The task has the paths of the run's side, so the content of its files comes with it: `source` of a plug-in of the
    workspace, and `space`, which is None where every worker sees its file. Returns no event where nothing waits for
    them any more, and an error where this worker must not be used.
    """
    worker: Worker = get_worker()
    with _LOCK:
        executor = _EXECUTORS.get((setup.name, worker.address))
        if executor is None:
            executor = _EXECUTORS[setup.name, worker.address] = _JobExecutor(setup, worker)
    return executor.execute(task, source, space)


def has_file(path: str, size: int) -> bool:
    """Return whether this machine has a file of this size there: its name is random, so it is the same."""
    with suppress(OSError):
        return Path(path).stat().st_size == size
    return False


def close_executors(name: str) -> None:
    """End what a run has on the Dask workers of this process."""
    with _LOCK:
        closed = [_EXECUTORS.pop(key) for key in list(_EXECUTORS) if key[0] == name]
    for executor in closed:
        executor.close()


class _JobExecutor:
    """The worker processes and files of one run on one Dask worker."""

    def __init__(self, setup: RunSetup, worker: Worker) -> None:
        self._setup, self._worker = setup, worker
        differing = differences(setup.expected, versions(setup.packages, setup.plugins))
        self._refusal = mismatch(setup.scheduler, {f"worker {worker.address}": differing}) if differing else None
        self._folder = Path(tempfile.mkdtemp(prefix="clusterbench-", dir=worker.local_directory))
        self._size = slots(worker.state.nthreads, setup.threads)
        self._idle: queue.LifoQueue[Pool] = queue.LifoQueue()
        for _ in range(self._size):
            self._idle.put(Pool(1, threads=setup.threads, limits=setup.limits))
        self._lock, self._is_closed = threading.Lock(), False
        self._restart_timer()

    def execute(self, task: Task, source: bytes | None, space: NDArray[np.uint8] | None) -> list[Event] | RequestError:
        if self._refusal is not None:
            return self._refusal
        is_wanted = self._wanted_by(self._worker.get_current_task())
        while True:
            with suppress(queue.Empty):
                pool = self._idle.get(timeout=0.5)
                break
            if not is_wanted():
                return []
        try:
            with self._lock:
                plugin = self._plugin_path(task.plugin, source)
                path = Path(task.space_path)
                if space is not None:
                    path = self._file(path.stem, "space.npy", space.data)
            return list(pool.run([replace(task, plugin=plugin, space_path=str(path))], is_wanted=is_wanted))
        finally:
            if not is_wanted():  # the run may be gone: nothing of it stays
                pool.end()
            self._idle.put(pool)
            self._timer.cancel()
            if self._is_closed:
                self.close()
            else:
                self._restart_timer()

    def close(self) -> None:
        """End idle worker processes now, busy ones within a second, and remove the files."""
        self._is_closed = True
        self._timer.cancel()
        with suppress(queue.Empty):
            while True:
                self._idle.get_nowait().__exit__()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _restart_timer(self) -> None:
        self._timer = threading.Timer(IDLE_SECONDS, self._close_if_idle)
        self._timer.daemon = True
        self._timer.start()

    def _close_if_idle(self) -> None:
        if self._idle.qsize() == self._size:
            close_executors(self._setup.name)

    def _wanted_by(self, key: Any) -> Callable[[], bool]:
        """Return the question whether the Dask task `key` is still wanted."""
        tasks = self._worker.state.tasks

        def is_wanted() -> bool:
            is_ended = self._is_closed or self._worker.status in _ENDED
            return not is_ended and key in tasks and tasks[key].state != "cancelled"

        return is_wanted

    def _plugin_path(self, where: str, source: bytes | None) -> str:
        """Return the place of a plug-in on this machine: the same file where it is there, for what lies beside it."""
        if source is None:
            return where if where.startswith(ENTRY_POINT) else str(shipped_place() / Path(where).name)
        digest = hashlib.sha256(source).hexdigest()
        is_same = file_digest(Path(where)) == digest[:16]
        return where if is_same else str(self._file(digest, Path(where).name, source))

    def _file(self, folder: str, name: str, content: bytes | memoryview) -> Path:
        """Return a file of this run, written where it does not exist yet."""
        path = self._folder / folder / name
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return path


_LOCK = threading.Lock()
_EXECUTORS: dict[tuple[str, str], _JobExecutor] = {}


def slots(nthreads: int, threads: int) -> int:
    """Return how many jobs of `threads` threads a worker with `nthreads` executes at one time."""
    return max(1, nthreads // threads)


def differences(expected: Mapping[str, str], reported: Mapping[str, str]) -> list[str]:
    """Return what differs between the run's side and another."""
    there = {name: reported.get(name, _NONE) for name in expected}
    return [f"{name} {there[name]} (here {here})" for name, here in expected.items() if there[name] != here]


def mismatch(scheduler: str, differing: Mapping[str, Iterable[str]]) -> RequestError:
    """Return the error for members of a cluster, by name, that do not have what the run's side has."""
    return RequestError(
        "; ".join(f"{member} has {', '.join(parts)}" for member, parts in differing.items()),
        where=f"scheduler {scheduler}",
        allowed="the same versions and plug-ins here, on the scheduler and on every worker",
    )


def file_digest(path: Path | None) -> str:
    """Return the start of a file's SHA-256, "none" where it cannot be read."""
    with suppress(OSError):
        return _NONE if path is None else hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    return _NONE


def _engine_digest() -> str:
    """Return the digest of the code that makes labels: one version number may stand for many checkouts."""
    package = Path(__file__).resolve().parents[1]
    files = sorted(path for pattern in _ENGINE for path in package.glob(pattern))
    return hashlib.sha256(b"".join(path.name.encode() + path.read_bytes() for path in files)).hexdigest()[:16]


def _plugin_file(where: str) -> Path | None:
    """Return the file of a plug-in that is no file of the workspace, in this installation."""
    if not where.startswith(ENTRY_POINT):
        return shipped_place() / Path(where).name
    with suppress(ImportError, ValueError):
        spec = importlib.util.find_spec(where.removeprefix(ENTRY_POINT).partition(":")[0])
        return None if spec is None or spec.origin is None else Path(spec.origin)
    return None
