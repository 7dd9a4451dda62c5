"""The same surroundings for every job and every cut, whatever ran before; put back as they were afterwards."""

from __future__ import annotations

import hashlib
import random
import re
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from typing import Any

import numpy as np

from clusterbench.plugins import kept_generators, recorded_warnings

_HIGHEST = re.compile(rb"^VmHWM:\s*(\d+) kB", re.MULTILINE)


@contextmanager
def step_surroundings(*material: str, put_back: bool = True) -> Iterator[list[str]]:
    """Seed the global generators from `material` and collect warnings for one build or one cut.

    Seeding each step by its own name keeps a cut's labels the same whether or not the cuts before it were run,
    also for plug-ins that draw from the global generators. Yields the list of `recorded_warnings`.

    Parameters
    ----------
    *material : str
    put_back : bool
        Have the generators go on afterwards where they were, which takes a tenth of a millisecond. A process that
        does nothing but steps has no use for it.
    """
    seed = int.from_bytes(hashlib.sha256("\n".join(material).encode()).digest()[:4], "big")
    with kept_generators() if put_back else nullcontext():
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002 - other people's code uses it
        with np.errstate(divide="warn", over="warn", invalid="warn", under="ignore"), recorded_warnings() as seen:
            yield seen


class _Pools:
    """The thread pools of the loaded libraries. Finding them takes milliseconds, so they are kept."""

    def __init__(self) -> None:
        self._controller: Any = None
        self._modules = -1

    def limit(self, threads: int) -> Any:
        if len(sys.modules) != self._modules:
            from threadpoolctl import ThreadpoolController

            self._controller = ThreadpoolController()
            self._modules = len(sys.modules)
        return self._controller.limit(limits=threads)


_POOLS = _Pools()


@contextmanager
def capped_threads(threads: int | None) -> Iterator[None]:
    """Hold the thread pools of all loaded libraries at `threads`; None leaves them alone."""
    if threads is None:
        yield
        return
    with _POOLS.limit(threads):
        yield


class PeakMemory:
    """High-water mark of this process's resident memory since construction, where the kernel tells it."""

    def __init__(self) -> None:
        with suppress(OSError), open("/proc/self/clear_refs", "wb", buffering=0) as file:
            file.write(b"5")  # resets VmHWM to the present size (proc(5)), so each job is measured by itself
        self._start = resident_mb()

    def mb(self) -> float:
        """Return the megabytes taken at the highest point."""
        return max(0.0, _highest_mb() - self._start)


def resident_mb() -> float:
    """Return the resident memory of this process."""
    with suppress(OSError), open("/proc/self/statm", "rb", buffering=0) as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 2**20
    return _highest_of_life_mb()


def _highest_mb() -> float:
    with suppress(OSError), open("/proc/self/status", "rb", buffering=0) as file:
        found = _HIGHEST.search(file.read())
        if found:
            return int(found[1]) / 1024
    return _highest_of_life_mb()


def _highest_of_life_mb() -> float:
    peak = float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    return peak / 2**20 if sys.platform == "darwin" else peak / 1024
