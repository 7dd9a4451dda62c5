"""Execution: fit jobs become labelings, in this process, in worker processes, or on a Dask cluster.

Threat model: plug-ins are careless, not hostile, and run with the user's rights. A plug-in may raise anything, exit,
crash, hang (also in C), fork and leave processes behind, take all memory, close files, write to its input, print
without end, draw from the global generators, and leave its process changed (working directory, environment, signals,
threads, patched libraries). Each of these costs its own cells only and has a reason there; labels of other cells stay
equal bit for bit, and the end of a run, also by ``kill -9``, leaves no process and no temporary folder. A plug-in that
forges messages, attacks the processes above it or writes to files of others is not defended against: it could do so
without clusterbench.
"""

from collections.abc import Generator, Sequence

from clusterbench.execution.events import DEFAULT_SECONDS, CutStarted, Event, Limits, Started, Task
from clusterbench.execution.executor import Executor
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
    "Executor",
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
    """Execute `tasks` by an `Executor` of their own, and yield their events."""
    with Executor(workers=workers, threads=threads, limits=limits, scheduler=scheduler) as executor:
        yield from executor.execute(tasks)
