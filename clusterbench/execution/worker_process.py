"""One worker process as the run sees it: started, measured, ended."""

import json
import math
import multiprocessing
import os
import signal
import socket
import tempfile
import time
import uuid
from collections.abc import Iterable
from contextlib import ExitStack, suppress

import psutil

from clusterbench.execution import supervisor
from clusterbench.execution.performing import one_line
from clusterbench.execution.temporary_folders import WORKER_PREFIX
from clusterbench.execution.worker_template import WorkerTemplate

_PATIENCE = 2.0  # seconds for a supervisor to end its worker and to remove the folder, which takes milliseconds


class WorkerProcess:
    """A worker with its supervisor: tasks go to the worker over `connection`, and events come back."""

    def __init__(self, template: WorkerTemplate, packages: Iterable[str]) -> None:
        self._exit_code: int | None = None
        self._printed = ""
        self._received, self._is_gone = b"", False
        self._folder = os.path.join(tempfile.gettempdir(), f"{WORKER_PREFIX}{uuid.uuid4().hex}")
        with ExitStack() as theirs, ExitStack() as ours:
            self._supervisor, orders = map(ours.enter_context, socket.socketpair())
            self.connection, tasks = map(ours.enter_context, multiprocessing.Pipe())
            theirs.callback(orders.close)
            theirs.callback(tasks.close)
            template.fork_worker(self._folder, packages, (tasks.fileno(), orders.fileno()))
            ours.pop_all()

    def has_ended(self, *, within: float) -> bool:
        """Return whether the worker has ended, waiting at most `within` seconds for that."""
        if not self._receive(within, 2):
            return False
        with suppress(ValueError):  # there is no report where the supervisor was killed
            report = json.loads(self._received.partition(b"\n")[2])
            self._exit_code, self._printed = report["code"], report["printed"]
        return True

    def _receive(self, within: float, lines: float) -> bool:
        """Receive what the supervisor writes until there are some lines, or it is gone; return whether that is so."""
        deadline = time.monotonic() + within
        while self._received.count(b"\n") < lines and not self._is_gone:
            self._supervisor.settimeout(max(0.0, deadline - time.monotonic()))
            try:
                part = self._supervisor.recv(65_536)
            except (BlockingIOError, TimeoutError):
                return False
            except OSError:
                part = b""
            self._received, self._is_gone = self._received + part, not part
        return True

    def _supervisor_pid(self) -> int | None:
        """Return the process id of the supervisor; None where it has not begun or has ended."""
        self._receive(0.0, 1)
        pid, newline, _ = self._received.partition(b"\n")
        return int(pid) if newline and not self._is_gone else None

    def memory_mb(self) -> float:
        """Return the resident memory of the worker and all that it started; shared pages count once."""
        pid = self._supervisor_pid()
        with suppress(psutil.Error, OSError):  # the supervisor is the parent of what the worker's children leave behind
            processes = [] if pid is None else psutil.Process(pid).children(recursive=True)
            if len(processes) == 1:
                return float(processes[0].memory_info().rss) / 2**20
            return sum(map(_share_mb, processes))
        return 0.0

    def forget_output(self) -> None:
        """Discard what the worker has printed so far."""
        with suppress(OSError):
            self._supervisor.send(b"\n")

    def end(self) -> None:
        """Begin to end the worker and all that it started; `wait` completes it."""
        self.connection.close()
        with suppress(OSError):
            self._supervisor.shutdown(socket.SHUT_WR)

    def wait(self) -> None:
        """Return when nothing of the worker is left."""
        deadline = time.monotonic() + _PATIENCE
        if self._exit_code is None:
            self.has_ended(within=_PATIENCE)
        self._receive(max(0.0, deadline - time.monotonic()), math.inf)
        if (pid := self._supervisor_pid()) is not None:
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        self._supervisor.close()
        supervisor.remove(self._folder)  # where the supervisor was killed

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


def _share_mb(process: psutil.Process) -> float:
    """Return the memory of one process; pages that several processes hold are divided among them."""
    with suppress(psutil.Error, OSError):
        memory = process.memory_full_info()
        return float(getattr(memory, "pss", memory.rss)) / 2**20  # only Linux reports the first
    return 0.0
