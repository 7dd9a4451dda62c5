"""Tasks on a Dask cluster, on the side of the run: checked, submitted, collected, tried again."""

import logging
import os
import re
import threading
import time
import uuid
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future as ThreadFuture
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import dask.config
import numpy as np
from distributed import Client, Future, KilledWorker, as_completed
from distributed.utils import silence_logging_cmgr

from clusterbench.errors import RequestError
from clusterbench.execution.attempts import Attempt, Ledger
from clusterbench.execution.dask_worker import (
    RunSetup,
    close_executors,
    differences,
    execute_task,
    has_file,
    mismatch,
    slots,
    versions,
)
from clusterbench.execution.events import Event, Limits, Task
from clusterbench.execution.performing import describe_error, one_line
from clusterbench.plugins import ENTRY_POINT, load_plugin, shipped_place
from clusterbench.statuses import CellStatus
from clusterbench.task_outcomes import TaskDone

CONNECT_SECONDS = 5.0
WORKER_SECONDS = 30.0  # to wait for the first worker
ABSENCE_SECONDS = 300.0  # to wait for a worker when all have gone
CHECK_SECONDS = 2.0  # between checks of which workers there are
_RETRIES = 2  # by Dask, of a job that raises on its worker
_ALWAYS = ("numpy", "scipy", "scikit-learn")
_OF_THE_SCHEDULER = ("Python", "clusterbench", "the engine's sources")  # it computes nothing, but it reads messages
_RESUME = "finished cells are in the store, the same command goes on from there"


def execute_on_dask(
    tasks: Sequence[Task], *, scheduler: str, most: int, threads: int, limits: Limits
) -> Generator[Event, None, None]:
    """Execute `tasks` on a Dask cluster and yield the events of each task when it ends; see `execute`."""
    if not tasks:
        return
    with _connected(scheduler) as client:
        setup, sources = _prepare(client, scheduler, tasks, threads, limits)
        run = _DaskRun(client, setup, sources, tasks, most)
        try:
            yield from run.events()
        finally:
            run.end()


@contextmanager
def _connected(address: str) -> Iterator[Client]:
    """Give a connection to the scheduler at `address`; Dask's own log is silent meanwhile."""
    if "://" not in address and not re.fullmatch(r"\S+:\d{1,5}", address):
        raise RequestError(f"unknown scheduler {address!r}", allowed="tcp://HOST:8786")
    outcome: ThreadFuture[Client] = ThreadFuture()

    def connect() -> None:
        try:
            outcome.set_result(Client(address, timeout=CONNECT_SECONDS, set_as_default=False, name="clusterbench"))
        except BaseException as error:  # noqa: BLE001 - it is raised where the outcome is waited for
            outcome.set_exception(error)

    seconds = {"distributed.comm.timeouts.connect": f"{CONNECT_SECONDS}s"}
    with silence_logging_cmgr(logging.CRITICAL + 1), dask.config.set(seconds):
        try:  # in another thread, since a `Client` waits for ever where another program listens
            threading.Thread(target=connect, daemon=True).start()
            client = outcome.result(CONNECT_SECONDS + 1.0)
        except (OSError, ValueError, ImportError, MemoryError) as error:  # no scheduler, or no address
            raise RequestError(
                f"the scheduler cannot be reached: {one_line(str(error) or 'nothing there answers like one', 300)}",
                where=f"scheduler {address}",
                allowed="the address that the scheduler prints when it starts",
            ) from error
        try:
            yield client
        finally:
            client.close()


def _prepare(
    client: Client, address: str, tasks: Sequence[Task], threads: int, limits: Limits
) -> tuple[RunSetup, dict[str, bytes]]:
    """Check every member of the cluster; return what the jobs have in common, and the plug-ins of the workspace."""
    where = f"scheduler {address}"
    packages, plugins, sources = requirements({task.plugin for task in tasks})
    expected = versions(packages, plugins)
    try:
        client.wait_for_workers(1, timeout=WORKER_SECONDS)
        members: dict[str, Any] = client.run(versions, packages, plugins, on_error="return")
    except TimeoutError as error:
        allowed = "a cluster with at least one worker: dask worker ADDRESS"
        raise RequestError(f"no worker came within {WORKER_SECONDS:g} s", where=where, allowed=allowed) from error
    except OSError as error:
        raise RequestError(f"the workers cannot be checked: {describe_error(error)}", where=where) from error
    differing = {f"worker {name}": _differing(expected, reported) for name, reported in members.items()}
    try:
        reported: Any = client.run_on_scheduler(versions, packages, plugins)
    except (ImportError, AttributeError, TypeError, OSError) as error:  # it has no clusterbench, or another one
        reported = error
    differing["the scheduler"] = _differing({name: expected[name] for name in _OF_THE_SCHEDULER}, reported)
    if any(differing.values()):
        raise mismatch(address, {member: parts for member, parts in differing.items() if parts})
    name = f"clusterbench-{uuid.uuid4().hex[:12]}"
    return RunSetup(name, address, packages, plugins, expected, threads, limits), sources


def _differing(expected: dict[str, str], reported: Any) -> list[str]:
    if isinstance(reported, BaseException):
        return [f"no clusterbench {expected['clusterbench']} that answers ({describe_error(reported)})"]
    return differences(expected, reported)


