"""Folders for the time of a run, which the next run removes where a run was killed."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

WORKER_PREFIX = "clusterbench-worker-"
"""Of the folders of workers, which are locked themselves: a plug-in may remove all that is in its own."""
_PREFIX = "clusterbench-"
_OWNER = "owner.lock"
_MADE = re.compile(rf"{_PREFIX}[a-z0-9_]{{8}}")  # by mkdtemp
_YOUNG = 10.0  # seconds in which a folder may still be without the lock of its owner


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Make a temporary folder for the block, and remove those that killed runs have left.

    A folder belongs to a living run as long as its lock is held, which ends with the process in any case.
    """
    sweep(Path(tempfile.gettempdir()))
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    lock = os.open(folder / _OWNER, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def sweep(place: Path) -> None:
    """Remove the scratch folders in `place` whose runs are gone; those of other users are left alone."""
    for folder in place.glob(f"{_PREFIX}*"):
        with suppress(OSError):
            status = folder.lstat()
            if status.st_uid != os.getuid() or time.time() - status.st_mtime < _YOUNG:
                continue
            if folder.name.startswith(WORKER_PREFIX):
                lock = os.open(folder, os.O_RDONLY)
            elif (folder / _OWNER).exists():
                lock = os.open(folder / _OWNER, os.O_RDWR)
            else:  # its run was killed before it could lock it, or it is not of this program
                if _MADE.fullmatch(folder.name):
                    folder.rmdir()  # only if it is empty
                continue
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(lock)
