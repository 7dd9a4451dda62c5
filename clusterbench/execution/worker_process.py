"""One worker process as the run sees it: started, measured, ended."""

import json
import multiprocessing
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from contextlib import suppress

import psutil

from clusterbench.execution import supervisor
from clusterbench.execution.performing import one_line
from clusterbench.execution.temporary_folders import WORKER_PREFIX

_THREAD_VARIABLES = (
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"),
    *("NUMEXPR_NUM_THREADS", "NUMBA_NUM_THREADS", "LOKY_MAX_CPU_COUNT"),
    *("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"),
)
_FOLDER_VARIABLES = ("TMPDIR", "TEMP", "TMP")
# With the run's import path, and not the working directory, a user's `random.py` stays out of the worker.
_BOOT = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from clusterbench.execution.worker import main; main(int(sys.argv[2]), int(sys.argv[3]))"
)
_PATIENCE = 2.0  # seconds for a supervisor to end its worker and to remove the folder, which takes milliseconds


class WorkerProcess:
    """A worker with its supervisor: tasks go to the worker over `connection`, and events come back."""

    def __init__(self, threads: int) -> None:
        self._exit_code: int | None = None
        self._printed = ""
        self._folder = os.path.join(tempfile.gettempdir(), f"{WORKER_PREFIX}{uuid.uuid4().hex}")
        self.connection, theirs = multiprocessing.Pipe()
        try:
            self._supervisor = _start_supervisor(theirs.fileno(), threads, self._folder)
        except BaseException:
            self.connection.close()
            raise
        finally:
            theirs.close()

    def has_ended(self, *, within: float) -> bool:
        """Return whether the worker has ended, waiting at most `within` seconds for that."""
        assert self._supervisor.stdout is not None
        poll = select.poll()  # `select.select` takes no descriptor above 1023
        poll.register(self._supervisor.stdout, select.POLLIN)
        if not poll.poll(1e3 * within):
            return False
        with suppress(ValueError):  # there is no report where the supervisor was killed
            report = json.loads(self._supervisor.stdout.read())
            self._exit_code, self._printed = report["code"], report["printed"]
        return True

    def memory_mb(self) -> float:
        """Return the resident memory of the worker and all that it started; shared pages count once."""
        with suppress(psutil.Error, OSError):  # the supervisor is the parent of what the worker's children leave behind
            processes = psutil.Process(self._supervisor.pid).children(recursive=True)
            if len(processes) == 1:
                return float(processes[0].memory_info().rss) / 2**20
            return sum(map(_share_mb, processes))
        return 0.0

    def forget_output(self) -> None:
        """Discard what the worker has printed so far."""
        assert self._supervisor.stdin is not None
        with suppress(OSError):
            self._supervisor.stdin.write(b"\n")

    def end(self) -> None:
        """Begin to end the worker and all that it started; `wait` completes it."""
        self.connection.close()
        assert self._supervisor.stdin is not None
        with suppress(OSError):
            self._supervisor.stdin.close()

    def wait(self) -> None:
        """Return when nothing of the worker is left."""
        deadline = time.monotonic() + _PATIENCE
        if self._exit_code is None:
            self.has_ended(within=_PATIENCE)
        with suppress(subprocess.TimeoutExpired):
            self._supervisor.wait(max(0.0, deadline - time.monotonic()))
        self._supervisor.kill()
        self._supervisor.wait()
        supervisor.remove(self._folder)  # where the supervisor was killed
        assert self._supervisor.stdout is not None
        self._supervisor.stdout.close()

    def exit_description(self) -> str:
        """Return how the worker ended."""
        code = self._exit_code
        if code is None:
            return "lost its supervisor, which something killed"
        if code >= 0:
            return f"ended with exit code {code}"
        name = signal.Signals(-code).name if -code in signal.valid_signals() else f"signal {-code}"
        hint = " (by the kernel, when memory runs out, or by hand)" if self.was_killed() else ""
        return f"was killed by {name}{hint}"

    def was_killed_from_outside(self) -> bool:
        """Return whether the worker or its supervisor was killed by what programs do not cause themselves."""
        return self._exit_code is None or -self._exit_code in (signal.SIGKILL, signal.SIGTERM, signal.SIGHUP)

    def was_killed(self) -> bool:
        """Return whether SIGKILL ended the worker."""
        return self._exit_code == -signal.SIGKILL

    def last_output(self) -> str:
        """Return the end of what an ended worker printed, as a clause for a reason, or ""."""
        text = self._printed.encode("latin-1").decode(errors="replace")
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        fatal = next((i for i, line in enumerate(lines) if line.startswith("Fatal Python error")), None)
        if fatal is not None:  # of the report of faulthandler, the error and the innermost frame are enough
            place = next((line for line in lines[fatal:] if line.startswith("File ")), "")
            lines = [lines[fatal], *([place] if place else [])]
        return f"; it last printed: {one_line(' | '.join(lines[-5:])[-400:], 400)}" if lines else ""


def _start_supervisor(descriptor: int, threads: int, folder: str) -> subprocess.Popen[bytes]:
    """Start a supervisor with the environment of its worker."""
    environment = {
        **os.environ,
        **dict.fromkeys(_THREAD_VARIABLES, str(threads)),
        **dict.fromkeys(_FOLDER_VARIABLES, folder),
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "PYTHONHASHSEED": "0",
        "PYTHONUNBUFFERED": "1",
    }
    path = json.dumps([place for place in sys.path if place])
    worker = [sys.executable, "-P", "-c", _BOOT, path, str(descriptor), str(threads)]
    orders = [folder, str(descriptor), str(os.getpid()), *worker]
    return subprocess.Popen(
        [sys.executable, "-I", "-S", supervisor.__file__, *orders],
        pass_fds=[descriptor],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        bufsize=0,
        env=environment,
    )


def _share_mb(process: psutil.Process) -> float:
    """Return the memory of one process; pages that several processes hold are divided among them."""
    with suppress(psutil.Error, OSError):
        memory = process.memory_full_info()
        return float(getattr(memory, "pss", memory.rss)) / 2**20  # only Linux reports the first
    return 0.0