def requirements(places: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...], dict[str, bytes]]:
    """Return the packages that plug-ins need, those that every worker must have itself, and the content of the others.

    A plug-in that cannot be loaded fails where it is executed.
    """
    packages, plugins, sources = dict.fromkeys(_ALWAYS), list[str](), dict[str, bytes]()
    for where in sorted(places):
        with suppress(RequestError):
            names = load_plugin(where).packages.values()
            packages |= dict.fromkeys(re.split(r"[^A-Za-z0-9_.-]", name, maxsplit=1)[0] for name in names)
        path = Path(where)
        if where.startswith(ENTRY_POINT) or (path.is_file() and path.resolve().parent == shipped_place().resolve()):
            plugins.append(where)
        elif path.is_file():
            sources[where] = path.read_bytes()
    return tuple(packages), tuple(plugins), sources


class _DaskRun:
    """The tasks of one run on its cluster."""

    def __init__(
        self, client: Client, setup: RunSetup, sources: dict[str, bytes], tasks: Sequence[Task], most: int
    ) -> None:
        self._client, self._setup, self._sources, self._most = client, setup, sources, most
        self._ledger = Ledger(tasks)
        self._pending: dict[Future[Any], Attempt] = {}
        self._spaces: dict[str, Future[Any]] = {}
        self._shared: dict[str, bool] = {}  # whether all workers see a file under its path
        self._capacity, self._n_submitted = 0, 0
        self._worker_seen = time.monotonic()

    def events(self) -> Iterator[Event]:
        """Yield the events of every task."""
        while self._ledger or self._pending:
            self._count_slots()
            self._submit()
            if not self._pending:
                time.sleep(0.1)
                continue
            completed = as_completed(
                list(self._pending), self._client.loop, with_results=True, raise_errors=False, timeout=CHECK_SECONDS
            )
            with suppress(StopIteration, TimeoutError):
                while True:
                    future, result = next(completed)
                    yield from self._finish(self._pending.pop(future), future, result)
                    completed.update(self._submit())

    def end(self) -> None:
        """Cancel what is under way, and end what the workers have of this run."""
        if self._client.status == "running":
            with suppress(OSError, TimeoutError):
                self._client.cancel(list(self._pending))
                self._client.run(close_executors, self._setup.name, on_error="ignore")

    def _count_slots(self) -> None:
        """Count what the workers can take."""
        while self._client.status not in ("running", "closed"):  # it connects again
            time.sleep(0.1)
        where = f"scheduler {self._setup.scheduler}"
        if self._client.status == "closed":
            raise RequestError(f"the scheduler is gone; {_RESUME}", where=where)
        workers: dict[str, int] = {}
        with suppress(OSError):
            workers = self._client.nthreads()
        capacity = sum(slots(nthreads, self._setup.threads) + 1 for nthreads in workers.values())
        self._capacity = min(self._most, capacity) if self._most else capacity
        if workers:
            self._worker_seen = time.monotonic()
        elif time.monotonic() - self._worker_seen > ABSENCE_SECONDS:
            raise RequestError(f"no worker has been there for {ABSENCE_SECONDS:g} s; {_RESUME}", where=where)

    def _submit(self) -> list[Future[Any]]:
        """Submit tasks while the workers can take more; return their futures."""
        futures = []
        while self._ledger and len(self._pending) < self._capacity and self._client.status == "running":
            attempt = self._ledger.take_for_new()
            task = attempt.task
            try:
                space = None if self._is_shared(task.space_path) else self._space(task.space_path)
            except (OSError, TimeoutError):  # no worker to take it just now
                self._ledger.put_back(attempt)
                break
            self._n_submitted += 1
            future = self._client.submit(
                execute_task,
                self._setup,
                task,
                self._sources.get(task.plugin),
                space,
                key=f"{self._setup.name}-{self._n_submitted}",
                retries=_RETRIES,
                pure=False,
            )
            self._pending[future] = attempt
            futures.append(future)
        return futures

    def _is_shared(self, path: str) -> bool:
        """Return whether every worker sees the file of a space, so that it need not be sent."""
        if path not in self._shared:
            seen = self._client.run(has_file, path, os.stat(path).st_size, on_error="return")
            self._shared[path] = bool(seen) and all(one is True for one in seen.values())
        return self._shared[path]

    def _space(self, path: str) -> Future[Any]:
        """Return the future of a space, sent to the workers if it is not there or was lost with them."""
        if path not in self._spaces or self._spaces[path].status != "finished":
            content = np.fromfile(path, dtype=np.uint8)
            self._spaces[path] = self._client.scatter(content, hash=False, broadcast=True, timeout=CHECK_SECONDS)
        return self._spaces[path]

    def _finish(self, attempt: Attempt, future: Future[Any], result: Any) -> Iterator[Event]:
        """Yield what follows from the end of a future."""
        if future.status == "error":
            error = result[1]
            if isinstance(error, KilledWorker):
                yield from self._ledger.lost(attempt, "KilledWorker: Dask workers died while they executed this job")
            else:
                reason = f"the Dask worker could not execute it: {describe_error(error)}"
                yield TaskDone(attempt.task.key, CellStatus.FAILED, reason)
        elif isinstance(result, RequestError):  # of a worker that came later and differs
            raise RequestError(f"{result}; {_RESUME}")
        elif isinstance(result, list) and result:
            yield from result
        else:
            self._count_slots()
            yield from self._ledger.lost(attempt, "its Dask worker or the connection was lost")
