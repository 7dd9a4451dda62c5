"""The registry of columns: what a report prints, in this order, with these words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from clusterbench.ranking import RankingSpec, board_columns, leaderboard

SPEC = RankingSpec(reference_spaces=("standard", "log1p"))


@pytest.fixture
def board(make_matrix):
    return leaderboard(*make_matrix(variants=2, algorithms=3, own=True), SPEC)


def test_the_table_has_the_columns_of_the_registry_in_their_order(board):
    assert list(board.table.columns) == [column.name for column in board.columns]
    assert board.table.columns[0] == "rank"
    expected = board_columns(SPEC, has_baselines=False, own_metrics=SPEC.metrics)
    assert [column.name for column in expected] == list(board.table.columns)


def test_every_column_explains_itself(board):
    names = [column.name for column in board.columns]
    assert len(set(names)) == len(names)
    for column in board.columns:
        assert column.title
        assert column.explanation.endswith("."), column.name
        assert len(column.explanation) > 10, column.name


def test_only_reference_scores_and_stability_are_ranked(board):
    ranked = [column.name for column in board.columns if column.ranked]
    pairs = [f"{metric}@{space}" for metric in SPEC.metrics for space in SPEC.reference_spaces]
    assert ranked == [*pairs, "stability"]


def test_every_cell_can_be_shown(board):
    for column in board.columns:
        for value in board.table[column.name].tolist():
            assert isinstance(column.show(value), str)


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("rank", 3, "3"),
        ("rank_low", pd.NA, ""),
        ("p_first", 0.876, "0.88"),
        ("calibrated", float("nan"), ""),
        ("pareto", True, "yes"),
        ("pareto", np.False_, ""),
        ("cut", None, ""),
        ("cut", '{"k": 3}', '{"k": 3}'),
        ("calinski_harabasz@log1p", 1234.56, "1234.6"),
        ("silhouette@log1p", -0.1234, "-0.123"),
    ],
)
def test_values_are_printed_in_the_format_of_their_column(board, name, value, shown):
    column = next(column for column in board.columns if column.name == name)
    assert column.show(value) == shown


def test_whole_numbers_stay_whole_where_others_are_missing(board):
    for name in ("rank", "rank_low", "rank_high", "k", "smallest", "largest", "seeds"):
        assert board.table[name].dtype == "Int64", name
    assert board.table["pareto"].dtype == bool


def test_sizes_and_coverage_are_those_of_the_worst_seed(new_run):
    run = new_run()
    values = {(metric, space): 0.5 for metric in SPEC.metrics for space in SPEC.reference_spaces}
    for seed, (smallest, largest, noise, found) in enumerate([(90, 500, 0.1, 4), (60, 400, 0.3, 4), (80, 600, 0.0, 3)]):
        facts = {"smallest": smallest, "largest": largest, "noise_share": noise, "n_clusters": found}
        run.add("a", values, seed=seed, fit_seconds=float(seed), **facts)
    row = leaderboard(*run.frames(), SPEC).table.iloc[0]
    assert row[["smallest", "largest", "k", "seeds"]].tolist() == [60, 600, 4, 3]
    assert row["coverage"] == pytest.approx(0.7)
    assert row["fit_seconds"] == pytest.approx(1.0)
    assert row["labels_sha256"] == run.cells[0]["labels_sha256"]
