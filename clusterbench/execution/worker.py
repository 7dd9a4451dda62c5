"""The life of a worker process: take a task, send its events, until the run closes the socket."""

from __future__ import annotations

import ctypes
import faulthandler
import os
import resource
import signal
import sys
import tempfile
import threading
from contextlib import suppress

from clusterbench.execution.channel import WorkerEnd
from clusterbench.execution.events import Started, TaskDone
from clusterbench.execution.isolation import resident_mb
from clusterbench.execution.performing import perform

_MOST_GROWTH_MB = 256.0
_MOST_FILES = 64
_SIGNALS = tuple(
    getattr(signal, f"SIG{name}")
    for name in ("ALRM", "VTALRM", "PROF", "USR1", "USR2", "INT", "TERM", "HUP", "CHLD", "PIPE", "XCPU")
)
_TIMERS = (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF)


def main(descriptor: int, threads: int) -> None:
    """Serve tasks that arrive on the socket `descriptor`; every event goes back as (event, worn)."""
    _die_with_keeper()
    os.set_inheritable(descriptor, False)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    faulthandler.enable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the run answers Ctrl-C and ends its workers
    run, me, folder = WorkerEnd(descriptor), os.getpid(), tempfile.gettempdir()
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            task = run.receive()
            run.send(me)
            with suppress(OSError):
                os.makedirs(folder, exist_ok=True)  # again, where an earlier job has removed it
            before = _Before()
            for event in perform(task, threads=threads, alone=True):
                if os.getpid() != me:  # a fork of the plug-in's that came back: there is one worker only
                    os._exit(0)
                if isinstance(event, Started):
                    before.measure()  # anew, since what imports and warm-up hold is held on purpose
                run.send((event, isinstance(event, TaskDone) and before.complaint() is not None))


class _Before:
    """What a worker had before a task, to see whether the task left something behind that cannot be put back."""

    def __init__(self) -> None:
        self._handlers = {number: signal.getsignal(number) for number in _SIGNALS}
        self._outputs = self._output_files()
        self.measure()

    def measure(self) -> None:
        """Take threads, files and memory as they are now."""
        self._threads = set(threading.enumerate())
        self._files = _open_files()
        self._memory = resident_mb()

    def complaint(self) -> str | None:
        """Put signals back, and return why this worker should not be used again, or None."""
        if set(threading.enumerate()) - self._threads:
            return "threads were left running"
        if _has_children() or _has_adopted():
            return "processes were left running"
        if self._output_files() != self._outputs:
            return "its output was redirected"
        if _open_files() > self._files + _MOST_FILES:
            return "files were left open"
        if resident_mb() - self._memory > _MOST_GROWTH_MB:
            return "memory was not given back"
        for timer in _TIMERS:
            signal.setitimer(timer, 0.0)
        for number, handler in self._handlers.items():
            if handler is not None and signal.getsignal(number) is not handler:
                signal.signal(number, handler)
        return None

    @staticmethod
    def _output_files() -> tuple[tuple[int, int] | None, ...]:
        return tuple(_identity(descriptor) for descriptor in (1, 2))


def _identity(descriptor: int) -> tuple[int, int] | None:
    try:
        status = os.fstat(descriptor)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _open_files() -> int:
    try:
        return len(os.listdir("/proc/self/fd"))
    except OSError:
        return 0


def _has_children() -> bool:
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def _has_adopted() -> bool:
    """Return whether the keeper has other children: those of this worker's whose parents have ended."""
    keeper = os.getppid()
    try:
        with open(f"/proc/{keeper}/task/{keeper}/children", encoding="ascii") as file:
            return len(file.read().split()) > 1
    except OSError:
        return False


def _die_with_keeper() -> None:
    """Have the kernel end this process when its keeper is gone, even in the middle of a fit in C."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
