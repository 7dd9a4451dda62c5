"""Sampled silhouettes: what the standard error says, what the seed fixes, what is never sampled."""

import numpy as np
import pandas as pd
import pytest

from clusterbench.metrics import METRICS, score_labelings

ALL = list(METRICS)
SAMPLED = ["silhouette", "silhouette_macro", "pearson_gamma"]
SILHOUETTES = ["silhouette", "silhouette_macro"]
POLICIES = ["zero", "drop", "cluster", "nearest"]


@pytest.fixture(scope="module")
def table():
    X = np.random.default_rng(51).normal(size=(1500, 2))
    X[:500] += 3.0
    return X


@pytest.fixture(scope="module")
def labelings(table):
    rng = np.random.default_rng(52)
    return [np.digitize(table[:, 0], [1.0, 3.0]), rng.integers(-1, 2, 1500), np.where(table[:, 1] > 3.5, -1, 0) + 1]


def sampled(X, labelings, **options):
    return score_labelings(X, labelings, **({"exact_rows": 100, "anchors": 150, "metrics": ALL} | options))


def test_twice_the_claimed_error_covers_the_exact_score_under_every_policy(table, labelings):
    exact = score_labelings(table, labelings, metrics=SILHOUETTES, noise=POLICIES)
    misses = []
    for seed in range(12):
        found = sampled(table, labelings, metrics=SILHOUETTES, noise=POLICIES, seed=seed)
        misses.append((found["value"] - exact["value"]).abs() / found["standard_error"])
    misses = np.array(misses)
    assert misses.max() < 4.5
    assert (misses < 2).mean() > 0.9


def test_more_anchors_err_less(table, labelings):
    errors = [
        sampled(table, labelings[:1], metrics=SILHOUETTES, anchors=anchors)["standard_error"].to_numpy()
        for anchors in (200, 600, 1400)
    ]
    assert (np.diff(errors, axis=0) < 0).all()
    assert errors[2].max() < 0.3 * errors[0].max()  # most rows are scored: the finite population counts


@pytest.mark.parametrize("exact_rows", [1500, 1501, 10**9])
def test_tables_up_to_the_limit_are_exact_whatever_the_anchors(table, labelings, exact_rows):
    expected = score_labelings(table, labelings, metrics=ALL)
    found = sampled(table, labelings, exact_rows=exact_rows, anchors=2)
    pd.testing.assert_frame_equal(found, expected, check_exact=True)


def test_the_seed_fixes_the_anchors_and_nothing_else(table, labelings):
    once, again, other = (sampled(table, labelings, seed=seed) for seed in (3, 3, 4))
    pd.testing.assert_frame_equal(once, again, check_exact=True)
    drawn = once["metric"].isin(SAMPLED)
    assert (once[drawn]["value"] != other[drawn]["value"]).all()
    pd.testing.assert_frame_equal(once[~drawn], other[~drawn], check_exact=True)
    exact = [score_labelings(table, labelings, metrics=ALL, seed=seed) for seed in (3, 4)]
    pd.testing.assert_frame_equal(*exact, check_exact=True)


@pytest.mark.parametrize("option", [{"threads": 1}, {"threads": 3}, {"memory_mb": 1}])
def test_threads_and_memory_move_no_bit_of_a_sampled_score(table, labelings, option):
    expected = sampled(table, labelings, noise=POLICIES, threads=2)
    found = sampled(table, labelings, noise=POLICIES, **option)
    pd.testing.assert_frame_equal(found, expected, check_exact=True)


def test_coverage_shrinks_value_and_error_alike(table, labelings):
    labels = labelings[1]
    both = sampled(table, [labels], metrics=SILHOUETTES, noise=["drop", "zero"])
    drop, zero = (both[both["noise"] == noise][["value", "standard_error"]].to_numpy() for noise in ("drop", "zero"))
    np.testing.assert_allclose(zero, drop * (labels >= 0).mean(), rtol=1e-14)


def test_clusters_up_to_the_floor_are_scored_whole(table):
    labels = np.arange(1500) // 50  # 30 clusters of 50 rows, fewer than the floor of 64
    found = sampled(table, [labels], metrics=SILHOUETTES, anchors=2)
    expected = score_labelings(table, [labels], metrics=SILHOUETTES)
    np.testing.assert_allclose(found["value"], expected["value"], rtol=1e-12)
    assert (found["standard_error"] == 0.0).all()
