"""What is printed, whatever the encoding, the reader and the names are."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path
from typing import TextIO

import pandas as pd
import pytest

from clusterbench.cli.streams import TolerantStream

from .conftest import TOML, environment, exit_status


@pytest.fixture
def named(own) -> Path:
    """The finished run with names that have brackets and letters that many encodings lack."""
    Path("blobs.toml").write_text(
        TOML.replace("Two blobs", "Größe [/h] 日").replace("drop =", 'name = "plant [/a] é"\ndrop =')
    )
    pd.read_csv("blobs.csv").rename(columns={"x": "size [cm]", "y": "[/h]"}).to_csv("blobs.csv", index=False)
    return own


def test_names_with_brackets_are_printed_as_they_are(named, call):
    ended = call("run", "blobs.toml", "--jobs", "0", "--results", "r[/x]", "--name", "b[i]")
    assert ended.status == 0
    for words in ("Größe [/h] 日: plant [/a] é", "store    r[/x]/clusterbench.sqlite", "reports/b[i]/index.html"):
        assert words in ended.out
    assert "plant [/a] é / standard / agglomerative" in ended.err
    assert "│ plant [/a] é " in call("run", "blobs.toml", "--dry-run").out
    assert call("status", "--results", "r[/x]").out == "b[i]: 16 ok, 0 to do\n"
    out = call("inspect", "blobs.csv", "--drop", "CUST_ID").out
    assert "│ size [cm] " in out
    assert "│ [/h] " in out
    ended = call("status", "--results", "[red]nowhere")
    assert ended.err.startswith("clusterbench: error: no results at '[red]nowhere/clusterbench.sqlite'")


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "latin-1", "cp850", "cp932"])
def test_what_an_encoding_lacks_is_replaced(encoding):
    raw = io.BytesIO()
    stream = TolerantStream(io.TextIOWrapper(raw, encoding))
    stream.write("size [cm] Größe 日 ─ │\n")
    stream.flush()
    text = raw.getvalue().decode(encoding)
    assert text == "".join(letter if letter in text else "?" for letter in "size [cm] Größe 日 ─ │\n")
    assert text.startswith("size [cm] Gr")


@pytest.fixture
def call_into(monkeypatch):
    """Run the command line in this process with another standard output; return its exit status."""

    def clusterbench(stream: TextIO, *arguments: str) -> int:
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", stream)
            patch.setattr(sys, "argv", ["clusterbench", *arguments])
            return exit_status()

    return clusterbench


def test_a_run_into_a_file_of_a_small_encoding_succeeds(named, call_into, tmp_path):
    with (tmp_path / "out.txt").open("w", encoding="cp1252") as file:
        assert call_into(file, "run", "blobs.toml", "--jobs", "0", "--name", "named") == 0
    assert "Größe [/h] ?: plant [/a] é" in (tmp_path / "out.txt").read_text(encoding="cp1252")


def test_row_ids_are_written_exactly_or_not_at_all(own, call, call_into, tmp_path):
    frame = pd.read_csv("blobs.csv")
    frame.assign(CUST_ID="é" + frame["CUST_ID"]).to_csv("blobs.csv", index=False)
    assert call("run", "blobs.toml", "--jobs", "0", "--name", "b").status == 0
    sha = pd.read_csv("reports/b/cells.csv")["labels_sha256"].iloc[-1]
    assert call("clean", "--benchmark", "blobs", "--yes").status == 0  # its rows have other ids
    with (tmp_path / "out.txt").open("w", encoding="ascii") as file:
        assert call_into(file, "labels", sha[:12]) == 2
    assert (tmp_path / "out.txt").read_text() == ""
    assert call("labels", sha[:12]).out.splitlines()[1].startswith("éC0,")


@pytest.mark.parametrize("arguments", [["list"], ["--help"], ["run", "blobs.toml", "--jobs", "0"]], ids=" ".join)
def test_a_closed_pipe_is_no_failure(own, call, call_into, arguments):
    if "run" in arguments:
        arguments = [*arguments, "--name", "piped"]
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as stream:
        assert call_into(stream, *arguments) == 0
    assert "run" not in arguments or "piped: 16 ok" in call("status").out


def test_a_closed_pipe_of_a_process_leaves_no_trace(workspace):
    with subprocess.Popen(
        [sys.executable, "-m", "clusterbench", "--help"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(),
    ) as process:  # fmt: skip
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 0


def test_a_full_disk_behind_the_output_is_one_message(workspace, call_into, capfd):
    with open("/dev/full", "w") as full:
        assert call_into(full, "status") == 2
    err = capfd.readouterr().err
    assert err.startswith("clusterbench: error: the system refused: No space left on device: '/dev/full' (in ")
    assert len(err.splitlines()) == 1
