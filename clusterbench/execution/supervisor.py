"""The supervisor of one worker: a process between the template and the worker, which does nothing else.

It forks the worker, keeps the end of what it prints, and reports how it ended. As soon as the run asks, or is gone,
also by ``kill -9``, it kills the worker with every process that came from it, and removes its temporary folder.
"""

import fcntl
import json
import os
import select
import signal
import time
import traceback
from collections.abc import Callable
from contextlib import suppress

_KEPT = 4_000  # bytes of what the worker prints
_CHUNK = 65_536
_TICK = 0.1  # seconds between checks of the worker; the end of its output is seen at once
_PATIENCE = 1.0  # seconds to see all processes gone, which takes milliseconds


def main(folder: str, connection: int, serve: Callable[[], None]) -> None:
    """Run `serve` in a worker, with the descriptor `connection`, until it or the run ends.

    The `folder` for its temporary files is made here, so that a run may be killed at any moment and leaves none. Each
    byte on standard input discards what the worker has printed so far; its end ends the worker. Standard output gets
    the id of this process, and at the end one JSON object: the worker's exit code, and the end of what it printed.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    write_line(str(os.getpid()))
    try:
        lock = claim(folder)
    except OSError as error:
        report(1, f"the folder for its temporary files cannot be made: {error}".encode())
        return
    become_subreaper()
    output, worker_output = os.pipe()
    template = os.getppid()
    worker = start(serve, worker_output, (output, lock))
    os.close(connection)
    os.close(worker_output)
    code, printed = supervise(worker, template, output)
    kill_descendants(worker)
    os.set_blocking(output, False)
    with suppress(BlockingIOError):
        while part := os.read(output, _CHUNK):
            printed = (printed + part)[-_KEPT:]
    report(code, printed)
    remove(folder)


def report(code: int, printed: bytes) -> None:
    """Write how the worker ended, which the run waits for."""
    write_line(json.dumps({"code": code, "printed": printed.decode("latin-1")}))


def write_line(text: str) -> None:
    """Write a line to standard output."""
    with suppress(OSError):  # nobody reads it when the run is gone
        os.write(1, f"{text}\n".encode())


def claim(folder: str) -> int:
    """Make a folder and lock it as long as this process lives, so that no run removes it as left behind.

    Returns the descriptor that holds the lock.
    """
    os.mkdir(folder, 0o700)
    lock = os.open(folder, os.O_RDONLY)
    with suppress(OSError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return lock


def become_subreaper() -> None:
    """Become the parent of all descendants whose own parent ends, where the kernel can do that (Linux)."""
    with suppress(ImportError, OSError, AttributeError):
        import ctypes

        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER


def start(serve: Callable[[], None], output: int, own: tuple[int, ...]) -> int:
    """Fork the worker as the leader of a session of its own; return its process id. It gets no descriptor of `own`."""
    worker = os.fork()
    if worker:
        return worker
    code = 1
    try:
        os.setsid()
        null = os.open(os.devnull, os.O_RDONLY)
        for standard, source in enumerate((null, output, output)):
            os.dup2(source, standard)
        for descriptor in (null, output, *own):
            os.close(descriptor)
        with suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
            file.write("1000")  # where memory runs out, the kernel kills this process, and not the run
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        serve()
        code = 0
    except BaseException:  # a plug-in may raise anything
        traceback.print_exc()
        raise
    finally:
        os._exit(code)


def supervise(worker: int, template: int, output: int) -> tuple[int, bytes]:
    """Wait for the end of `worker`, or kill it; return its exit code and the end of what it printed."""
    printed, watched = b"", [0, output]
    while True:
        ready = select.select(watched, [], [], _TICK)[0]
        status = reap().get(worker)
        if status is not None:
            return os.waitstatus_to_exitcode(status), printed
        request = read_request() if 0 in ready else None
        if request == b"" or os.getppid() != template:
            os.kill(worker, signal.SIGKILL)
            return os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1]), printed
        if request:
            printed = b""
        if output in ready:
            part = os.read(output, _CHUNK)
            printed = (printed + part)[-_KEPT:]
            if not part:  # the worker has closed its outputs
                watched.remove(output)


def read_request() -> bytes:
    """Return what the run has written; nothing where it has closed the connection or is gone."""
    with suppress(ConnectionResetError):  # it is gone, and has not read all that was written
        return os.read(0, 64)
    return b""


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
