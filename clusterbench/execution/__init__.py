"""Execution: fit jobs become labelings, in this process, in worker processes, or on a Dask cluster.

Threat model: plug-ins are careless, not hostile, and run with the user's rights. A plug-in may raise anything, exit,
crash, hang (also in C), fork and leave processes behind, take all memory, close files, write to its input, print
without end, draw from the global generators, and leave its process changed (working directory, environment, signals,
threads, patched libraries). Each of these costs its own cells only and has a reason there; labels of other cells stay
equal bit for bit, and the end of a run, also by ``kill -9``, leaves no process and no temporary folder. A plug-in that
forges messages, attacks the processes above it or writes to files of others is not defended against: it could do so
without clusterbench.
"""

import importlib.util
from collections.abc import Generator, Sequence

from clusterbench.errors import RequestError
from clusterbench.execution.events import DEFAULT_SECONDS, CutStarted, Event, Limits, Started, Task
from clusterbench.execution.performing import perform
from clusterbench.execution.temporary_folders import scratch_folder
from clusterbench.execution.worker_pool import Pool
from clusterbench.statuses import CellStatus
from clusterbench.task_outcomes import CutDone, TaskDone

__all__ = [
    "DEFAULT_SECONDS",
    "CellStatus",
    "CutDone",
    "CutStarted",
    "Event",
    "Limits",
    "Pool",
    "Started",
    "Task",
    "TaskDone",
    "execute",
    "perform",
    "scratch_folder",
]


def execute(
    tasks: Sequence[Task], *, workers: int, threads: int = 1, limits: Limits | None = None, scheduler: str | None = None
) -> Generator[Event, None, None]:
    """Execute `tasks` and yield their events.

    Close the iterator when it is not exhausted (`contextlib.closing`): its workers end with it.

    Parameters
    ----------
    workers : int
        Number of processes. 0 executes tasks in this process, without isolation and limits, except those that need a
        worker. With a scheduler: the most tasks submitted at one time; 0 is what the cluster can take.
    threads : int
        Threads of each worker. Labels do not depend on `workers`; they may depend on `threads`.
    scheduler : str, optional
        Address of a Dask scheduler, ``tcp://HOST:PORT``.

    Yields
    ------
    Event
        Per task: `Started`, then `CutStarted` and `CutDone` per cut, then one `TaskDone`, always. A task whose worker
        was lost may start more than once; a cut is done at most once. Workers on this machine yield events as they
        happen, a Dask cluster those of a task when it ends.

    Raises
    ------
    RequestError
        If the scheduler cannot be used or is lost. Without a scheduler nothing is raised.
    """
    if scheduler is not None:
        if importlib.util.find_spec("distributed") is None:
            allowed = "pip install 'clusterbench[dask]'"
            raise RequestError("a scheduler needs Dask, which is not installed", allowed=allowed)
        from clusterbench.execution.dask_cluster import execute_on_dask

        yield from execute_on_dask(tasks, scheduler=scheduler, most=workers, threads=threads, limits=limits or Limits())
        return
    outside = [task for task in tasks if workers > 0 or task.needs_worker]
    for task in tasks:
        if workers == 0 and not task.needs_worker:
            yield from perform(task, threads=threads)
    if outside:
        with Pool(max(workers, 1), threads=threads, limits=limits) as pool:
            yield from pool.run(outside)
