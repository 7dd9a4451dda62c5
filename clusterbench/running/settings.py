"""Settings of a run, and its limits."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import inf

from clusterbench.benchmark import Benchmark
from clusterbench.environment import usable_cores, usable_memory
from clusterbench.execution import DEFAULT_SECONDS, Executor, Limits
from clusterbench.results import LimitsRecord

_MEMORY_SHARE = 0.9  # of the usable memory, divided by the workers, unless a limit is set


@dataclass(frozen=True, slots=True)
class Settings:
    """How a run is executed; none of it changes a label.

    Attributes
    ----------
    workers : int or None
        Worker processes; None takes the cores divided by `threads`; 0 runs in this process. On a Dask cluster: the
        largest number of jobs submitted at one time; None or 0 takes what its workers can run.
    threads : int
        Threads of each worker.
    limits : Limits
    retry : bool
        Whether cells that failed before are tried again.
    scheduler : str, optional
        Address of a Dask cluster to run on: ``tcp://HOST:PORT``.
    """

    workers: int | None = None
    threads: int = 1
    limits: Limits = field(default_factory=Limits)
    retry: bool = False
    scheduler: str | None = None

    @property
    def n_workers(self) -> int:
        default = max(1, usable_cores() // self.threads) if self.scheduler is None else 0
        return default if self.workers is None else self.workers

    @property
    def has_workers(self) -> bool:
        """Whether the fits run in processes of their own, which can be stopped."""
        return self.executor != "this process"

    def new_executor(self) -> Executor:
        """Return what executes the fits."""
        return Executor(workers=self.n_workers, threads=self.threads, limits=self.limits, scheduler=self.scheduler)

    @property
    def executor(self) -> str:
        """What executes the fits: ``dask``, ``processes`` or ``this process``."""
        here = "processes" if self.n_workers > 0 else "this process"
        return here if self.scheduler is None else "dask"


def limits_of(benchmark: Benchmark, settings: Settings) -> Limits:
    """Return the limits of a run: the caller's, else the file's, else the defaults."""
    given, declared = settings.limits, benchmark.limits
    seconds, memory_mb = given.seconds or declared.seconds, given.memory_mb or declared.memory_mb
    if seconds is None and settings.has_workers:
        seconds = DEFAULT_SECONDS
    if memory_mb is None and settings.executor == "processes":
        memory_mb = round(_MEMORY_SHARE * usable_memory() / 2**20 / max(settings.n_workers, 1))
    return replace(given, seconds=seconds, memory_mb=memory_mb)


def recorded_limits(limits: Limits) -> LimitsRecord:
    """Return the limits as a manifest records them: None where there is none."""
    seconds, memory_mb = (None if limit == inf else limit for limit in (limits.seconds, limits.memory_mb))
    return LimitsRecord(seconds, memory_mb)
