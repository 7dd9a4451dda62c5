"""Long tables: rows sampled per cluster, each scored against all rows, with an honest standard error."""

import numpy as np
import pandas as pd
import pytest

from clusterbench.metrics import score_labelings

SILHOUETTES = ["silhouette", "silhouette_macro"]


@pytest.fixture(scope="module")
def long_table():
    rng = np.random.default_rng(5)
    X = rng.normal(size=(6000, 3))
    X[:2000] += 3.0
    X[5900:] -= 6.0
    exact = np.repeat([0, 1, 2], [2000, 3900, 100])
    return X, [exact, np.digitize(X[:, 0], [0.0, 1.0]), np.where(exact == 2, -1, exact)]


def sampled(X, labelings, seed=0, **options):
    options = {"exact_rows": 1000, "anchors": 400, "metrics": SILHOUETTES} | options
    return score_labelings(X, labelings, seed=seed, **options)


def test_up_to_the_limit_nothing_is_sampled(long_table):
    X, labelings = long_table
    assert (score_labelings(X, labelings, exact_rows=6000)["standard_error"] == 0.0).all()
    assert (sampled(X, labelings)["standard_error"] > 0.0).all()


def test_anchors_enough_for_all_rows_give_the_exact_score(long_table):
    X, labelings = long_table
    expected = score_labelings(X, labelings, metrics=SILHOUETTES)
    pd.testing.assert_frame_equal(sampled(X, labelings, anchors=6000), expected, rtol=1e-12)


def test_the_error_has_the_size_that_is_claimed(long_table):
    X, labelings = long_table
    expected = score_labelings(X, labelings, metrics=SILHOUETTES)["value"].to_numpy()
    runs = [sampled(X, labelings, seed=seed) for seed in range(40)]
    errors = np.array([run["value"].to_numpy() - expected for run in runs])
    claimed = np.mean([run["standard_error"].to_numpy() for run in runs], axis=0)
    np.testing.assert_allclose(np.sqrt((errors**2).mean(axis=0)), claimed, rtol=0.4)
    assert (np.abs(errors.mean(axis=0)) < 4 * claimed / np.sqrt(40)).all()  # unbiased


def test_davies_bouldin_and_calinski_harabasz_stay_exact(long_table):
    X, labelings = long_table
    names = ["davies_bouldin", "calinski_harabasz"]
    expected = score_labelings(X, labelings, metrics=names)
    pd.testing.assert_frame_equal(sampled(X, labelings, metrics=names), expected, check_exact=True)


def test_other_labelings_whose_small_clusters_need_more_rows_move_no_bit(long_table):
    X, labelings = long_table
    rng = np.random.default_rng(6)
    own = np.where(np.arange(6000) < 130, 3, labelings[1])  # needs a few rows besides the common ones
    many = [rng.integers(0, k, 6000) for k in (40, 90, 700)]
    alone = sampled(X, [own])
    for memory_mb in (1, 512):
        together = sampled(X, [*many, own], memory_mb=memory_mb).tail(2).reset_index(drop=True)
        pd.testing.assert_frame_equal(
            together.drop(columns="labeling"), alone.drop(columns="labeling"), check_exact=True
        )


def test_a_cluster_of_one_row_is_counted_without_error():
    X = np.concatenate([np.random.default_rng(0).normal(size=(500, 2)), [[50.0, 50.0]]])
    labels = np.repeat([0, 1, 2], [250, 250, 1])
    table = sampled(X, [labels], exact_rows=100, anchors=60)
    exact = score_labelings(X, [labels], metrics=SILHOUETTES)
    gaps = (table["value"] - exact["value"]).abs()
    assert (gaps < 5 * table["standard_error"]).all()
