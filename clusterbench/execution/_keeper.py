"""The keeper of one worker: a small process between the run and a worker, standard library only.

It starts the worker, holds the end of what it writes, says how it ended, and ends it with all processes that came
from it as soon as the run asks, or is gone, be it by kill -9. A plug-in that kills its parent meets the keeper and not
the run; one that writes without end fills neither a disk nor a terminal.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

MARK = "CLUSTERBENCH_WORKER"
_KEPT = 4_000  # bytes of what the worker writes
_CHUNK = 65_536


def main(orders: str) -> None:
    """Run the command in `orders` until it or the run ends.

    Parameters
    ----------
    orders : str
        JSON: command, environment, descriptor (of the worker's socket), run (process id).

    Notes
    -----
    A byte on standard input forgets what the worker wrote so far; its closing, by the run or with it, ends the worker.
    At the end one JSON object goes to standard output: the worker's exit code, and its last words.
    """
    told = json.loads(orders)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    wake, waker = os.pipe()
    os.set_blocking(waker, False)
    signal.set_wakeup_fd(waker)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    reader, writer = os.pipe()
    worker = start(told, writer)
    os.close(writer)
    code, words = keep(worker, told["run"], reader, wake)
    end_family(worker, told["environment"][MARK])
    words = (words + drained(reader))[-_KEPT:]
    with suppress(OSError):  # nobody listens when the run is gone
        os.write(1, json.dumps({"code": code, "words": words.decode("latin-1")}).encode())


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
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        os.execve(told["command"][0], told["command"], told["environment"])
    finally:
        os._exit(127)


def keep(worker: int, run: int, reader: int, wake: int) -> tuple[int, bytes]:
    """Wait for the end of `worker`, or bring it about; return its exit code and the end of what it wrote."""
    words, watched = b"", [0, wake, reader]
    while True:
        ready = select.select(watched, [], [], 0.5)[0]
        done, status = os.waitpid(worker, os.WNOHANG)
        if done:
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


def end_family(leader: int, mark: str) -> None:
    """Kill every process that came from the worker `leader`, also those that left its session."""
    if not os.path.isdir("/proc/self"):
        with suppress(OSError):
            os.killpg(leader, signal.SIGKILL)
        return
    for _ in range(20):  # more than once: a process may fork while the others are being killed
        family = list(relatives(leader, mark))
        if not family:
            return
        for pid in family:
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.005)


def relatives(leader: int, mark: str) -> Iterator[int]:
    """Give the living processes of the session of `leader`, and those whose environment carries `mark`."""
    wanted = f"{MARK}={mark}".encode()
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) == os.getpid():
            continue
        with suppress(OSError, ValueError, IndexError):
            with open(f"/proc/{name}/stat", "rb") as file:
                state, _, _, session = file.read().rpartition(b")")[2].split()[:4]
            if state in b"ZX":
                continue
            if int(session) == leader:
                yield int(name)
                continue
            with open(f"/proc/{name}/environ", "rb") as file:
                if wanted in file.read().split(b"\0"):
                    yield int(name)


if __name__ == "__main__":
    main(sys.argv[1])
