"""The store's file: what is refused is left as it is, and what was finished outlives everything."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import struct
import subprocess
import sys
import tempfile
import textwrap
import time
import zlib
from contextlib import closing
from pathlib import Path

import pytest

from clusterbench.errors import RequestError
from clusterbench.store import SCHEMA_VERSION, STORE_NAME, Store, register, seal

KEY = "a" * 64


def everything_in(folder: Path) -> dict[str, bytes]:
    """The bytes of each file, the note of the lock aside."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".lock"}


def patched(store: Path, offset: int, number: int) -> None:
    with store.open("r+b") as file:
        file.seek(offset)
        file.write(struct.pack(">I", number))


def make_newer(store: Path) -> None:
    patched(store, 60, SCHEMA_VERSION + 1)


def make_foreign(store: Path) -> None:
    store.unlink()
    connection = sqlite3.connect(store)
    connection.execute("CREATE TABLE photos (name TEXT)")
    connection.commit()
    connection.close()


DAMAGES = {
    "empty": (lambda store: store.write_bytes(b""), "it is empty (0 bytes)"),
    "text": (lambda store: store.write_text("benchmark,dataset\n" * 50), "not an SQLite file"),
    "short": (lambda store: store.write_bytes(store.read_bytes()[:60]), "it is truncated (60 bytes)"),
    "half": (lambda store: os.truncate(store, store.stat().st_size // 2), "it is truncated"),
    "a page less": (lambda store: os.truncate(store, store.stat().st_size - 4096), "it is truncated"),
    "foreign": (make_foreign, "it was not made by clusterbench"),
    "newer": (make_newer, f"was written by a newer clusterbench (schema {SCHEMA_VERSION + 1})"),
    "earlier": (lambda store: patched(store, 60, 1), "was written by an earlier clusterbench (schema 1)"),
    "folder": (lambda store: (store.unlink(), store.mkdir()), "Is a directory"),
}


@pytest.mark.parametrize("open_store", [Store.writer, Store.reader], ids=["writer", "reader"])
@pytest.mark.parametrize("damage", sorted(DAMAGES))
def test_a_file_that_cannot_be_used_is_refused_and_left_as_it_is(folder, damage, open_store):
    harm, message = DAMAGES[damage]
    harm(folder / STORE_NAME)
    before = everything_in(folder) if damage != "folder" else {}
    with pytest.raises(RequestError) as caught:
        open_store(folder)
    assert message in str(caught.value)
    assert STORE_NAME in str(caught.value)
    if damage != "folder":
        assert everything_in(folder) == before
    with pytest.raises(RequestError, match=STORE_NAME):  # and the lock was given back
        Store.writer(folder)


def test_lost_pages_are_refused_when_the_store_is_opened(folder):
    store = folder / STORE_NAME
    with store.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (store.stat().st_size - 4096))
    before = store.read_bytes()
    for open_store in (Store.reader, Store.writer):
        with pytest.raises(RequestError, match=r"cannot be used: .*; it was left as it is"):
            open_store(folder)
    assert store.read_bytes() == before


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"rubbish", "are damaged"),
        (zlib.compress(b"abc"), "are damaged"),
        (zlib.compress(bytes(4 * 51)), "are damaged"),
        ("text", "are damaged"),
        (zlib.compress(bytes(4 * 50)), "were changed"),
    ],
)
def test_labels_that_are_not_those_of_their_hash_are_refused_when_they_are_read(folder, make_cell, data, complaint):
    sha = make_cell(k=3).labeling.sha256
    with closing(sqlite3.connect(folder / STORE_NAME)) as connection, connection:
        connection.execute("UPDATE labelings SET data = ? WHERE sha256 = ?", (data, sha))
        register(connection)
        seal(connection, "labelings")
    with Store.reader(folder) as store:
        for read in (lambda: store.labels(sha[:12]), lambda: store.labelings([sha])):
            with pytest.raises(RequestError, match=f"{STORE_NAME}' cannot be used: the labels {sha[:16]} {complaint}"):
                read()
        sound = make_cell(k=2).labeling
        assert store.labels(sound.sha256).tolist() == sound.labels.tolist()


def test_a_truncated_file_with_a_log_is_refused_too(folder, make_cell):
    crashed = folder.parent / "crashed"
    with Store.writer(folder) as store:
        store.put_cell(make_cell(k=9))
        shutil.copytree(folder, crashed)  # what a killed run leaves: the file and its log
    file, log = crashed / STORE_NAME, crashed / f"{STORE_NAME}-wal"
    assert log.stat().st_size > 0
    os.truncate(file, 3 * 4096)
    before = file.read_bytes(), log.read_bytes()
    for open_store in (Store.writer, Store.reader):
        with pytest.raises(RequestError, match="cannot be used"):
            open_store(crashed)
    assert (file.read_bytes(), log.read_bytes()) == before


def test_what_a_killed_run_leaves_opens_with_every_cell(folder, make_cell):
    crashed = folder.parent / "crashed"
    with Store.writer(folder) as store:
        store.put_cell(make_cell(k=9))
        shutil.copytree(folder, crashed)
    (crashed / f"{STORE_NAME}-shm").unlink()
    log = (crashed / f"{STORE_NAME}-wal").read_bytes()
    with Store.reader(crashed) as store:
        assert set(store.cells([KEY])["cut"]) == {f'{{"k":{k}}}' for k in (2, 3, 4, 9)}
    assert (crashed / f"{STORE_NAME}-wal").read_bytes() == log
    with Store.writer(crashed) as store:
        assert len(store.cells([KEY])) == 4


