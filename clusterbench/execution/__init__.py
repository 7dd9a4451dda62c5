"""Execution: fit jobs become labelings, in this process, in worker processes, or on a Dask cluster."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from clusterbench.execution.dask_executor import execute_on_dask
from clusterbench.execution.dask_local import LocalCluster
from clusterbench.execution.events import CutDone, CutStarted, Event, Lane, Started, Task, TaskDone
from clusterbench.execution.performing import perform
from clusterbench.execution.temporary_folders import scratch_folder
from clusterbench.execution.worker_pool import Limits, Pool
from clusterbench.statuses import CellStatus

__all__ = [
    "CellStatus",
    "CutDone",
    "CutStarted",
    "Event",
    "Lane",
    "Limits",
    "LocalCluster",
    "Pool",
    "Started",
    "Task",
    "TaskDone",
    "execute",
    "perform",
    "scratch_folder",
]


def execute(
    tasks: Sequence[Task],
    *,
    workers: int,
    threads: int = 1,
    limits: Limits | None = None,
    scheduler: str | LocalCluster | None = None,
) -> Generator[Event, None, None]:
    """Perform `tasks` on `workers` processes and give their events as they happen.

    Close the iterator when it is not taken to its end (`contextlib.closing`): its workers end with it.

    Parameters
    ----------
    tasks : sequence of Task
    workers : int
        Processes at one time; 0 performs plain tasks in this process, without isolation and limits
        (TensorFlow's still get a worker of their own). With the address of a scheduler it is the most tasks
        submitted at one time, and 0 is what its workers can take.
    threads : int
        Threads of each worker. Labels do not depend on `workers`; they may depend on `threads`.
    limits : Limits, optional
    scheduler : str or LocalCluster, optional
        A Dask cluster: ``tcp://HOST:PORT``, or ``local`` for one of `workers` workers on this machine. A
        `LocalCluster` that is open can serve many calls.

    Yields
    ------
    Event
        Per task: `Started`, then `CutStarted` and `CutDone` per cut, then one `TaskDone`, always. A task whose
        worker was lost may start more than once; a cut is done at most once.

    Raises
    ------
    RequestError
        When the scheduler cannot be used or is lost. Without a scheduler nothing is raised.
    """
    if scheduler is not None:
        yield from execute_on_dask(tasks, scheduler=scheduler, workers=workers, threads=threads, limits=limits)
        return
    inside = [task for task in tasks if workers == 0 and task.lane is Lane.PLAIN]
    outside = [task for task in tasks if workers > 0 or task.lane is not Lane.PLAIN]
    for task in inside:
        yield from perform(task, threads=threads)
    if outside:
        with Pool(max(workers, 1), threads=threads, limits=limits) as pool:
            yield from pool.run(outside)
