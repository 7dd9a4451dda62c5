"""The main loop of a worker process: take a task, send its events, until the run closes the connection."""

import ctypes
import faulthandler
import os
import resource
import signal
import tempfile
import threading
from contextlib import suppress
from multiprocessing.connection import Connection

from clusterbench.execution.events import Started
from clusterbench.execution.isolation import resident_mb
from clusterbench.execution.performing import perform
from clusterbench.task_outcomes import TaskDone

_MOST_GROWTH_MB = 256.0
_MOST_FILES = 64
_SIGNALS = tuple(
    getattr(signal, f"SIG{name}")
    for name in ("ALRM", "VTALRM", "PROF", "USR1", "USR2", "INT", "TERM", "HUP", "CHLD", "PIPE", "XCPU")
)
_TIMERS = (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF)


def main(descriptor: int, threads: int) -> None:
    """Serve the tasks that arrive on the connection `descriptor`; every event goes back as (event, must_be_replaced).

    A changed worker is not used again: the task has left something in the process that cannot be put back.
    """
    _end_with_supervisor()
    os.set_inheritable(descriptor, False)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    faulthandler.enable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the run answers Ctrl-C and ends its workers
    run, pid, folder = Connection(descriptor), os.getpid(), tempfile.gettempdir()
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            task = run.recv()
            with suppress(OSError):
                os.makedirs(folder, exist_ok=True)  # again, where an earlier job has removed it
            before = _ProcessState()
            for event in perform(task, threads=threads):
                if os.getpid() != pid:  # the plug-in has forked, and the child came back: there is one worker only
                    os._exit(0)
                if isinstance(event, Started):
                    before.measure()  # again, since what imports and warm-up hold is held on purpose
                run.send((event, isinstance(event, TaskDone) and before.must_be_replaced()))


class _ProcessState:
    """What a worker had before a task, to tell whether the task has left something behind."""

    def __init__(self) -> None:
        self._handlers = {number: signal.getsignal(number) for number in _SIGNALS}
        self._outputs = (_identity(1), _identity(2))
        self.measure()

    def measure(self) -> None:
        """Take threads, files and memory as they are now."""
        self._threads = set(threading.enumerate())
        self._n_files = _count_open_files()
        self._memory_mb = resident_mb()

    def must_be_replaced(self) -> bool:
        """Put timers and signal handlers back, and return whether anything else was left behind."""
        if (
            set(threading.enumerate()) - self._threads
            or _has_children()
            or (_identity(1), _identity(2)) != self._outputs
            or _count_open_files() > self._n_files + _MOST_FILES
            or resident_mb() - self._memory_mb > _MOST_GROWTH_MB
        ):
            return True
        for timer in _TIMERS:
            signal.setitimer(timer, 0.0)
        for number, handler in self._handlers.items():
            if handler is not None and signal.getsignal(number) is not handler:
                signal.signal(number, handler)
        return False


def _identity(descriptor: int) -> tuple[int, int] | None:
    """Return what identifies the file behind a descriptor."""
    with suppress(OSError):
        status = os.fstat(descriptor)
        return status.st_dev, status.st_ino
    return None


def _count_open_files() -> int:
    with suppress(OSError):
        return len(os.listdir("/proc/self/fd"))
    return 0


def _has_children() -> bool:
    """Return whether this process has children, or left orphans to its supervisor."""
    with suppress(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
        return True
    supervisor = os.getppid()
    with suppress(OSError), open(f"/proc/{supervisor}/task/{supervisor}/children", encoding="ascii") as file:
        return len(file.read().split()) > 1
    return False


def _end_with_supervisor() -> None:
    """Have the kernel kill this process when its supervisor is gone, also during a fit in C (Linux)."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
