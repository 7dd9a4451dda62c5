"""One writer per store: a lock that the kernel releases when its process ends."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import socket
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from clusterbench.errors import RequestError

LOCK_NAME = "clusterbench.lock"


class WriterLock:
    """Exclusive right to write the store of a results folder; a context manager.

    The file stays in the folder; the lock ends with the process that holds it.

    Raises
    ------
    RequestError
        When another process holds it; the message names the holder.
    OSError
        When the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self._file = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            now = datetime.now(UTC).isoformat(timespec="seconds")
            note = json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": now})
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, note.encode(), 0)
        except BlockingIOError as error:
            holder = _holder(self._file)
            self.release()
            raise RequestError(
                f"another run writes to {str(folder)!r}: {holder}",
                allowed="wait for it to end, or use another --results folder",
            ) from error
        except OSError as error:
            self.release()
            if error.errno in (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS):
                raise RequestError(
                    f"the file system of {str(folder)!r} supports no file locks ({error.strerror});"
                    " without them two runs could write to one store",
                    allowed="a --results folder on another file system",
                ) from error
            raise

    def release(self) -> None:
        """Release the lock; doing so twice is harmless."""
        file, self._file = self._file, -1
        if file >= 0:
            os.close(file)

    def __enter__(self) -> WriterLock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def _holder(file: int) -> str:
    try:
        note = json.loads(os.pread(file, 1000, 0))
        return f"process {note['pid']} on {note['host']}, since {note['since']}"
    except (ValueError, KeyError, TypeError):
        return "a process whose name is not known yet"
