"""Tasks on the workers of a Dask cluster: the same events, limits and labels as from a pool on this machine."""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import re
import threading
import uuid
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from clusterbench.errors import RequestError, did_you_mean
from clusterbench.execution.dask_checks import Needs, differences, mismatch, needs_of, surroundings
from clusterbench.execution.dask_local import LocalCluster
from clusterbench.execution.events import Event, Task
from clusterbench.execution.performing import describe_error, one_line
from clusterbench.execution.worker_pool import Limits

if TYPE_CHECKING:
    from distributed import Client

LOCAL = "local"
CONNECT_SECONDS = 5.0
WORKER_SECONDS = 30.0  # to wait for the first worker
_OF_THE_SCHEDULER = ("Python", "clusterbench", "the engine's sources")  # it computes nothing, but it reads messages


def execute_on_dask(
    tasks: Sequence[Task],
    *,
    scheduler: str | LocalCluster,
    workers: int = 0,
    threads: int = 1,
    limits: Limits | None = None,
) -> Generator[Event, None, None]:
    """Perform `tasks` on a Dask cluster and give their events as they happen.

    Parameters
    ----------
    tasks : sequence of Task
    scheduler : str or LocalCluster
        ``tcp://HOST:PORT`` of a running cluster, or ``local``.
    workers : int
        Of a local cluster: its workers. Else: most jobs submitted at one time, 0 for what the cluster can take.
    threads : int
        Threads of each job.
    limits : Limits, optional

    Raises
    ------
    RequestError
        When Dask is not installed, the scheduler cannot be reached or is lost, there is no worker, or one of them
        has other versions or plug-ins than this side.
    """
    if not tasks:
        return
    if importlib.util.find_spec("distributed") is None:
        raise RequestError("a scheduler needs Dask, which is not installed", allowed="pip install 'clusterbench[dask]'")
    from clusterbench.execution.dask_flights import Flights

    with ExitStack() as stack:
        if scheduler == LOCAL:
            scheduler = stack.enter_context(LocalCluster(workers))
        if isinstance(scheduler, LocalCluster):
            address, most = scheduler.address, 0
        else:
            address, most = scheduler, workers
        client = stack.enter_context(connected(address))
        name = stack.enter_context(_prepared(client, address, tasks, threads, limits or Limits()))
        flights = stack.enter_context(Flights(client, address, name, most=most, threads=threads))
        yield from flights.run(tasks)


@contextmanager
def connected(address: str) -> Iterator[Client]:
    """Give a connection to the scheduler at `address`; Dask's own log is held back meanwhile."""
    import dask.config
    from distributed import Client
    from distributed.utils import silence_logging_cmgr

    if "://" not in address and not re.fullmatch(r"\S+:\d{1,5}", address):
        raise RequestError(
            f"unknown scheduler {address!r}{did_you_mean(address, [LOCAL])}", allowed=f"{LOCAL}, or tcp://HOST:8786"
        )
    patience = {"distributed.comm.timeouts.connect": f"{CONNECT_SECONDS}s"}
    with silence_logging_cmgr(logging.CRITICAL + 1), dask.config.set(patience):
        try:
            _in_a_thread(address)
            client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False, name="clusterbench")
        except (OSError, ValueError, ImportError, MemoryError) as error:  # nobody, no address, or no scheduler
            raise RequestError(
                f"the scheduler cannot be reached: {one_line(str(error) or 'nothing there answers like one', 300)}",
                where=f"scheduler {address}",
                allowed=f"{LOCAL}, or the address that the scheduler prints when it starts",
            ) from error
        try:
            yield client
        finally:
            client.close()


def _in_a_thread(address: str) -> None:
    """Try to reach a scheduler, in another thread: this one may have an event loop of its own, as in a notebook.

    Nothing waits for that thread's end, so that Ctrl-C ends the run at once, whatever it is waiting for.
    """
    outcome: Future[None] = Future()

    def reach() -> None:
        try:
            outcome.set_result(asyncio.run(_reach(address)))
        except BaseException as error:  # noqa: BLE001 - it is raised where the outcome is waited for
            outcome.set_exception(error)

    threading.Thread(target=reach, daemon=True).start()
    outcome.result()


async def _reach(address: str) -> None:
    """Shake hands with a scheduler, in limited time: a `Client` waits for ever where somebody else listens."""
    from distributed.comm.core import connect
    from distributed.security import Security

    options = Security().get_connection_args("client")
    comm = await asyncio.wait_for(connect(address, timeout=CONNECT_SECONDS, **options), CONNECT_SECONDS + 1.0)
    comm.abort()


@contextmanager
def _prepared(client: Client, address: str, tasks: Sequence[Task], threads: int, limits: Limits) -> Iterator[str]:
    """Check every worker and set up a station on each, also on those to come; give the name of the run."""
    from clusterbench.execution.dask_worker import Equipment, StationPlugin

    name = f"clusterbench-{uuid.uuid4().hex[:12]}"
    try:
        client.wait_for_workers(1, timeout=WORKER_SECONDS)
        needs = needs_of(task.plugin for task in tasks)
        expected = surroundings(needs)
        _check(client, address, replace(needs, sources={}), expected)
        equipment = Equipment(name, address, needs, expected, threads, limits)
        client.register_plugin(StationPlugin(equipment), name=name)
    except TimeoutError as error:
        raise RequestError(
            f"no worker came within {WORKER_SECONDS:g} s",
            where=f"scheduler {address}",
            allowed="a cluster with at least one worker: dask worker ADDRESS",
        ) from error
    except OSError as error:
        raise RequestError(
            f"the workers cannot be prepared: {describe_error(error)}", where=f"scheduler {address}"
        ) from error
    try:
        yield name
    finally:
        if client.status == "running":
            with suppress(OSError):
                client.unregister_worker_plugin(name)


def _check(client: Client, address: str, needs: Needs, expected: Mapping[str, str]) -> None:
    """Refuse by name each member of the cluster that does not have what this side has."""
    members: dict[str, Any] = client.run(surroundings, needs, on_error="return")
    found = {f"worker {worker}": _told(expected, facts, tuple(expected)) for worker, facts in members.items()}
    try:
        facts: Any = client.run_on_scheduler(surroundings, needs)
    except (ImportError, AttributeError, TypeError) as error:  # it has no clusterbench, or another one
        facts = error
    found["the scheduler"] = _told(expected, facts, _OF_THE_SCHEDULER)
    wrong = {member: differing for member, differing in found.items() if differing}
    if wrong:
        raise mismatch(address, wrong)


def _told(expected: Mapping[str, str], facts: Any, names: Sequence[str]) -> list[str]:
    if isinstance(facts, Exception):
        return [f"no clusterbench {expected['clusterbench']} that answers ({describe_error(facts)})"]
    return differences(expected, facts, names=names)
