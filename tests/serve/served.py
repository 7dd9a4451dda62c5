"""`clusterbench serve` in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil


@dataclass
class Served:
    """A running service: its address, what it imported, and what it wrote."""

    address: str
    process: psutil.Process
    modules: set[str] = field(default_factory=set)
    log: list[str] = field(default_factory=list)

    def cpu_seconds(self) -> float:
        times = self.process.cpu_times()
        return float(times.user + times.system)


@contextmanager
def served(folder: Path, *options: str) -> Iterator[Served]:
    """Start the service on a free port; what it imports is written to standard error, beside its log."""
    command = [sys.executable, "-X", "importtime", "-m", "clusterbench", "serve", str(folder), "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        service = Served("", psutil.Process(process.pid))

        def collect(lines: Iterator[str]) -> None:
            for line in lines:
                if line.startswith("import time:"):
                    service.modules.add(line.rpartition("|")[2].strip().partition(".")[0])
                else:
                    service.log.append(line)

        reader = threading.Thread(target=collect, args=[process.stderr])
        reader.start()
        try:
            service.address = next(line.split()[1] for line in process.stdout if line.startswith("serving"))
            yield service
        finally:
            process.terminate()
            process.wait(20)
            reader.join(20)
