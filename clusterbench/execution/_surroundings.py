"""The same surroundings for every job and every cut, whatever ran before; put back as they were afterwards."""

from __future__ import annotations

import gc
import hashlib
import locale
import os
import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

from clusterbench.plugins import recorded_warnings


@contextmanager
def job_surroundings() -> Iterator[None]:
    """Put back working directory, environment, locale, import path and streams when a job has ended."""
    home = _working_directory()
    environment, path, language = dict(os.environb), list(sys.path), locale.setlocale(locale.LC_ALL)
    depth, collecting, streams = sys.getrecursionlimit(), gc.isenabled(), (sys.stdout, sys.stderr)
    try:
        yield
    finally:
        if home is not None and _working_directory() != home:
            with suppress(OSError):
                os.chdir(home)
        if dict(os.environb) != environment:
            os.environb.clear()
            os.environb.update(environment)
        sys.path[:] = path
        locale.setlocale(locale.LC_ALL, language)
        sys.setrecursionlimit(depth)
        (gc.enable if collecting else gc.disable)()
        sys.stdout, sys.stderr = streams


def _working_directory() -> str | None:
    try:
        return os.getcwd()
    except OSError:  # it was removed
        return None


@contextmanager
def step_surroundings(*material: str) -> Iterator[list[str]]:
    """Seed the global generators from `material` and collect warnings for one build or one cut.

    Seeding each step by its own name keeps a cut's labels the same whether or not the cuts before it were run,
    also for plug-ins that draw from the global generators. Yields the list of `recorded_warnings`.
    """
    seed = int.from_bytes(hashlib.sha256("\n".join(material).encode()).digest()[:4], "big")
    of_python, of_numpy = random.getstate(), np.random.get_state()  # noqa: NPY002 - other people's code uses these
    try:
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        with np.errstate(divide="warn", over="warn", invalid="warn", under="ignore"), recorded_warnings() as seen:
            yield seen
    finally:
        random.setstate(of_python)
        np.random.set_state(of_numpy)  # noqa: NPY002


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
        with suppress(OSError):
            # Writing 5 resets VmHWM to the present size (proc(5)), so each job is measured by itself.
            Path("/proc/self/clear_refs").write_text("5")
        self._start = resident_mb()

    def mb(self) -> float:
        """Return the megabytes taken at the highest point."""
        return max(0.0, _status_mb("VmHWM") - self._start)


def resident_mb() -> float:
    """Return the resident memory of this process."""
    return _status_mb("VmRSS")


def _status_mb(name: str) -> float:
    with suppress(OSError), open("/proc/self/status", encoding="ascii", errors="replace") as file:
        for line in file:
            if line.startswith(name):
                return float(line.split()[1]) / 1024
    import resource

    peak = float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    return peak / 2**20 if sys.platform == "darwin" else peak / 1024
