"""z-scores against random partitions of the same data and k."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterbench.errors import RequestError
from clusterbench.ranking import calibrated_scores


def scores(**changes) -> pd.DataFrame:
    row = {
        "dataset": "table", "variant": "raw", "algorithm": "kmeans", "params": "{}", "cut": '{"k": 3}', "k": 3,
        "seed": 0, "space": "standard", "metric": "silhouette", "value": 0.5, "status": "ok", "reason": "",
        "n_clusters": 3,
    }  # fmt: skip
    return pd.DataFrame([{**row, **changes}])


def baselines(values, **changes) -> pd.DataFrame:
    row = {"dataset": "table", "space": "standard", "k": 3, "generator": "centroids", "metric": "silhouette"}
    return pd.DataFrame([{**row, **changes, "replicate": r, "value": v} for r, v in enumerate(values)])


def test_z_is_the_distance_to_the_random_mean_in_standard_deviations():
    result = calibrated_scores(scores(), baselines([0.1, 0.2, 0.3]))
    assert result["z"].tolist() == pytest.approx([(0.5 - 0.2) / 0.1])
    assert result["baseline_mean"].tolist() == pytest.approx([0.2])
    assert result["baseline_sd"].tolist() == pytest.approx([0.1])
    assert result["z_reason"].tolist() == [""]


def test_z_is_positive_where_a_low_index_is_good():
    result = calibrated_scores(
        scores(metric="davies_bouldin", value=1.0), baselines([2.0, 3.0, 4.0], metric="davies_bouldin")
    )
    assert result["z"].tolist() == pytest.approx([2.0])


def test_both_generators_are_pooled():
    table = pd.concat([baselines([0.1, 0.3]), baselines([0.5, 0.7], generator="growth")])
    assert calibrated_scores(scores(), table)["baseline_mean"].tolist() == pytest.approx([0.4])


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        (baselines([0.1, 0.2], k=4), "no random baseline for 3 clusters in space standard"),
        (baselines([0.1, 0.2], space="log1p"), "no random baseline for 3 clusters in space standard"),
        (baselines([0.1, np.nan]), "only 1 random baseline for 3 clusters in space standard"),
        (baselines([0.1, 0.1]), "the random baselines for 3 clusters do not vary in space standard"),
    ],
)
def test_where_there_is_no_z_there_is_a_reason(table, reason):
    result = calibrated_scores(scores(), table)
    assert result["z"].isna().all()
    assert result["z_reason"].tolist() == [reason]


def test_a_missing_score_has_no_z():
    result = calibrated_scores(scores(value=np.nan, status="undefined"), baselines([0.1, 0.2]))
    assert result["z_reason"].tolist() == ["there is no score"]


def test_the_number_of_clusters_found_decides_not_the_number_asked_for():
    found = scores(k=5).drop(columns="n_clusters")
    cells = scores(k=5)[["dataset", "variant", "algorithm", "params", "cut", "seed"]].assign(n_clusters=3)
    result = calibrated_scores(found, baselines([0.1, 0.2, 0.3]), cells=cells)
    assert result["z"].tolist() == pytest.approx([3.0])
    with pytest.raises(RequestError, match="n_clusters is needed"):
        calibrated_scores(found, baselines([0.1, 0.2]))


def test_an_unknown_metric_is_refused():
    with pytest.raises(RequestError, match="unknown metric dunn"):
        calibrated_scores(scores(metric="dunn"), baselines([0.1, 0.2]))


@settings(deadline=None)
@given(st.floats(0.1, 10), st.floats(-5, 5))
def test_scale_and_shift_of_an_index_leave_z_alone(scale, shift):
    plain = calibrated_scores(scores(), baselines([0.1, 0.2, 0.4]))
    moved = calibrated_scores(scores(value=0.5 * scale + shift), baselines(np.array([0.1, 0.2, 0.4]) * scale + shift))
    assert moved["z"].tolist() == pytest.approx(plain["z"].tolist(), rel=1e-6)


def test_further_scores_move_no_z_and_rows_keep_their_order():
    both = pd.concat([scores(value=0.9, algorithm="other"), scores()], ignore_index=True)
    result = calibrated_scores(both, baselines([0.1, 0.2, 0.3]))
    assert result["algorithm"].tolist() == ["other", "kmeans"]
    assert result["z"].tolist() == pytest.approx([7.0, 3.0])
