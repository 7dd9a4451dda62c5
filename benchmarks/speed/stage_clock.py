"""What the stages of a run take: seconds of the clock and of the processor, and the memory of all its processes."""

from __future__ import annotations

import resource
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass

import psutil


@dataclass(frozen=True, slots=True)
class Usage:
    """What a stage took."""

    clock: float = 0.0  # seconds
    processor: float = 0.0  # seconds, of all processes
    peak_mb: float = 0.0  # of all processes together; a page that several share counts once


def processor_seconds() -> float:
    """Return the processor time of this process and of all that it has started, ended or not."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    total = sum(usage.ru_utime + usage.ru_stime for usage in used)
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):  # ended meanwhile, so that its parent has its time
            total += sum(process.cpu_times()[:4])
    return total


def memory_mb() -> float:
    """Return the memory of this process and of all that it has started and are not ended."""
    here = psutil.Process()
    total = 0
    for process in (here, *here.children(recursive=True)):
        with suppress(psutil.Error):
            total += process.memory_full_info().pss
    return total / 2**20


class StageClock:
    """Progress of a run that measures its stages."""

    def __init__(self) -> None:
        self.usage: dict[str, Usage] = {}
        self._name, self._start, self._peak = "planning", (time.perf_counter(), processor_seconds()), 0.0
        threading.Thread(target=self._watch_memory, daemon=True).start()

    def stage(self, name: str, total: int) -> None:
        """End the stage before, and begin one."""
        now = time.perf_counter(), processor_seconds()
        before, (clock, processor) = self.usage.get(self._name, Usage()), self._start
        usage = Usage(
            before.clock + now[0] - clock,
            before.processor + now[1] - processor,
            max(before.peak_mb, self._peak, memory_mb()),
        )
        self.usage[self._name] = usage
        print(f"{self._name}: {usage}\n{name}, {total} steps", file=sys.stderr, flush=True)
        self._name, self._start, self._peak = name, now, 0.0

    def advance(self, steps: int = 1, note: str = "") -> None:
        """Do nothing."""

    def say(self, text: str) -> None:
        """Print a line."""
        print(text, file=sys.stderr, flush=True)

    def _watch_memory(self) -> None:
        while True:
            self._peak = max(self._peak, memory_mb())
            time.sleep(2)  # a look costs some hundredths of a second
