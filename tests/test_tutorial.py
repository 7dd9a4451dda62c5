"""The tutorial: every block does what the page says, in its order."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import pandas as pd
import pytest

from clusterbench.cli import main
from clusterbench.report import write_atomically

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"(?:`(\w+/\w+\.py)`:\n\n)?^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def run_command(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", [*shlex.split(line), *(["--jobs", "0"] if "clusterbench run" in line else [])])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code, line


@pytest.mark.slow
def test_every_block_of_the_tutorial_runs(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for file, language, text in BLOCK.findall((ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")):
        if file:
            write_atomically(Path(file), text)
        elif language == "python":
            exec(text, names)
        elif language == "toml":
            Path("customers.toml").write_text(f"{Path('customers.toml').read_text()}\n{text}")
        else:
            for line in text.splitlines():
                run_command(line, monkeypatch)
    out = capfd.readouterr().out
    assert "│ bisecting_strategy │" in out
    assert names["first"]["k"] == 3
    assert Path("reports/customers-part/citation.bib").is_file()
    assert pd.read_csv("assigned.csv")["segment"].nunique() == 3
    assert len(pd.read_parquet("tables/cells.parquet")) > 100
    page = (ROOT / "docs" / "segments.md").read_text(encoding="utf-8")
    (source,) = [text for _, language, text in BLOCK.findall(page) if "load_bundle" in text]
    names = {"values": pd.read_csv("customers.csv")[["age", "spending", "visits"]].to_numpy(float)}
    exec(source, names)
    assert names["given"].segment.tolist() == pd.read_csv("assigned.csv")["segment"].tolist()