def test_a_reader_cannot_write_and_sees_what_a_writer_does(folder, make_cell):
    with Store.writer(folder) as writer, Store.reader(folder) as reader:
        writer.put_cell(make_cell(k=7))
        assert len(reader.cells([KEY])) == 4
        with pytest.raises(RequestError, match="readonly"):
            reader.put_cell(make_cell(k=8))
        writer.put_cell(make_cell(k=8))
        assert len(reader.cells([KEY])) == 5


def test_a_reader_leaves_the_file_as_it_is(folder):
    before = (folder / STORE_NAME).read_bytes()
    with Store.reader(folder) as store:
        store.cells([KEY])
    assert (folder / STORE_NAME).read_bytes() == before


def test_without_results_a_reader_says_what_to_do(tmp_path):
    with pytest.raises(RequestError, match=r"no results at .*run a benchmark first"):
        Store.reader(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("place", ["file/results", "file", "/proc/results", "/dev/null"])
def test_a_folder_that_cannot_be_made_is_refused(tmp_path, place):
    (tmp_path / "file").write_text("a file")
    with pytest.raises(RequestError, match=r"results folder .* cannot be written"):
        Store.writer(tmp_path / place)


def as_child(script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a script with the store imported, in a process of its own."""
    code = "import os, resource, sys, time\nfrom pathlib import Path\n" + textwrap.dedent(script)
    path = os.pathsep.join(place for place in sys.path if place)
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": path},
        check=False,
    )


MAKE_CELLS = """
import numpy as np
from clusterbench.errors import RequestError
from clusterbench.execution import CellStatus, CutDone
from clusterbench.labeling import Labeling
from clusterbench.store import Store
def cell(number):
    labels = np.random.default_rng(number).integers(0, 9, size=2000)
    return CutDone("a" * 64, str(number), CellStatus.OK, "", Labeling.of(labels))
"""


def test_a_full_disk_ends_with_one_message_and_keeps_what_was_finished(tmp_path):
    script = """
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))  # like a full disk: no file grows beyond this
    try:
        Store.writer(Path(sys.argv[1]))
    except RequestError as error:
        print("no room:", error)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))
    done = 0
    store = Store.writer(Path(sys.argv[1]))
    try:
        while done < 10_000:
            store.put_cell(cell(done))
            done += 1
    except RequestError as error:
        print(done, error)
    store.close()
    """
    ended = as_child(MAKE_CELLS + textwrap.dedent(script), tmp_path)
    assert ended.returncode == 0, ended.stderr
    first, second = ended.stdout.splitlines()
    assert first.startswith("no room: store ")
    assert "cannot be read or written" in first
    done, _, message = second.partition(" ")
    assert "cannot be read or written" in message
    assert "what was finished before is kept" in message
    with Store.writer(tmp_path) as store:
        assert set(store.cells([KEY])["cut"]) == {str(number) for number in range(int(done))}
        assert int(done) > 10


@pytest.fixture
def open_place():
    """A folder that every user can reach, unlike pytest's."""
    with tempfile.TemporaryDirectory() as place:
        os.chmod(place, 0o755)
        yield Path(place)


def test_in_a_folder_that_cannot_be_written_reading_works_or_is_refused(folder, open_place, make_cell):
    closed, crashed = open_place / "closed", open_place / "crashed"
    shutil.copytree(folder, closed)
    with Store.writer(folder) as store:
        store.put_cell(make_cell(k=9))
        shutil.copytree(folder, crashed)
    (crashed / f"{STORE_NAME}-shm").unlink()
    script = """
    if os.getuid() == 0:  # root may write everywhere; a number that belongs to nobody may not
        os.setuid(65534)
    for folder in map(Path, sys.argv[1:]):
        for open_store in (Store.reader, Store.writer):
            try:
                with open_store(folder) as store:
                    print(len(store.cells(["a" * 64])), "cells")
            except RequestError as error:
                print(error)
    """
    for place in (closed, crashed):
        for path in place.iterdir():
            os.chmod(path, 0o444)
        os.chmod(place, 0o555)
    try:
        ended = as_child(MAKE_CELLS + textwrap.dedent(script), closed, crashed)
    finally:
        for place in (closed, crashed):
            os.chmod(place, 0o755)
    lines = ended.stdout.splitlines()
    assert len(lines) == 4, ended.stderr
    assert lines[0] == "3 cells"
    assert "cannot be read or written: unable to open" in lines[2]
    for line in lines[1::2]:
        assert "results folder" in line
        assert "cannot be written: Permission denied" in line


def test_a_writer_killed_at_any_moment_leaves_every_finished_cell_once(tmp_path):
    script = """
    with Store.writer(Path(sys.argv[1])) as store:
        number = int(sys.argv[2])
        while True:
            store.put_cell(cell(number))
            os.write(1, f"{number}\\n".encode())
            number += 1
    """
    path = os.pathsep.join(place for place in sys.path if place)
    code = "import os, sys\nfrom pathlib import Path\n" + MAKE_CELLS + textwrap.dedent(script)
    promised: list[int] = []
    for wait in (0.0, 0.03):
        command = [sys.executable, "-c", code, str(tmp_path), str(len(promised))]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": path}
        ) as run:
            promised.append(int(run.stdout.readline()))
            time.sleep(wait)
            run.send_signal(signal.SIGKILL)
            promised += [int(line) for line in run.stdout.read().split("\n")[:-1]]
        with Store.writer(tmp_path) as store:
            found = sorted(int(cut) for cut in store.cells([KEY])["cut"])
            assert found[: len(promised)] == promised == list(range(len(promised)))
            assert len(found) <= len(promised) + 1  # written, and killed before it could say so
            assert len(store.labelings(store.cells([KEY])["labels_sha256"])) == len(found)
        promised = found
