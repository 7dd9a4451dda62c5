"""Input is checked before any arithmetic, and a refusal lists what is missing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from clusterbench.errors import RequestError
from clusterbench.ranking import RankingSpec, choose_candidates, leaderboard

SPEC = RankingSpec(reference_spaces=("standard", "log1p"))


def test_all_missing_columns_are_listed_at_once(make_matrix):
    cells, scores = make_matrix(variants=1, algorithms=2)
    with pytest.raises(RequestError, match="cells: columns are missing: variant, status"):
        leaderboard(cells.drop(columns=["status", "variant"]), scores, SPEC)
    with pytest.raises(RequestError, match="scores: columns are missing: space, value"):
        leaderboard(cells, scores.drop(columns=["value", "space"]), SPEC)


def test_all_missing_metrics_and_spaces_are_listed_at_once(make_matrix):
    cells, scores = make_matrix(variants=1, algorithms=2, n_datasets=2)
    keep = ~((scores["dataset"] == "data1") & (scores["space"] == "log1p"))
    keep &= scores["metric"] != "davies_bouldin"
    with pytest.raises(RequestError, match="no score at all") as error:
        leaderboard(cells, scores[keep], SPEC)
    for culprit in (
        "davies_bouldin in space standard of data0",
        "davies_bouldin in space log1p of data1",
        "silhouette in space log1p of data1",
    ):
        assert culprit in str(error.value)
    assert "silhouette in space standard of data0" not in str(error.value)


def test_a_repeated_cell_is_named(make_matrix):
    cells, scores = make_matrix(variants=1, algorithms=2)
    doubled = pd.concat([cells, cells.iloc[[5]]])
    with pytest.raises(RequestError, match="duplicate cell: dataset = data0, algorithm = algo0"):
        leaderboard(doubled, scores, SPEC)


def test_a_repeated_score_is_named(make_matrix):
    cells, scores = make_matrix(variants=1, algorithms=2)
    doubled = pd.concat([scores, scores.iloc[[7]]])
    with pytest.raises(RequestError, match=r"duplicate score: .*metric = "):
        leaderboard(cells, doubled, SPEC)


def test_an_unknown_status_is_refused(make_matrix):
    cells, scores = make_matrix(variants=1, algorithms=2)
    cells.loc[0, "status"] = "fine"
    with pytest.raises(RequestError, match="unknown status 'fine'"):
        leaderboard(cells, scores, SPEC)


def test_the_calibrated_policy_without_baselines_is_refused(make_matrix):
    cells, scores = make_matrix(variants=1, algorithms=2)
    spec = RankingSpec(reference_spaces=("standard", "log1p"), k_policies=("calibrated",))
    with pytest.raises(RequestError, match="needs the scores of random partitions"):
        leaderboard(cells, scores, spec)


def test_scores_of_filtered_cells_are_left_out(make_matrix):
    cells, scores = make_matrix(variants=2, algorithms=3)
    some = cells[cells["algorithm"] != "algo2"]
    filtered = leaderboard(some, scores, SPEC)
    matching = leaderboard(some, scores[scores["algorithm"] != "algo2"], SPEC)
    pd.testing.assert_frame_equal(filtered.table, matching.table)
    assert set(filtered.table["algorithm"]) == {"algo0", "algo1"}


def test_cells_come_in_the_order_of_their_numbers_not_of_their_text(new_run):
    run = new_run()
    values = {(m, s): 1.0 for m in SPEC.metrics for s in SPEC.reference_spaces}
    for k in (10, 9, 2):
        run.add("kmeans", values, k=k, seed=10)
        run.add("kmeans", values, k=k, seed=9)
    matrix = choose_candidates(*run.frames(), SPEC).matrix
    assert matrix.cells["k"].tolist() == [2, 2, 9, 9, 10, 10]
    assert matrix.cells["seed"].tolist() == [9, 10] * 3
    assert matrix.cut_start.tolist() == [0, 2, 4]
    assert matrix.entry_start.tolist() == [0]


def test_a_score_that_is_not_ok_is_missing_even_where_a_number_stands(make_matrix):
    cells, scores = make_matrix(variants=1, algorithms=2, ks=(3,), seeds=1)
    scores.loc[0, ["status", "reason", "value"]] = ["undefined", "coinciding centroids", 0.0]
    matrix = choose_candidates(cells, scores, SPEC).matrix
    assert np.isnan(matrix.scores).sum() == 1
    assert list(matrix.reasons.values()) == ["coinciding centroids"]


def test_nullable_columns_are_read_like_plain_ones(make_matrix):
    cells, scores = make_matrix(variants=1, algorithms=3)
    nullable = cells.astype({"k": "Int64", "n_clusters": "Int64", "smallest": "Int64", "largest": "Int64"})
    plain = leaderboard(cells, scores, SPEC)
    pd.testing.assert_frame_equal(leaderboard(nullable, scores, SPEC).table, plain.table)


def test_frames_read_back_from_csv_give_the_same_board(make_matrix, tmp_path):
    cells, scores = make_matrix(variants=2, algorithms=3, own=True)
    cells.to_csv(tmp_path / "cells.csv", index=False)
    scores.to_csv(tmp_path / "scores.csv", index=False)
    back = leaderboard(pd.read_csv(tmp_path / "cells.csv"), pd.read_csv(tmp_path / "scores.csv"), SPEC)
    straight = leaderboard(cells, scores, SPEC)
    assert back.table["rank"].tolist() == straight.table["rank"].tolist()
    assert back.table["labels_sha256"].tolist() == straight.table["labels_sha256"].tolist()
    np.testing.assert_allclose(back.table["mean_rank"], straight.table["mean_rank"], atol=1e-9)
