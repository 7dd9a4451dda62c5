"""Execution: fit jobs become labelings, in this process or in worker processes."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from clusterbench.cells import CellStatus
from clusterbench.execution._events import CutDone, CutStarted, Event, Lane, Started, Task, TaskDone
from clusterbench.execution._perform import perform
from clusterbench.execution._pool import Limits, Pool
from clusterbench.execution._scratch import scratch_folder

__all__ = [
    "CellStatus",
    "CutDone",
    "CutStarted",
    "Event",
    "Lane",
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
    tasks: Sequence[Task], *, workers: int, threads: int = 1, limits: Limits | None = None
) -> Generator[Event, None, None]:
    """Perform `tasks` on `workers` processes and give their events as they happen.

    Close the iterator when it is not taken to its end (`contextlib.closing`): its workers end with it.

    Parameters
    ----------
    tasks : sequence of Task
    workers : int
        Processes at one time; 0 performs plain tasks in this process, without isolation and limits
        (TensorFlow's still get a worker of their own).
    threads : int
        Threads of each worker. Labels do not depend on `workers`; they may depend on `threads`.
    limits : Limits, optional

    Yields
    ------
    Event
        Per task: `Started`, then `CutStarted` and `CutDone` per cut, then one `TaskDone`, always. A task whose
        worker was lost may start more than once; a cut is done at most once.
    """
    inside = [task for task in tasks if workers == 0 and task.lane is Lane.PLAIN]
    outside = [task for task in tasks if workers > 0 or task.lane is not Lane.PLAIN]
    for task in inside:
        yield from perform(task, threads=threads)
    if outside:
        with Pool(max(workers, 1), threads=threads, limits=limits) as pool:
            yield from pool.run(outside)
