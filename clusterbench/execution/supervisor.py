"""The supervisor of one worker: a small process between the run and the worker, standard library only.

It starts the worker, keeps the end of what it prints, and reports how it ended. As soon as the run asks, or is gone,
also by ``kill -9``, it kills the worker with every process that came from it, and removes its temporary folder.
"""

import fcntl
import json
import os
import select
import signal
import sys
import time
from contextlib import suppress

_KEPT = 4_000  # bytes of what the worker prints
_CHUNK = 65_536
_TICK = 0.1  # seconds between checks of the worker; the end of its output is seen at once
_PATIENCE = 1.0  # seconds to see all processes gone, which takes milliseconds


def main(folder: str, connection: int, run: int, command: list[str]) -> None:
    """Run `command`, which inherits the descriptor `connection`, until it or the process `run` ends.

    The `folder` for its temporary files is made here, so that a run may be killed at any moment and leaves none. Each
    byte on standard input discards what the worker has printed so far; its end ends the worker. At the end one JSON
    object goes to standard output: the worker's exit code, and the end of what it printed.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    try:
        claim(folder)
    except OSError as error:
        report(1, f"the folder for its temporary files cannot be made: {error}".encode())
        return
    become_subreaper()
    output, worker_output = os.pipe()
    worker = start(command, connection, worker_output)
    os.close(connection)
    os.close(worker_output)
    code, printed = supervise(worker, run, output)
    kill_descendants(worker)
    os.set_blocking(output, False)
    with suppress(BlockingIOError):
        while part := os.read(output, _CHUNK):
            printed = (printed + part)[-_KEPT:]
    report(code, printed)
    remove(folder)


def report(code: int, printed: bytes) -> None:
    """Write the report, and close standard output, which the run waits for."""
    with suppress(OSError):  # nobody reads it when the run is gone
        os.write(1, json.dumps({"code": code, "printed": printed.decode("latin-1")}).encode())
    os.close(1)


def claim(folder: str) -> None:
    """Make a folder and lock it as long as this process lives, so that no run removes it as left behind."""
    os.mkdir(folder, 0o700)
    with suppress(OSError):
        fcntl.flock(os.open(folder, os.O_RDONLY), fcntl.LOCK_EX | fcntl.LOCK_NB)


def become_subreaper() -> None:
    """Become the parent of all descendants whose own parent ends, where the kernel can do that (Linux)."""
    with suppress(ImportError, OSError, AttributeError):
        import ctypes

        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER


def start(command: list[str], connection: int, output: int) -> int:
    """Start the worker as the leader of a session of its own; return its process id."""
    worker = os.fork()
    if worker:
        return worker
    try:
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.set_inheritable(connection, True)
        with suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
            file.write("1000")  # where memory runs out, the kernel kills this process, and not the run
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        os.execv(command[0], command)
    finally:
        os._exit(127)


def supervise(worker: int, run: int, output: int) -> tuple[int, bytes]:
    """Wait for the end of `worker`, or kill it; return its exit code and the end of what it printed."""
    printed, watched = b"", [0, output]
    while True:
        ready = select.select(watched, [], [], _TICK)[0]
        status = reap().get(worker)
        if status is not None:
            return os.waitstatus_to_exitcode(status), printed
        request = os.read(0, 64) if 0 in ready else None
        if request == b"" or os.getppid() != run:
            os.kill(worker, signal.SIGKILL)
            return os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1]), printed
        if request:
            printed = b""
        if output in ready:
            part = os.read(output, _CHUNK)
            printed = (printed + part)[-_KEPT:]
            if not part:  # the worker has closed its outputs
                watched.remove(output)


def reap() -> dict[int, int]:
    """Return the wait statuses of the children, also the orphans among them, that have ended."""
    ended: dict[int, int] = {}
    with suppress(ChildProcessError):
        while (child := os.waitpid(-1, os.WNOHANG))[0]:
            ended[child[0]] = child[1]
    return ended


def kill_descendants(worker: int) -> None:
    """Kill the session of the worker, and, where ``/proc`` lists processes, all that descend from this one."""
    with suppress(OSError):
        os.killpg(worker, signal.SIGKILL)
    deadline = time.monotonic() + _PATIENCE
    while (processes := descendants()) and time.monotonic() < deadline:  # one may fork while others are killed
        for pid in processes:
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.005)


def descendants() -> set[int]:
    """Return the living descendants of this process."""
    parents: dict[int, int] = {}
    with suppress(OSError):
        for name in filter(str.isdigit, os.listdir("/proc")):
            with suppress(OSError, ValueError), open(f"/proc/{name}/stat", "rb") as file:
                state, parent = file.read().rpartition(b")")[2].split()[:2]
                if state not in b"ZX":
                    parents[int(name)] = int(parent)
    known, n_known = {os.getpid()}, 0
    while n_known < len(known):
        n_known = len(known)
        known |= {pid for pid, parent in parents.items() if parent in known}
    return known - {os.getpid()}


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
                if not os.path.islink(path):
                    os.chmod(path, 0o700)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])
