"""Scratch folders go when their run goes, at the latest when the next one starts."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress

import pytest

from clusterbench.execution import scratch_folder

from .conftest import subprocess_environment


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def make_old(folder) -> None:
    long_ago = time.time() - 3600
    os.utime(folder, (long_ago, long_ago))


def sweep() -> None:
    """Remove what is left over, as the start of every run does."""
    with scratch_folder():
        pass


@pytest.mark.parametrize("error", [None, KeyboardInterrupt])
def test_a_folder_exists_for_the_block_only(place, error):
    with suppress(KeyboardInterrupt), scratch_folder() as folder:
        (folder / "space.npy").write_bytes(b"x")
        assert folder.parent == place
        if error is not None:
            raise error
    assert list(place.iterdir()) == []


def test_what_a_killed_run_left_is_removed_by_the_next(place):
    code = "import os, clusterbench.execution as e; held = e.scratch_folder(); held.__enter__(); os._exit(0)"
    subprocess.run([sys.executable, "-c", code], env=subprocess_environment(TMPDIR=place), check=True)
    (left,) = place.iterdir()
    sweep()
    assert left.exists()  # too young to be sure
    make_old(left)
    sweep()
    assert not left.exists()


def test_folders_of_living_runs_and_of_other_programs_are_left_alone(place):
    (place / "clusterbench-of-another").mkdir()
    (place / "clusterbench-file").write_text("x")
    (place / "something-else").mkdir()
    with scratch_folder() as folder:
        for path in place.iterdir():
            make_old(path)
        sweep()
        assert folder.exists()
        assert len(list(place.iterdir())) == 4


def test_an_empty_folder_of_a_run_that_was_killed_before_it_locked_it_is_removed(place):
    empty, full = place / "clusterbench-run-ab_12xyz", place / "clusterbench-ab_12xyz"
    for folder in (empty, full):
        folder.mkdir()
    (full / "of another").write_text("x")
    sweep()
    assert empty.exists()  # its run may be about to lock it
    for folder in (empty, full):
        make_old(folder)
    sweep()
    assert list(place.iterdir()) == [full]


def test_the_folder_of_a_worker_is_removed_when_nobody_holds_it(place):
    left, held = place / "clusterbench-worker-1", place / "clusterbench-worker-2"
    for folder in (left, held):
        (folder / "inner").mkdir(parents=True)
        make_old(folder)
    lock = os.open(held, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    sweep()
    assert list(place.iterdir()) == [held]
    os.close(lock)
    sweep()
    assert list(place.iterdir()) == []
