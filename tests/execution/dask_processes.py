"""A Dask cluster of plain processes on the loopback interface, as an administrator starts one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import psutil

from clusterbench.execution import CellStatus

_HERE = ["--host", "127.0.0.1", "--no-dashboard", "--dashboard-address", "127.0.0.1:0"]
_WAIT = 60.0


RECORDER = '''
"""Takes its time, and writes down where it worked."""
import os, time
from clusterbench.plugins import Algorithm, Family, Partition

def build(X, seed, wait=0.0):
    def cutter(k):
        time.sleep(wait)
        facts = {"pid": os.getpid(), "omp": os.environ.get("OMP_NUM_THREADS"), "file": __file__}
        return Partition(X[:, 0].argsort().argsort() * k // len(X), info=facts)
    return cutter

ALGORITHM = Algorithm("recorder", Family.OTHER, __doc__, "none", build, packages={})
'''


def statuses(cells) -> set[CellStatus]:
    return {cell.status for job in cells.values() for cell in job.values()}


def gone(find, seconds: float) -> bool:
    """Whether `find` gives nothing within some seconds."""
    deadline = time.monotonic() + seconds
    while find():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


class Processes:
    """One scheduler and the workers that are started; a context manager.

    Attributes
    ----------
    address : str
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._file = folder, folder / "scheduler.json"
        path = os.pathsep.join(place for place in sys.path if place)
        self._environment = {**os.environ, "PYTHONPATH": path, "DASK_TEMPORARY_DIRECTORY": str(folder)}
        self._scheduler = self._start("dask_scheduler", "--port", "0", "--scheduler-file", str(self._file))
        self._workers: dict[str, psutil.Popen] = {}
        self._await(self._file.is_file)
        self._await(lambda: b"address" in self._file.read_bytes())
        self.address: str = json.loads(self._file.read_text())["address"]

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, *exc: object) -> None:
        for process in (*self._workers.values(), self._scheduler):
            if process.poll() is None:
                process.kill()
            process.wait()

    def work(self, number: int, *, path: str = "") -> None:
        """Have `number` workers at work, starting those that are missing; `path` goes before the import path."""
        self._workers = {name: process for name, process in self._workers.items() if process.poll() is None}
        for _ in range(number - len(self._workers)):
            self.start_worker(path=path)
        self._await(lambda: self.count() >= number)

    def start_worker(self, *, path: str = "") -> str:
        """Start one worker; return its name."""
        name = f"w{time.monotonic_ns()}"
        options = ["--nthreads", "1", "--no-nanny", "--memory-limit", "0", "--name", name]
        options += ["--local-directory", str(self._folder), "--death-timeout", "60"]
        where = {"PYTHONPATH": os.pathsep.join(filter(None, (path, self._environment["PYTHONPATH"])))}
        self._workers[name] = self._start("dask_worker", self.address, *options, environment=where)
        return name

    def stop_worker(self, name: str) -> None:
        """Kill a worker and wait until the scheduler has seen it."""
        before = self.count()
        process = self._workers.pop(name)
        process.kill()
        process.wait()
        self._await(lambda: self.count() < before)

    def kill_scheduler(self) -> None:
        """End the scheduler the hard way."""
        self._scheduler.kill()
        self._scheduler.wait()

    def workers(self) -> list[psutil.Process]:
        """The processes of the workers that live."""
        return [process for process in self._workers.values() if process.poll() is None]

    def beneath(self) -> list[psutil.Process]:
        """The processes that workers have started."""
        found = []
        for worker in self.workers():
            try:
                found += worker.children(recursive=True)
            except psutil.NoSuchProcess:
                continue
        return [process for process in found if process.is_running()]

    def left_behind(self) -> list[Path]:
        """Files of ours in the folders of the workers."""
        return list(self._folder.rglob("clusterbench-*"))

    def count(self) -> int:
        """How many workers the scheduler knows, by its own word."""
        from clusterbench.execution.dask_executor import connected

        with connected(self.address) as client:
            return len(client.scheduler_info(n_workers=-1)["workers"])

    def _start(self, program: str, *options: str, environment: Mapping[str, str] | None = None) -> psutil.Popen:
        return psutil.Popen(
            [sys.executable, "-P", "-W", "ignore", "-m", f"distributed.cli.{program}", *_HERE, *options],
            env={**self._environment, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self._folder,
        )

    @staticmethod
    def _await(ready) -> None:
        deadline = time.monotonic() + _WAIT
        while not ready():
            assert time.monotonic() < deadline, "the Dask cluster did not get ready"
            time.sleep(0.1)
