"""Executes the tasks of a run wherever its settings say, stage after stage."""

import importlib.util
from collections.abc import Generator, Sequence
from typing import Self

from clusterbench.errors import RequestError
from clusterbench.execution.events import Event, Limits, Task
from clusterbench.execution.performing import perform
from clusterbench.execution.worker_pool import Pool


class Executor:
    """Executes tasks in this process, in worker processes, or on a Dask cluster.

    Use it as a context manager. Until it is left, libraries that workers have imported stay loaded for later workers.

    Parameters
    ----------
    workers : int
        Number of processes. 0 executes tasks in this process, without isolation and limits, except those that need a
        worker. With a scheduler: the most tasks submitted at one time; 0 is what the cluster can take.
    threads : int
        Threads of each worker. Labels do not depend on `workers`; they may depend on `threads`.
    scheduler : str, optional
        Address of a Dask scheduler, ``tcp://HOST:PORT``.
    """

    def __init__(
        self, *, workers: int, threads: int = 1, limits: Limits | None = None, scheduler: str | None = None
    ) -> None:
        self._workers, self._threads = workers, threads
        self._limits, self._scheduler = limits or Limits(), scheduler
        self._pool = Pool(max(workers, 1), threads=threads, limits=limits)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.end()

    def execute(self, tasks: Sequence[Task]) -> Generator[Event, None, None]:
        """Execute `tasks` and yield their events.

        Close the iterator when it is not exhausted (`contextlib.closing`): its workers end with it.

        Yields
        ------
        Event
            Per task: `Started`, then `CutStarted` and `CutDone` per cut, then one `TaskDone`, always. A task whose
            worker was lost may start more than once; a cut is done at most once. Workers on this machine yield events
            as they happen, a Dask cluster those of a task when it ends.

        Raises
        ------
        RequestError
            If the scheduler cannot be used or is lost. Without a scheduler nothing is raised.
        """
        if self._scheduler is not None:
            yield from self._on_dask(tasks, self._scheduler)
            return
        outside = [task for task in tasks if self._workers > 0 or task.needs_worker]
        for task in tasks:
            if self._workers == 0 and not task.needs_worker:
                yield from perform(task, threads=self._threads)
        try:
            yield from self._pool.run(outside)
        finally:
            self._pool.end_workers()  # an idle one would serve its plug-in first, whatever takes longest

    def _on_dask(self, tasks: Sequence[Task], scheduler: str) -> Generator[Event, None, None]:
        if importlib.util.find_spec("distributed") is None:
            allowed = "pip install 'clusterbench[dask]'"
            raise RequestError("a scheduler needs Dask, which is not installed", allowed=allowed)
        from clusterbench.execution.dask_cluster import execute_on_dask

        most, threads, limits = self._workers, self._threads, self._limits
        yield from execute_on_dask(tasks, scheduler=scheduler, most=most, threads=threads, limits=limits)
