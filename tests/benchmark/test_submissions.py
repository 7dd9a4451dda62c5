"""A partition made elsewhere becomes a competitor: scored, gated and ranked, with what is unknown left empty."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris

import clusterbench
from clusterbench.benchmark import enter_labels
from clusterbench.errors import RequestError
from clusterbench.running import Settings, Silent

BENCHMARK = """
k = [2, 3]
reference_spaces = ["raw"]
datasets = [{ use = "iris" }]
variants.raw = []
structure = { permutations = 0 }
stability = { resamples = 4 }
ranking = { random_partitions = 0, bootstraps = 20 }
[[algorithms]]
use = "kmeans"
n_init = 1
"""
LABELS = KMeans(3, n_init=10, random_state=0).fit_predict(load_iris().data)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "bench.toml").write_text(BENCHMARK)
    return tmp_path


def enter(workspace: Path, frame: pd.DataFrame, **changes: str) -> list[Path]:
    frame.to_csv(workspace / "labels.csv", index=False)
    given = {"by": "Team X", "dataset": "iris", "benchmark": str(workspace / "bench.toml"), **changes}
    return enter_labels(workspace / "labels.csv", workspace=workspace, **given)


def test_a_partition_is_scored_and_ranked_without_a_fit_and_what_is_unknown_stays_empty(workspace):
    shuffled = np.random.default_rng(0).permutation(150)
    enter(workspace, pd.DataFrame({"row_id": shuffled, "cluster": [f"group {LABELS[row]}" for row in shuffled]}))
    done = clusterbench.run(
        workspace / "bench.toml", workspace=workspace, results=workspace / "results", settings=Settings(workers=0),
        progress=Silent(),
    )  # fmt: skip
    board = done.leaderboard.set_index("algorithm")
    own, other = board.loc["team_x"], board.loc["kmeans"]
    labels = done.labels(int(own["rank"]))
    assert pd.crosstab(labels.to_numpy(), LABELS).gt(0).sum().sum() == 3
    assert own[["rank_low", "rank_high", "p_first", "stability"]].isna().all()
    assert other[["rank_low", "rank_high", "p_first", "stability"]].notna().all()
    page = done.report(workspace / "report").read_text(encoding="utf-8")
    assert "labels handed in by Team X: not fitted, so stability, draws and times are unknown" in page
    assert "team_x" in (workspace / "report" / "leaderboard.csv").read_text(encoding="utf-8")


def test_labels_of_one_of_several_tables_compete_on_that_table_alone(workspace):
    tables = """datasets = [{ use = "wine" }, { use = "iris" }]"""
    (workspace / "bench.toml").write_text(BENCHMARK.replace("""datasets = [{ use = "iris" }]""", tables))
    enter(workspace, pd.DataFrame({"cluster": LABELS}))
    done = clusterbench.run(
        workspace / "bench.toml", workspace=workspace, results=workspace / "results", settings=Settings(workers=0),
        progress=Silent(),
    )  # fmt: skip
    cells, board = done.cells, done.leaderboard
    assert set(cells.loc[cells["algorithm"] == "team_x", "dataset"]) == {"iris"}
    assert set(cells.loc[cells["algorithm"] == "kmeans", "dataset"]) == {"iris", "wine"}
    # Only what was run on every table is on the board over all tables.
    assert set(board.loc[board["algorithm"] == "team_x", "dataset"]) == {"iris"}
    assert set(board.loc[board["dataset"] == "(all)", "algorithm"]) == {"kmeans"}


def test_a_degenerate_partition_is_rejected_by_the_gate(workspace):
    enter(workspace, pd.DataFrame({"cluster": [1] * 149 + [2]}))
    done = clusterbench.run(
        workspace / "bench.toml", workspace=workspace, results=workspace / "results", settings=Settings(workers=0),
        progress=Silent(),
    )  # fmt: skip
    cell = done.cells[done.cells["algorithm"] == "team_x"].iloc[0]
    assert (cell["status"], cell["reason"]) == ("rejected", "smallest cluster has 1 of 150 rows, needs 10")
    assert "team_x" not in set(done.leaderboard["algorithm"])


@pytest.mark.parametrize(
    ("frame", "changes", "message"),
    [
        ({"row_id": [*range(149), 148], "cluster": LABELS}, {}, "row '148' is twice"),
        ({"row_id": [*range(149), 999], "cluster": LABELS}, {}, "row '999' is not in the table"),
        ({"row_id": range(140), "cluster": LABELS[:140]}, {}, "row '140' is without a label, and 9 more are"),
        ({"cluster": LABELS[:140]}, {}, "140 labels of 150 rows"),
        ({"cluster": LABELS}, {"by": "K-Means", "benchmark": "nowhere.toml"}, "no benchmark file"),
        ({"cluster": LABELS}, {"by": "kmeans"}, "there is algorithm 'kmeans' already"),
        ({"cluster": LABELS}, {"dataset": "iriss"}, "unknown dataset 'iriss', did you mean 'iris'"),
        ({"cluster": LABELS}, {"by": "7"}, "a name that begins with a letter"),
    ],
)
def test_labels_that_cannot_be_entered_are_refused_and_nothing_is_written(workspace, frame, changes, message):
    with pytest.raises(RequestError, match=message):
        enter(workspace, pd.DataFrame(frame), **changes)
    assert {path.name for path in workspace.iterdir()} == {"bench.toml", "labels.csv"}
    assert (workspace / "bench.toml").read_text() == BENCHMARK


def test_a_shipped_benchmark_is_copied_into_the_workspace(tmp_path):
    written = enter(tmp_path, pd.DataFrame({"cluster": LABELS}), benchmark="iris")
    assert [path.relative_to(tmp_path).as_posix() for path in written] == [
        *("algorithms/team_x.csv", "algorithms/team_x.py", "benchmarks/iris.toml")
    ]
    assert 'use = "team_x"' in written[-1].read_text(encoding="utf-8")
