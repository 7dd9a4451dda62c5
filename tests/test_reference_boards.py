"""The committed boards: complete, ranked by their own scores, and equal to what the engine computes today."""

from __future__ import annotations

import importlib.metadata
import io
import json
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from clusterbench import run
from clusterbench.metrics import METRICS
from clusterbench.report import all_formats, build_report
from clusterbench.running import Settings, Silent
from clusterbench.tables import CELL_KEY, CUT_KEY, OVERALL

ROOT = Path(__file__).resolve().parent.parent
BOARDS = ("credit-card", "wine", "breast-cancer", "digits")
# Times and memory differ from run to run.
MEASURED = ("fit_seconds", "peak_mb")
WITHOUT_STATISTICS = """\
ranking = { random_partitions = 0, bootstraps = 0 }
stability = { resamples = 0 }
structure = { permutations = 0 }
"""


def read(name: str, table: str) -> pd.DataFrame:
    return pd.read_csv(ROOT / "results" / "reference" / name / table, float_precision="round_trip")


@pytest.mark.parametrize("name", BOARDS)
def test_a_committed_board_is_complete(name: str) -> None:
    board, cells = read(name, "leaderboard.csv"), read(name, "cells.csv")
    manifest = json.loads((ROOT / "results" / "reference" / name / "manifest.json").read_text())
    assert board.columns[0] == "rank"
    assert {"ok"} < set(cells["status"]) <= {"ok", "rejected", "undefined"}
    assert manifest["partitions"]["asked"] == len(cells)
    assert manifest["git"]["dirty"] is False
    assert set(board["labels_sha256"].dropna()) <= set(cells["labels_sha256"])
    reports = ROOT / "reports" / "reference" / name
    text = (reports / "leaderboard.md").read_text()
    figures = {figure.stem for figure in (reports / "figures").glob("*.svg")}
    assert figures
    for figure in figures:
        assert f"](figures/{figure}.svg)" in text
        ElementTree.parse(reports / "figures" / f"{figure}.svg")
    for row in board[board["rank"] == 1].to_dict("records"):
        assert row["algorithm"] in text


@pytest.mark.parametrize("name", BOARDS)
def test_the_ranks_of_a_committed_board_follow_from_its_scores(name: str) -> None:
    table, cells = read(name, "leaderboard.csv"), read(name, "cells.csv")
    # A control is judged by those of its seeds that pass the gate; another entry needs all of them.
    cells = read(name, "scores_wide.csv").merge(cells.loc[cells["status"] == "ok", list(CELL_KEY)])
    columns = [c for c in table.columns if c.partition("@")[0] in METRICS and not c.endswith("@own")]
    for (dataset, oracle), board in table[table["dataset"] != OVERALL].groupby(["dataset", "oracle"]):
        chosen = board.reset_index(drop=True).merge(cells, on=CUT_KEY, suffixes=("_board", ""), how="left")
        by_entry = chosen.groupby([*CUT_KEY, "k_policy"], sort=False)
        means = by_entry[columns].mean()
        board_means = by_entry[[f"{column}_board" for column in columns]].first()
        np.testing.assert_allclose(means, board_means, rtol=1e-12, err_msg=f"{dataset} {oracle}")
        rounded = {c: np.round(board_means[f"{c}_board"].to_numpy(), 6) for c in columns}
        spaces = sorted({column.partition("@")[2] for column in columns})
        scores = [
            np.maximum(rounded[f"silhouette@{space}"], rounded[f"mst_separation@{space}"])
            + 0.5 * rounded[f"size_evenness@{space}"]
            for space in spaces
        ]
        score = np.mean(scores, axis=0)
        np.testing.assert_allclose(board["score"], score, atol=1e-6)
        contender = ~board["control"].to_numpy()
        better = [(np.round(score[contender], 9) > one).sum() for one in np.round(score, 9)]
        assert board["rank"].tolist() == [1 + count for count in better]


@pytest.mark.slow
def test_a_part_that_is_run_again_gives_the_committed_labels_and_scores(tmp_path: Path) -> None:
    recorded = json.loads((ROOT / "results" / "reference" / "wine" / "manifest.json").read_text())["packages"]
    installed = {name: importlib.metadata.version(name) for name in recorded}
    if installed != recorded:
        pytest.skip(f"the committed board was made with other versions: {recorded}")
    toml = tmp_path / "wine.toml"
    toml.write_text(WITHOUT_STATISTICS + (ROOT / "benchmarks" / "wine.toml").read_text())
    part = ["algorithm=kmeans,agglomerative", "seed=0"]
    done = run(toml, only=part, results=tmp_path / "results", settings=Settings(workers=0), progress=Silent())
    (tables,) = [one.render(build_report(done, figures=())) for one in all_formats() if one.name == "csv"]
    for table in ("cells.csv", "scores_wide.csv"):
        new = pd.read_csv(io.StringIO(tables[table]), float_precision="round_trip").drop(columns="benchmark")
        old = read("wine", table).drop(columns="benchmark")
        old = old[old["algorithm"].isin(["kmeans", "agglomerative"]) & (old["seed"] == 0)]
        assert len(new) == len(old)
        measured = [column for column in MEASURED if column in old.columns]
        one, other = (frame.drop(columns=measured).sort_values(CELL_KEY, ignore_index=True) for frame in (old, new))
        pd.testing.assert_frame_equal(one, other[list(one.columns)], check_dtype=False, rtol=1e-6, atol=1e-9)
