"""A Dask cluster on this machine, for the time of a run: one scheduler and its workers, beneath one child process.

The child keeps them apart from the run: a user's script needs no ``__main__`` guard, and the end of the run, be it by
kill -9, closes the child's standard input, upon which it ends with all that it has started.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import ExitStack, suppress
from pathlib import Path

from clusterbench.errors import RequestError
from clusterbench.execution.performing import one_line
from clusterbench.execution.temporary_folders import scratch_folder

_BOOT = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from clusterbench.execution.dask_local import main; main(int(sys.argv[2]), sys.argv[3])"
)
_LOG = "cluster.log"
_PATIENCE = 2.0  # seconds for the child to end what it started, which takes milliseconds
_FAILURES = 2  # as often is a task tried again whose worker died


class LocalCluster:
    """`workers` Dask workers with one thread each, on the loopback interface, without a dashboard.

    A context manager; the cluster starts when its address is asked for.
    """

    def __init__(self, workers: int) -> None:
        self._workers = max(1, workers)
        self._child: subprocess.Popen[bytes] | None = None
        self._address = ""
        self._stack = ExitStack()

    def __enter__(self) -> LocalCluster:
        return self

    def __exit__(self, *exc: object) -> None:
        child, self._child = self._child, None
        if child is not None:
            _end(child)
        self._stack.close()

    @property
    def address(self) -> str:
        """Address of the scheduler.

        Raises
        ------
        RequestError
            When the cluster does not start.
        """
        if self._child is None:
            folder = self._stack.enter_context(scratch_folder())
            self._child = _start(self._workers, folder)
            assert self._child.stdout is not None
            self._address = self._child.stdout.readline().decode().strip()
            if not self._address:
                words = (folder / _LOG).read_text(errors="replace").strip().splitlines()
                raise RequestError(f"the local Dask cluster did not start: {one_line(' '.join(words[-1:]), 300)}")
        return self._address


def _start(workers: int, folder: Path) -> subprocess.Popen[bytes]:
    path = json.dumps([place for place in sys.path if place])
    with (folder / _LOG).open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-P", "-c", _BOOT, path, str(workers), str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
        )


def _end(child: subprocess.Popen[bytes]) -> None:
    assert child.stdin is not None
    assert child.stdout is not None
    with suppress(OSError):
        child.stdin.close()
    with suppress(subprocess.TimeoutExpired):
        child.wait(_PATIENCE)
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    child.stdout.close()


def main(workers: int, folder: str) -> None:
    """Start the cluster, write its address to standard output, and end with all of it when standard input ends."""
    import dask.config
    from distributed import LocalCluster as Cluster

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the run answers Ctrl-C
    with dask.config.set({"distributed.scheduler.allowed-failures": _FAILURES, "temporary-directory": folder}):
        cluster = Cluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
            scheduler_kwargs={"dashboard": False},
            memory_limit=0,  # jobs have limits of their own
            local_directory=folder,
        )
        sys.stdout.write(f"{cluster.scheduler_address}\n")
        sys.stdout.flush()
        sys.stdin.buffer.read()
        # Nothing here is worth a farewell: jobs are watched by their keepers, and the folder is the run's.
        os.killpg(0, signal.SIGKILL)
