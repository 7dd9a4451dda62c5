"""The limits of a run, from the caller, the benchmark file and the memory of this machine."""

from __future__ import annotations

from dataclasses import replace

from clusterbench.benchmark import Benchmark
from clusterbench.environment import usable_memory
from clusterbench.execution import Limits
from clusterbench.running.fitting import Settings

_MEMORY_SHARE = 0.9  # of the machine, shared by the workers, where nobody set a limit


def limits_of(benchmark: Benchmark, settings: Settings) -> Limits:
    """Return the limits of a run: the caller's, else the file's; on this machine memory is never without one."""
    given, declared = settings.limits, benchmark.limits
    memory_mb = given.memory_mb or declared.memory_mb
    if memory_mb is None and settings.has_workers and settings.is_here:
        memory_mb = round(_MEMORY_SHARE * usable_memory() / 2**20 / max(settings.n_workers, 1))
    return replace(given, seconds=given.seconds or declared.seconds, memory_mb=memory_mb)
