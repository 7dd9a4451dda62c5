"""The same global state for every build and every cut, whatever ran before."""

import hashlib
import random
import re
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import numpy as np

from clusterbench.plugins import kept_generators, recorded_warnings

_HIGHEST = re.compile(rb"^VmHWM:\s*(\d+) kB", re.MULTILINE)


@contextmanager
def isolated_step(*material: str) -> Iterator[list[str]]:
    """Seed the global generators from `material` and collect warnings for one build or one cut.

    Seeding each step by its own name keeps a cut's labels the same whether or not the cuts before it were run, also for
    plug-ins that draw from the global generators. Yields the list of `recorded_warnings`.
    """
    seed = int.from_bytes(hashlib.sha256("\n".join(material).encode()).digest()[:4], "big")
    with kept_generators():
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002 - plug-ins may use it
        with np.errstate(divide="warn", over="warn", invalid="warn", under="ignore"), recorded_warnings() as messages:
            yield messages


class PeakMemory:
    """High-water mark of this process's resident memory since construction, where the system reports it."""

    def __init__(self) -> None:
        with suppress(OSError), open("/proc/self/clear_refs", "wb", buffering=0) as file:
            file.write(b"5")  # resets VmHWM to the present size (proc(5)), so each job is measured alone
        self._start = resident_mb()

    def mb(self) -> float:
        """Return the peak in megabytes, at least 0."""
        return max(0.0, _peak_mb() - self._start)


def resident_mb() -> float:
    """Return the resident memory of this process in megabytes."""
    with suppress(OSError), open("/proc/self/statm", "rb", buffering=0) as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 2**20
    return _lifetime_peak_mb()


def _peak_mb() -> float:
    with suppress(OSError), open("/proc/self/status", "rb", buffering=0) as file:
        match = _HIGHEST.search(file.read())
        if match:
            return int(match[1]) / 1024
    return _lifetime_peak_mb()


def _lifetime_peak_mb() -> float:
    peak = float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    return peak / 2**20 if sys.platform == "darwin" else peak / 1024
