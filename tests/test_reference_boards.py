"""The committed boards: complete, and equal to what the engine makes today."""

from __future__ import annotations

import importlib.metadata
import json
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest

from clusterbench.report import export_csv
from clusterbench.running import Settings, Silent, run

ROOT = Path(__file__).resolve().parent.parent
BOARDS = ("credit-card", "wine", "breast-cancer", "digits")
# Times and memory differ from run to run, and the Pareto mark depends on the time.
MEASURED = ["fit_seconds", "peak_mb", "pareto"]


@pytest.mark.parametrize("name", BOARDS)
def test_a_committed_board_is_complete(name):
    results, reports = ROOT / "results" / "reference" / name, ROOT / "reports" / "reference" / name
    board = pd.read_csv(results / "leaderboard.csv")
    cells = pd.read_csv(results / "cells.csv")
    manifest = json.loads((results / "manifest.json").read_text())
    assert board.columns[0] == "rank"
    assert {"ok"} < set(cells["status"]) <= {"ok", "rejected", "undefined"}
    assert manifest["cells"]["planned"] == len(cells)
    assert manifest["git"]["dirty"] is False
    assert set(board["labels_sha256"]) <= set(cells["labels_sha256"])
    text = (reports / "leaderboard.md").read_text()
    figures = list((reports / "figures").glob("*.svg"))
    assert figures
    for figure in figures:
        ElementTree.parse(figure)
    for row in board[board["rank"] == 1].to_dict("records"):
        assert row["algorithm"] in text


@pytest.mark.slow
def test_a_board_that_is_made_again_is_the_committed_one(tmp_path):
    folder = ROOT / "results" / "reference" / "wine"
    recorded = json.loads((folder / "manifest.json").read_text())["packages"]
    installed = {name: importlib.metadata.version(name) for name in recorded}
    if installed != recorded:
        pytest.skip(f"the committed board was made with other versions: {recorded}")
    made = run(ROOT / "benchmarks" / "wine.toml", results=tmp_path / "results", settings=Settings(), progress=Silent())
    export_csv(made, tmp_path / "out")
    for table in ("leaderboard.csv", "cells.csv"):
        old, new = (pd.read_csv(place / table) for place in (folder, tmp_path / "out"))
        measured = [column for column in MEASURED if column in old.columns]
        pd.testing.assert_frame_equal(old.drop(columns=measured), new.drop(columns=measured), rtol=1e-6, atol=1e-9)
    text = (ROOT / "reports" / "reference" / "wine" / "leaderboard.md").read_text()
    assert made.board.headline in text
