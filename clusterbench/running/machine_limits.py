"""What this machine has: cores and memory, as far as this process may use them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import psutil

from clusterbench.benchmark import Benchmark
from clusterbench.execution import Limits
from clusterbench.running.fitting import Settings

_MEMORY_SHARE = 0.9  # of the machine, shared by the workers, where nobody set a limit
_CGROUP = Path("/sys/fs/cgroup")
_CGROUP_FILES = ("memory.max", "memory/memory.limit_in_bytes")  # of version 2, of version 1


def memory_bytes(cgroup: Path = _CGROUP) -> int:
    """Return the memory that may be used: the machine's, or less where a container has a limit of its own."""
    total = int(psutil.virtual_memory().total)
    for name in _CGROUP_FILES:
        try:
            told = (cgroup / name).read_text().strip()
        except OSError:
            continue
        if told.isdecimal():  # "max" is none
            total = min(total, int(told))
    return total


def limits_of(benchmark: Benchmark, settings: Settings) -> Limits:
    """Return the limits of a run: the caller's, else the file's; on this machine memory is never without one."""
    given, declared = settings.limits, benchmark.limits
    memory_mb = given.memory_mb or declared.memory_mb
    if memory_mb is None and settings.has_workers and settings.is_here:
        memory_mb = round(_MEMORY_SHARE * memory_bytes() / 2**20 / max(settings.n_workers, 1))
    return replace(given, seconds=given.seconds or declared.seconds, memory_mb=memory_mb)
