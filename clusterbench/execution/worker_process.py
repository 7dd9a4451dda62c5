"""One worker process as the run sees it: started, listened to, measured, ended."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Sequence
from contextlib import ExitStack, suppress

import psutil

from clusterbench.execution import supervisor as _keeper
from clusterbench.execution.channel import RunEnd
from clusterbench.execution.performing import one_line
from clusterbench.execution.temporary_folders import WORKER_PREFIX

_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "LOKY_MAX_CPU_COUNT",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)
# Of its own, so that a plug-in that clears the place of temporary files does not clear those of the run.
_FOLDER_VARIABLES = ("TMPDIR", "TEMP", "TMP")
# Taking over the run's import path, and not the working directory, keeps a user's `random.py` out of the worker.
_BOOT = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from clusterbench.execution.worker import main; main(int(sys.argv[2]), int(sys.argv[3]))"
)
_PATIENCE = 0.5  # seconds for a keeper to end its worker, which takes milliseconds
_TIDY_PATIENCE = 2.0  # and to remove its folder
_LONGEST_REPORT = 65_536  # bytes


class WorkerProcess:
    """A worker with its keeper and its socket.

    Attributes
    ----------
    channel : RunEnd
    pid : int or None
        Of the worker itself, once it has said it.
    """

    def __init__(self, threads: int) -> None:
        self.pid: int | None = None
        self._code: int | None = None
        self._report = b""
        self._mark = uuid.uuid4().hex
        self._words = b""
        self._folder = os.path.join(tempfile.gettempdir(), f"{WORKER_PREFIX}{uuid.uuid4().hex}")  # its keeper makes it
        with ExitStack() as undo:
            ours, theirs = socket.socketpair()
            undo.callback(ours.close)
            with theirs:
                self._keeper = _start_keeper(theirs.fileno(), threads, self._mark, self._folder)
            undo.pop_all()
        self.channel = RunEnd(ours)

    def wanted(self) -> Sequence[int]:
        """Return the descriptors that tell of news: messages, and the end."""
        return (self.channel.fileno(), self._keeper_report())

    def ended(self, *, within: float = 0.0) -> bool:
        """Return whether the worker, or its keeper, is gone, waiting at most `within` seconds for that."""
        deadline = time.monotonic() + within
        report = select.poll()  # `select.select` takes no descriptor above 1023
        report.register(self._keeper_report(), select.POLLIN)
        while report.poll(1e3 * max(0.0, deadline - time.monotonic())):
            part = os.read(self._keeper_report(), 65_536)
            self._report += part
            if not part:
                self._read_report()
                return True
            self._report = self._report[-_LONGEST_REPORT:]
        return False

    def _read_report(self) -> None:
        """Take the keeper's report, which is the last that it writes; a plug-in may have written there too."""
        with suppress(ValueError, KeyError, TypeError, AttributeError):
            told = json.loads(self._report[self._report.rindex(_keeper.REPORT) :])
            code, words = int(told["code"]), told["words"].encode("latin-1")
            self._code, self._words = code, words

    def memory_mb(self) -> float:
        """Return the resident memory of the worker and all that it started; shared pages count once."""
        with suppress(psutil.Error):  # its keeper adopts what its worker's children leave behind
            family = psutil.Process(self._keeper.pid).children(recursive=True)
            if len(family) == 1:
                return float(family[0].memory_info().rss) / 2**20
            return sum(map(_share_mb, family))
        return 0.0

    def end(self) -> None:
        """Begin to end the worker and all that it started; `wait` sees it through."""
        self.channel.close()
        assert self._keeper.stdin is not None
        with suppress(OSError):
            self._keeper.stdin.close()

    def wait(self) -> None:
        """Return when nothing of the worker is left."""
        self.ended(within=_PATIENCE)
        with suppress(subprocess.TimeoutExpired):  # it removes the folder, also if this run is killed now
            self._keeper.wait(_TIDY_PATIENCE if self._code is not None else 0.0)
        self._keeper.kill()
        self._keeper.wait()
        if self._code is None:  # the keeper was killed, so its duty falls to the run
            _keeper.end_family(self.pid or -1, self._mark, self.pid or -1)
        _keeper.remove(self._folder)
        if self._keeper.stdout is not None:
            self._keeper.stdout.close()

    def cause_of_death(self) -> str:
        """Return how the worker ended, in words."""
        if self._code is None:
            return "lost its parent process, which something killed"
        if self._code < 0:
            name = (
                signal.Signals(-self._code).name if -self._code in signal.valid_signals() else f"signal {-self._code}"
            )
            hint = " (by the kernel, when memory runs out, or by hand)" if self._code == -signal.SIGKILL else ""
            return f"was killed by {name}{hint}"
        return f"ended with exit code {self._code}"

    def killed_from_outside(self) -> bool:
        """Return whether the worker, or its keeper, died of what programs do not bring upon themselves."""
        return self._code is None or -self._code in (signal.SIGKILL, signal.SIGTERM, signal.SIGHUP)

    def was_killed(self) -> bool:
        """Return whether the worker died of SIGKILL."""
        return self._code == -signal.SIGKILL

    def forget(self) -> None:
        """Have what the worker wrote so far forgotten."""
        assert self._keeper.stdin is not None
        with suppress(OSError):
            self._keeper.stdin.write(b"\n")

    def last_words(self) -> str:
        """Return the end of what an ended worker wrote, as a clause for a reason, or ""."""
        lines = [line.strip() for line in self._words.decode(errors="replace").splitlines() if line.strip()]
        fatal = next((i for i, line in enumerate(lines) if line.startswith("Fatal Python error")), None)
        if fatal is not None:  # faulthandler's account: the error and the innermost frame say it all
            place = next((line for line in lines[fatal:] if line.startswith("File ")), "")
            lines = [lines[fatal], *([place] if place else [])]
        return f"; it last wrote: {one_line(' | '.join(lines[-5:])[-400:], 400)}" if lines else ""

    def _keeper_report(self) -> int:
        assert self._keeper.stdout is not None
        return self._keeper.stdout.fileno()


def _start_keeper(descriptor: int, threads: int, mark: str, folder: str) -> subprocess.Popen[bytes]:
    """Start a keeper, with the environment that its worker is to have, and tell it what to do."""
    environment = {
        **os.environ,
        **dict.fromkeys(_THREAD_VARIABLES, str(threads)),
        **dict.fromkeys(_FOLDER_VARIABLES, folder),
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "PYTHONHASHSEED": "0",
        "PYTHONUNBUFFERED": "1",
    }
    path = json.dumps([place for place in sys.path if place])
    orders = {
        "command": [sys.executable, "-P", "-c", _BOOT, path, str(descriptor), str(threads)],
        "mark": mark,
        "folder": folder,
        "descriptor": descriptor,
        "run": os.getpid(),
    }
    keeper = subprocess.Popen(
        [sys.executable, "-I", "-S", _keeper.__file__],
        pass_fds=[descriptor],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        bufsize=0,
        env=environment,
    )
    assert keeper.stdin is not None
    with suppress(OSError):  # its end is noticed by whoever waits for its worker
        keeper.stdin.write(json.dumps(orders).encode() + b"\n")
    return keeper


def _share_mb(process: psutil.Process) -> float:
    """Return the memory of one process of a family, where pages that several hold are divided among them."""
    with suppress(OSError, ValueError, IndexError), open(f"/proc/{process.pid}/smaps_rollup", encoding="ascii") as file:
        for line in file:
            if line.startswith("Pss:"):
                return float(line.split()[1]) / 1024
    with suppress(psutil.Error):
        return float(process.memory_info().rss) / 2**20
    return 0.0
