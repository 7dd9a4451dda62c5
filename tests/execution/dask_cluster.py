"""A Dask cluster of plain processes on the loopback interface, as an administrator starts one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
from distributed import Client

from .conftest import subprocess_environment, within

_HERE = ["--host", "127.0.0.1", "--no-dashboard", "--dashboard-address", "127.0.0.1:0"]
_SECONDS = 60.0


class DaskCluster:
    """One scheduler and the workers that are started; a context manager.

    Attributes
    ----------
    address : str
    """

    def __init__(self, folder: Path, *, allowed_failures: int = 3) -> None:
        self._folder, file = folder, folder / "scheduler.json"
        self._environment = subprocess_environment(
            DASK_TEMPORARY_DIRECTORY=folder, DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES=allowed_failures
        )
        self._scheduler = self._start("dask_scheduler", "--port", "0", "--scheduler-file", str(file))
        self._workers: list[psutil.Popen] = []
        assert within(_SECONDS, lambda: file.is_file() and b"address" in file.read_bytes())
        self.address: str = json.loads(file.read_text())["address"]

    def __enter__(self) -> DaskCluster:
        return self

    def __exit__(self, *exc: object) -> None:
        for process in (*self._workers, self._scheduler):
            if process.poll() is None:
                process.kill()
            process.wait()

    def have_workers(self, number: int) -> None:
        """Start the workers that are missing, and wait for them."""
        for _ in range(number - len(self.workers())):
            self.start_worker()
        assert within(_SECONDS, lambda: self.count() == number)

    def start_worker(self, *, path: str = "") -> psutil.Popen:
        """Start one worker; `path` goes before its import path."""
        options = ["--nthreads", "1", "--no-nanny", "--memory-limit", "0", "--name", f"w{time.monotonic_ns()}"]
        options += ["--local-directory", str(self._folder), "--death-timeout", "60"]
        self._workers.append(self._start("dask_worker", self.address, *options, path=path))
        return self._workers[-1]

    def kill_scheduler(self) -> None:
        """End the scheduler by SIGKILL."""
        self._scheduler.kill()
        self._scheduler.wait()

    def workers(self) -> list[psutil.Popen]:
        """Return the processes of the workers that live."""
        return [process for process in self._workers if process.poll() is None]

    def beneath(self) -> list[psutil.Process]:
        """Return the processes that workers have started."""
        found = []
        for worker in self.workers():
            try:
                found += worker.children(recursive=True)
            except psutil.NoSuchProcess:
                continue
        return [process for process in found if process.is_running()]

    def left_behind(self) -> list[Path]:
        """Return the folders of runs in the folders of the workers."""
        return list(self._folder.rglob("clusterbench-*"))

    def count(self) -> int:
        """Return how many workers the scheduler knows."""
        with Client(self.address, timeout=10, set_as_default=False) as client:
            return len(client.scheduler_info(n_workers=-1)["workers"])

    def _start(self, program: str, *options: str, path: str = "") -> psutil.Popen:
        where = os.pathsep.join(filter(None, (path, self._environment["PYTHONPATH"])))
        return psutil.Popen(
            [sys.executable, "-P", "-W", "ignore", "-m", f"distributed.cli.{program}", *_HERE, *options],
            env={**self._environment, "PYTHONPATH": where},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self._folder,
        )
