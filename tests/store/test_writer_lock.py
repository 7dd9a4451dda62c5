"""One writer at a time; a dead one is no obstacle."""

from __future__ import annotations

import errno
import os
import signal
import socket
import subprocess
import sys

import pytest

from clusterbench.errors import RequestError
from clusterbench.store import STORE_NAME, Store

HOLD = """
import sys
from pathlib import Path
from clusterbench.store import Store
try:
    store = Store.writer(Path(sys.argv[1]))
except Exception as error:
    print(f"{type(error).__name__}: {error}", flush=True)
else:
    print("mine", flush=True)
    sys.stdin.read()
"""


def holder(folder) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(place for place in sys.path if place)}
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )


def test_a_second_writer_is_refused_by_name_until_the_first_one_is_killed(tmp_path):
    with holder(tmp_path) as first:
        assert first.stdout.readline() == "mine\n"
        with pytest.raises(RequestError) as caught:
            Store.writer(tmp_path)
        assert f"process {first.pid} on {socket.gethostname()}, since 20" in str(caught.value)
        assert "another --results folder" in str(caught.value)
        with Store.reader(tmp_path) as store:
            assert store.benchmarks() == []
        first.send_signal(signal.SIGKILL)
    assert str(first.pid) in (tmp_path / "clusterbench.lock").read_text()
    with Store.writer(tmp_path):
        assert f'"pid": {os.getpid()}' in (tmp_path / "clusterbench.lock").read_text()


def test_in_one_process_too_there_is_one_writer(tmp_path):
    with Store.writer(tmp_path), pytest.raises(RequestError, match=f"process {os.getpid()} on"):
        Store.writer(tmp_path)
    with Store.writer(tmp_path):
        pass


def test_a_lock_with_a_strange_note_still_refuses(tmp_path):
    with Store.writer(tmp_path):
        (tmp_path / "clusterbench.lock").write_text("[]")
        with pytest.raises(RequestError, match="a process whose name is not known yet"):
            Store.writer(tmp_path)


def test_two_processes_that_make_a_store_at_once_make_one(tmp_path):
    both = [holder(tmp_path) for _ in range(2)]
    said = sorted(process.stdout.readline().split(":")[0].strip() for process in both)
    for process in both:
        process.communicate("")
    assert said == ["RequestError", "mine"]
    assert sorted(os.listdir(tmp_path)) == ["clusterbench.lock", STORE_NAME]


def test_a_lock_that_is_a_symbolic_link_is_not_followed(tmp_path):
    (tmp_path / "file").write_text("of somebody else")
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "clusterbench.lock").symlink_to(tmp_path / "file")
    with pytest.raises(RequestError, match="cannot be written"):
        Store.writer(tmp_path / "results")
    assert (tmp_path / "file").read_text() == "of somebody else"


def test_a_file_system_without_locks_is_named(tmp_path, monkeypatch):
    def refuse(*arguments):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", refuse)
    with pytest.raises(RequestError, match=r"supports no file locks \(No locks available\).*on another file system"):
        Store.writer(tmp_path)


def test_a_creation_that_was_killed_is_begun_anew(tmp_path):
    (tmp_path / f"{STORE_NAME}.new").write_bytes(b"SQLite format 3\x00 and no more")
    (tmp_path / f"{STORE_NAME}.new-journal").write_bytes(b"rubbish")
    with Store.writer(tmp_path) as store:
        assert store.benchmarks() == []
    assert sorted(os.listdir(tmp_path)) == ["clusterbench.lock", STORE_NAME]
