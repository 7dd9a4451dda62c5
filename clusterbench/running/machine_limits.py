"""The limits of a run, from the caller, the benchmark file and the memory of this machine."""

from __future__ import annotations

from dataclasses import replace
from math import inf

from clusterbench.benchmark import Benchmark
from clusterbench.environment import usable_memory
from clusterbench.execution import DEFAULT_SECONDS, Limits
from clusterbench.results import LimitsRecord
from clusterbench.running.fitting import Settings

_MEMORY_SHARE = 0.9  # of the machine, shared by the workers, where nobody set a limit


def limits_of(benchmark: Benchmark, settings: Settings) -> Limits:
    """Return the limits of a run: the caller's, else the file's, else, where workers keep them, the defaults."""
    given, declared = settings.limits, benchmark.limits
    seconds, memory_mb = given.seconds or declared.seconds, given.memory_mb or declared.memory_mb
    if seconds is None and settings.has_workers:
        seconds = DEFAULT_SECONDS
    if memory_mb is None and settings.has_workers and settings.is_here:
        memory_mb = round(_MEMORY_SHARE * usable_memory() / 2**20 / max(settings.n_workers, 1))
    return replace(given, seconds=seconds, memory_mb=memory_mb)


def recorded_limits(limits: Limits) -> LimitsRecord:
    """Return the limits as a manifest records them: None where there is none."""
    seconds, memory_mb = (None if limit == inf else limit for limit in (limits.seconds, limits.memory_mb))
    return LimitsRecord(seconds, memory_mb)
