"""Scratch folders go when their run goes, at the latest when the next one comes."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import tempfile
import time

import pytest

from clusterbench.execution import scratch_folder
from clusterbench.execution.temporary_folders import sweep


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def age(folder) -> None:
    long_ago = time.time() - 3600
    os.utime(folder, (long_ago, long_ago))


def test_a_folder_is_there_for_the_block_only(place):
    with scratch_folder() as folder:
        (folder / "space.npy").write_bytes(b"x")
        assert folder.parent == place
    assert list(place.iterdir()) == []


def test_a_folder_is_removed_when_the_block_raises(place):
    with pytest.raises(KeyboardInterrupt), scratch_folder():
        raise KeyboardInterrupt
    assert list(place.iterdir()) == []


def test_what_a_killed_run_left_is_removed_by_the_next(place):
    code = "import os, clusterbench.execution as e; held = e.scratch_folder(); held.__enter__(); os._exit(0)"
    paths = os.pathsep.join(path for path in sys.path if path)
    subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": paths, "TMPDIR": str(place)}, check=True
    )
    (left,) = place.iterdir()
    sweep(place)
    assert left.exists()  # too young to be sure
    age(left)
    with scratch_folder():
        assert not left.exists()


def test_folders_of_living_runs_and_of_others_are_left_alone(place):
    (place / "clusterbench-of-somebody").mkdir()
    (place / "clusterbench-file").write_text("x")
    (place / "something-else").mkdir()
    with scratch_folder() as folder:
        for path in place.iterdir():
            age(path)
        sweep(place)
        assert folder.exists()
        assert len(list(place.iterdir())) == 4


def test_an_empty_folder_of_a_run_that_was_killed_before_it_locked_it_is_removed(place):
    empty, full = place / "clusterbench-ab_12xyz", place / "clusterbench-34567890"
    for folder in (empty, full):
        folder.mkdir()
    (full / "of somebody").write_text("x")
    sweep(place)
    assert empty.exists()  # its run may be about to lock it
    for folder in (empty, full):
        age(folder)
    sweep(place)
    assert list(place.iterdir()) == [full]


def test_the_folder_of_a_worker_is_swept_when_nobody_holds_it(place):
    left, held = place / "clusterbench-worker-1", place / "clusterbench-worker-2"
    for folder in (left, held):
        (folder / "inner").mkdir(parents=True)
        age(folder)
    lock = os.open(held, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    sweep(place)
    assert list(place.iterdir()) == [held]
    os.close(lock)
    sweep(place)
    assert list(place.iterdir()) == []
