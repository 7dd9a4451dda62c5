"""The keeper of one worker: a small process between the run and a worker, standard library only.

It starts the worker, holds the end of what it writes, says how it ended, and ends it with all processes that came
from it as soon as the run asks, or is gone, be it by kill -9. A plug-in that kills its parent meets the keeper and not
the run; one that writes without end fills neither a disk nor a terminal.
"""

from __future__ import annotations

import fcntl
import json
import os
import select
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

MARK = "CLUSTERBENCH_WORKER"
REPORT = b'{"code": '
_KEPT = 4_000  # bytes of what the worker writes
_CHUNK = 65_536
_PATIENCE = 1.0  # seconds to see all processes gone, which takes milliseconds


def main() -> None:
    """Run the command that is ordered on standard input until it or the run ends.

    Notes
    -----
    The first line of standard input is JSON: command, mark, folder (the worker's own, for temporary files, which is
    made here and removed here, so that a run may be killed at any moment and leaves none), descriptor (of the worker's
    socket), run (process id). The worker's environment is that of its keeper, so that a command line, which everybody
    may read, holds none of it.
    Each byte after that forgets what the worker wrote so far; the closing, by the run or with it, ends the worker.
    At the end one JSON object goes to standard output: the worker's exit code, and its last words.
    """
    told = orders()
    try:
        claim(told["folder"])
    except OSError as error:
        say(1, f"the folder for its temporary files cannot be made: {error}".encode())
        os._exit(1)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    wake, waker = os.pipe()
    os.set_blocking(waker, False)
    signal.set_wakeup_fd(waker)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    adopt()
    reader, writer = os.pipe()
    worker = start(told, writer)
    os.close(writer)
    code, words = keep(worker, told["run"], reader, wake)
    end_family(worker, told["mark"], os.getpid())
    words = (words + drained(reader))[-_KEPT:]
    say(code, words)
    remove(told["folder"])
    os._exit(0)


def say(code: int, words: bytes) -> None:
    """Report on standard output how the worker ended, and close that, which the run waits for."""
    with suppress(OSError):  # nobody listens when the run is gone
        os.write(1, json.dumps({"code": code, "words": words.decode("latin-1")}).encode())
    os.close(1)


def orders() -> dict[str, Any]:
    """Return what the first line of standard input says."""
    line = b""
    while not line.endswith(b"\n"):
        part = os.read(0, _CHUNK)
        if not part:  # the run is gone already
            os._exit(1)
        line += part
    told: dict[str, Any] = json.loads(line)
    return told


def claim(folder: str) -> None:
    """Make a folder and lock it as long as this process lives, so that no run takes it for one that was left behind."""
    os.mkdir(folder, 0o700)
    with suppress(OSError):
        fcntl.flock(os.open(folder, os.O_RDONLY), fcntl.LOCK_EX | fcntl.LOCK_NB)


def adopt() -> None:
    """Become the parent of all descendants whose own parent ends, where the kernel can do that (Linux)."""
    with suppress(ImportError, OSError, AttributeError):
        import ctypes

        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER


def start(told: dict[str, Any], output: int) -> int:
    """Start the worker as the leader of a session of its own; return its process id."""
    descriptor: int = told["descriptor"]
    worker = os.fork()
    if worker:
        os.close(descriptor)
        return worker
    try:
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.set_inheritable(descriptor, True)
        with suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
            file.write("1000")  # where memory runs out, the kernel ends this one, and not the run
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        environment = {**os.environb, MARK.encode(): told["mark"].encode()}
        os.execve(told["command"][0], told["command"], environment)
    finally:
        os._exit(127)


def keep(worker: int, run: int, reader: int, wake: int) -> tuple[int, bytes]:
    """Wait for the end of `worker`, or bring it about; return its exit code and the end of what it wrote."""
    words, watched = b"", [0, wake, reader]
    while True:
        ready = select.select(watched, [], [], 0.5)[0]
        status = reap().get(worker)
        if status is not None:
            return os.waitstatus_to_exitcode(status), words
        asked = os.read(0, 64) if 0 in ready else None
        if asked == b"" or os.getppid() != run:
            os.kill(worker, signal.SIGKILL)
            return os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1]), words
        if asked:
            words = b""
        if wake in ready:
            os.read(wake, 512)
        if reader in ready:
            part = os.read(reader, _CHUNK)
            words = (words + part)[-_KEPT:]
            if not part:  # the worker has closed its outputs
                watched.remove(reader)


def reap() -> dict[int, int]:
    """Return the wait statuses of the children, also the adopted ones, that have ended."""
    found: dict[int, int] = {}
    with suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                break
            found[pid] = status
    return found


def drained(reader: int) -> bytes:
    """Return the end of what is left in a pipe."""
    words = b""
    os.set_blocking(reader, False)
    with suppress(BlockingIOError):
        for _ in range(64):
            part = os.read(reader, _CHUNK)
            if not part:
                break
            words = (words + part)[-_KEPT:]
    return words


def end_family(leader: int, mark: str, ancestor: int) -> None:
    """Kill every process that came from the worker `leader`, also those that left its session; see `relatives`."""
    if not os.path.isdir("/proc/self"):
        with suppress(OSError):
            os.killpg(leader, signal.SIGKILL)
        return
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:  # more than once: a process may fork while the others are being killed
        family = list(relatives(leader, mark, ancestor))
        if not family:
            return
        for pid in family:
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.005)


def remove(folder: str) -> None:
    """Remove a folder with all that is in it, also where permissions were taken away."""
    with suppress(OSError):
        os.rmdir(folder)  # as a rule it is empty
    if not os.path.lexists(folder):
        return
    import shutil

    shutil.rmtree(folder, ignore_errors=True)
    for place, names, _ in os.walk(folder):  # from the top, so that each is opened before it is entered
        for path in (place, *(os.path.join(place, name) for name in names)):
            with suppress(OSError):
                os.chmod(path, 0o700, follow_symlinks=False)
    shutil.rmtree(folder, ignore_errors=True)


def relatives(leader: int, mark: str, ancestor: int) -> Iterator[int]:
    """Give the living descendants of `ancestor`, processes of the session of `leader`, and those that carry `mark`."""
    wanted = f"{MARK}={mark}".encode()
    processes = {pid: found for pid in pids() if (found := parent_and_session(pid))}
    processes.pop(os.getpid(), None)
    family = {ancestor}
    grown = 0
    while grown < len(family):
        grown = len(family)
        family |= {pid for pid, (parent, _) in processes.items() if parent in family}
    for pid, (_, session) in processes.items():
        if pid in family or session == leader:
            yield pid
            continue
        with suppress(OSError), open(f"/proc/{pid}/environ", "rb") as file:
            if wanted in file.read().split(b"\0"):
                yield pid


def pids() -> list[int]:
    """Return the processes of this machine."""
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def parent_and_session(pid: int) -> tuple[int, int] | None:
    """Return two facts of a process; None when it has ended."""
    with suppress(OSError, ValueError, IndexError):
        with open(f"/proc/{pid}/stat", "rb") as file:
            state, parent, _, session = file.read().rpartition(b")")[2].split()[:4]
        return None if state in b"ZX" else (int(parent), int(session))
    return None


if __name__ == "__main__":
    main()
