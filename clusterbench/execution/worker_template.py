"""Templates of workers: a process that has imported libraries, and forks a supervisor with its worker on request.

So a worker starts in some hundredths of a second instead of the seconds that its imports take. A template imports and
does nothing else: what a fork after a computation breaks (thread pools of OpenMP, BLAS and TensorFlow) has not begun.
"""

import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import cache

from clusterbench.execution import supervisor, worker

_THREAD_VARIABLES = (
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"),
    *("NUMEXPR_NUM_THREADS", "NUMBA_NUM_THREADS", "LOKY_MAX_CPU_COUNT"),
    *("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"),
)
_FOLDER_VARIABLES = ("TMPDIR", "TEMP", "TMP")
# With the run's import path, and not the working directory, a user's `random.py` stays out of the workers.
_BOOT = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from clusterbench.execution.worker_template import main; main(*map(int, sys.argv[2:]))"
)
# What is imported for a package of a plug-in. Of others each worker imports its own: they may change anything.
_SKLEARN = ("sklearn.cluster", "sklearn.mixture", "clusterbench.kernels.quick_mixture")  # the last: numba
_MODULES = {
    **dict.fromkeys(("sklearn", "hdbscan"), _SKLEARN),
    "sklearn_extra": (*_SKLEARN, "sklearn_extra.cluster"),
    "scipy": ("scipy.cluster.hierarchy", "scipy.spatial"),
    "fastcluster": ("scipy.sparse.csgraph", "clusterbench.kernels.ward_merges"),
    "tensorflow": ("tensorflow", "keras"),
}
_TICK = 1.0  # seconds between checks that the run is there; the end of its requests is seen at once
_PATIENCE = 2  # seconds for the end of a template, which takes milliseconds unless it is importing


class WorkerTemplate:
    """A template as the run sees it, which starts with the first request; its workers have `threads` threads."""

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._process: subprocess.Popen[bytes] | None = None
        self._requests: socket.socket | None = None

    def fork_worker(self, folder: str, packages: Iterable[str], descriptors: Sequence[int]) -> None:
        """Ask for a worker that has imported `packages`, with its supervisor; OSError where that cannot be.

        `descriptors` are the worker's connection, and the supervisor's.
        """
        if self._process is None or self._process.poll() is not None:
            self.end()
            self._start()
        assert self._requests is not None
        socket.send_fds(self._requests, [json.dumps([folder, *packages]).encode()], descriptors)

    def end(self) -> None:
        """End the template; supervisors that are left end with it."""
        if self._requests is not None:
            self._requests.close()
        if self._process is not None:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_PATIENCE)
            self._process.kill()
            self._process.wait()
        self._process = self._requests = None

    def _start(self) -> None:
        environment = {
            **os.environ,
            **dict.fromkeys(_THREAD_VARIABLES, str(self._threads)),
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "PYTHONHASHSEED": "0",
            "PYTHONUNBUFFERED": "1",
        }
        path = json.dumps([place for place in sys.path if place])
        self._requests, theirs = socket.socketpair()
        with theirs:
            arguments = (theirs.fileno(), os.getpid(), self._threads)
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", _BOOT, path, *map(str, arguments)],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                env=environment,
            )


def main(descriptor: int, run: int, threads: int) -> None:
    """Serve the requests that arrive on the socket `descriptor`, until the process `run` closes it or is gone."""
    signal.signal(signal.SIGCHLD, lambda *_: supervisor.reap())
    with socket.socket(fileno=descriptor) as requests:
        while os.getppid() == run:
            if not select.select([requests], [], [], _TICK)[0]:
                continue
            request, descriptors, _, _ = socket.recv_fds(requests, 65_536, 2)
            if not request:
                break
            folder, *packages = json.loads(request)
            _import(packages)
            with suppress(OSError):  # without a process the run sees the end of the connections
                if os.fork() == 0:
                    requests.close()
                    _supervise(folder, threads, *descriptors)
            for each in descriptors:
                os.close(each)
    signal.alarm(_PATIENCE)
    with suppress(ChildProcessError):  # the processor time of children that were waited for is known to the run
        while True:
            os.wait()
    os._exit(0)  # at once, whatever was imported


def _import(packages: Iterable[str]) -> None:
    for package in packages:
        for module in _MODULES.get(package, ()):
            with suppress(Exception):  # which the worker meets again, and says
                importlib.import_module(module)
    if "numba" in sys.modules:
        _load_numba()


@cache
def _load_numba() -> None:
    """Load what numba else loads with the first kernel of each process, which takes a quarter of a second."""
    with suppress(Exception):
        from numba.core.registry import cpu_target

        cpu_target.target_context.refresh()


def _supervise(folder: str, threads: int, connection: int, orders: int) -> None:
    """Be the supervisor of a worker, and end."""

    def serve() -> None:
        os.environ.update(dict.fromkeys(_FOLDER_VARIABLES, folder))
        tempfile.tempdir = None
        worker.main(connection, threads)

    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for standard in (0, 1):
            os.dup2(orders, standard)
        os.close(orders)
        supervisor.main(folder, connection, serve)
    finally:
        os._exit(0)
