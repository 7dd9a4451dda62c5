"""Tables as people have them: the page of the docs is true, and damaged ones are refused in one message.

`CLUSTERBENCH_FUZZ_EXAMPLES` sets the number of damaged files (default 60).
"""

from __future__ import annotations

import os
from pathlib import Path

import make_awkward_files
import numpy as np
import pytest

DOCS = Path(__file__).parents[2] / "docs"
EXAMPLES = int(os.environ.get("CLUSTERBENCH_FUZZ_EXAMPLES", "60"))
FILES = [case for case in make_awkward_files.CASES if "http" not in case.table]
TOKENS = (b'"', b"\x00", b"\xff\xfe", b",", b";", b"\n", b"\r\n", b"nan", b"-", b"1e999", b"9" * 400, b"31/2/2024")


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> Path:
    pytest.importorskip("python_calamine")
    pytest.importorskip("xlsxwriter")
    folder = tmp_path_factory.mktemp("awkward")
    make_awkward_files.write_files(folder)
    return folder


@pytest.fixture
def here(files, monkeypatch, tmp_path) -> Path:
    monkeypatch.chdir(files)
    monkeypatch.setenv("CLUSTERBENCH_CACHE", str(tmp_path / "cache"))
    return files


@pytest.mark.parametrize("case", make_awkward_files.CASES, ids=lambda case: case.file)
def test_the_page_shows_what_init_prints_and_writes(here, call, case):
    with make_awkward_files.served(here) as address:
        ended = call("init", *(one.replace(make_awkward_files.ADDRESS, address) for one in case.arguments))
    assert ended.status == 0, ended.err
    out = ended.out.replace(address, make_awkward_files.ADDRESS)
    path = here / out.split("wrote    ")[1].split("\n")[0]
    toml = path.read_text(encoding="utf-8").replace(address, make_awkward_files.ADDRESS)
    section = make_awkward_files.section(case, make_awkward_files.beginning(here, case), out, toml, "")
    assert section in (DOCS / "awkward-files.md").read_text(encoding="utf-8"), "run python docs/make_awkward_files.py"


def damaged(content: bytes, rng: np.random.Generator) -> bytes:
    """Return content with bytes changed, a part cut off, left out or repeated, or odd words put in."""
    changed = bytearray(content)
    for _ in range(rng.integers(1, 5)):
        start, end = sorted(rng.integers(0, len(changed) + 1, 2).tolist())
        short = slice(start, min(end, start + 40))
        kind = rng.choice(["byte", "cut", "leave out", "repeat", "word"], p=[0.4, 0.05, 0.15, 0.15, 0.25])
        if kind == "byte" and changed:
            changed[min(start, len(changed) - 1)] = rng.integers(0, 256)
        elif kind == "cut":
            del changed[end:]
        elif kind == "leave out":
            del changed[short]
        elif kind == "repeat":
            changed[start:start] = changed[short]
        else:
            changed[short] = TOKENS[rng.integers(len(TOKENS))]
    return bytes(changed)


@pytest.mark.parametrize("case", FILES, ids=lambda case: case.file)
def test_a_damaged_file_has_a_page_or_is_refused_in_one_message(here, call, case, tmp_path, monkeypatch):
    content, rng = (here / case.file).read_bytes(), np.random.default_rng(len(case.file))
    monkeypatch.chdir(tmp_path)
    for number in range(-(-EXAMPLES // len(FILES))):
        Path(case.file).write_bytes(damaged(content, rng))
        ended = call("inspect", *case.arguments)
        assert ended.status in (0, 2), (number, ended.err)
        if ended.status == 2:
            assert ended.err.startswith("clusterbench: error: "), (number, ended.err)
            assert len(ended.err.splitlines()) == 1, (number, ended.err)
            assert len(ended.err) < 2000, (number, ended.err)
        else:
            assert ended.err == "", number
