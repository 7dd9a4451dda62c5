"""Folders for the time of a run, which the next run removes where a run was killed."""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

RUN_PREFIX, WORKER_PREFIX = "clusterbench-run-", "clusterbench-worker-"
_YOUNG = 10.0  # seconds in which a folder may still be without the lock of its owner


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Make a temporary folder for the block, and remove those that killed runs have left.

    A folder belongs to a living process as long as its lock is held, which ends with the process in any case.
    """
    sweep(Path(tempfile.gettempdir()))
    folder = Path(tempfile.mkdtemp(prefix=RUN_PREFIX))
    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def sweep(place: Path) -> None:
    """Remove the folders of runs and workers in `place` that no process holds; those of other users are left alone."""
    for folder in (*place.glob(f"{RUN_PREFIX}*"), *place.glob(f"{WORKER_PREFIX}*")):
        with suppress(OSError):
            status = folder.lstat()
            if status.st_uid != os.getuid() or time.time() - status.st_mtime < _YOUNG:
                continue
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(lock)
