"""What is printed, whatever the encoding, the reader and the names are."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from clusterbench.cli.streams import TolerantStream

from .conftest import TOML, environment

CALL = "import sys\nfrom clusterbench.cli import main\n"


def calls(*requests: str) -> str:
    """A script that calls the command line several times and prints the exit statuses to standard error."""
    lines = [
        f"sys.argv = {['clusterbench', *request.split()]!r}\ntry:\n    main()\nexcept SystemExit as end:\n"
        "    print('status', end.code or 0, file=sys.stderr)\n"
        for request in requests
    ]
    return CALL + "".join(lines)


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
    assert "plant [/a] é / raw / kmeans" in ended.err
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


def test_a_run_into_a_file_of_a_small_encoding_succeeds(named):
    script = calls("run blobs.toml --jobs 0 --name named", "inspect blobs.csv --drop CUST_ID")
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, env=environment(PYTHONIOENCODING="cp1252"), check=False
    )
    assert [line for line in done.stderr.decode("cp1252").splitlines() if "status" in line] == ["status 0"] * 2
    assert "Größe [/h] ?: plant [/a] é" in done.stdout.decode("cp1252")


def test_row_ids_are_written_exactly_or_not_at_all(own, call):
    frame = pd.read_csv("blobs.csv")
    frame.assign(CUST_ID="é" + frame["CUST_ID"]).to_csv("blobs.csv", index=False)
    assert call("run", "blobs.toml", "--jobs", "0", "--name", "b").status == 0
    sha = pd.read_csv("reports/b/cells.csv")["labels_sha256"].iloc[-1]
    assert call("clean", "--benchmark", "blobs", "--yes").status == 0  # its rows have other ids
    done = subprocess.run(
        [sys.executable, "-c", calls(f"labels {sha[:12]}")],
        capture_output=True, env=environment(PYTHONIOENCODING="ascii"), check=False,
    )  # fmt: skip
    assert done.stdout == b""
    assert b"the encoding ascii of the output has no '\\xe9' (allowed: --out FILE" in done.stderr
    assert done.stderr.endswith(b"status 2\n")


def test_a_closed_pipe_is_no_failure(workspace, tmp_path):
    run = f"run blobs.toml --jobs 0 --results results --reports {tmp_path}"
    script = calls("--help", "inspect blobs.csv --drop CUST_ID", run, "export --out nowhere --results none")
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()
    ) as process:
        process.stdout.close()
        err = process.stderr.read()
    assert process.returncode == 0
    assert [line for line in err.splitlines() if line.startswith("status")] == ["status 0"] * 3 + ["status 2"]
    assert "Traceback" not in err
    assert "Exception ignored" not in err


def test_a_full_disk_behind_the_output_is_one_message(workspace):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "clusterbench", "status"],
            stdout=full, stderr=subprocess.PIPE, text=True, env=environment(), check=False,
        )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith("clusterbench: error: the system refused: No space left on device: '<stdout>' (in ")
    assert len(done.stderr.splitlines()) == 1
