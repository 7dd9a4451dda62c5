"""Files are written whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from clusterbench.errors import RequestError
from clusterbench.report.atomic_files import write_atomically


def test_makes_folders_and_leaves_nothing_else_behind(tmp_path: Path) -> None:
    path = write_atomically(tmp_path / "a" / "b" / "x.txt", "é\n")
    assert path.read_bytes() == "é\n".encode()
    assert list(path.parent.iterdir()) == [path]


def test_a_folder_that_is_a_file_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("mine")
    with pytest.raises(RequestError, match=r"taken.*cannot be written"):
        write_atomically(tmp_path / "taken" / "x.txt", "text")
    assert (tmp_path / "taken").read_text() == "mine"


def test_a_failed_write_leaves_the_old_file_and_no_temporary_one(tmp_path: Path) -> None:
    path = write_atomically(tmp_path / "x.txt", "old")
    with pytest.raises(UnicodeEncodeError):
        write_atomically(path, "\ud800")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
