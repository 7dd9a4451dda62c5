"""One writer per store: a lock that the kernel releases when its process ends."""

import errno
import fcntl
import json
import os
import socket
from datetime import UTC, datetime
from pathlib import Path

from clusterbench.errors import RequestError

LOCK_NAME = "clusterbench.lock"


def lock_for_writing(folder: Path) -> int:
    """Take the exclusive right to write the store of a folder and return the open file that holds it.

    The lock ends when the file is closed; the file stays in the folder. RequestError, which names the holder, when
    another process holds it; OSError when the folder cannot be written.
    """
    file = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        note = json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": now})
        os.ftruncate(file, 0)
        os.pwrite(file, note.encode(), 0)
    except OSError as error:
        holder = _holder(file)
        os.close(file)
        if isinstance(error, BlockingIOError):
            raise RequestError(
                f"another run writes to {str(folder)!r}: {holder}",
                allowed="wait for it to end, or use another --results folder",
            ) from error
        if error.errno in (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS):
            raise RequestError(
                f"the file system of {str(folder)!r} supports no file locks ({error.strerror});"
                " without them two runs could write to one store",
                allowed="a --results folder on another file system",
            ) from error
        raise
    return file


def _holder(file: int) -> str:
    try:
        note = json.loads(os.pread(file, 1000, 0))
        return f"process {note['pid']} on {note['host']}, since {note['since']}"
    except (ValueError, KeyError, TypeError):
        return "a process whose name is not known yet"
