"""Sampled silhouettes: what the standard error says, what the seed fixes, what is never sampled."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterbench.metrics import METRICS, score_labelings, silhouette_samples
from clusterbench.metrics.anchors import PER_CLUSTER
from clusterbench.metrics.silhouette_scores import silhouette_means

ALL = list(METRICS)
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
    drawn = once["metric"].isin(SILHOUETTES)
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
    labels = np.arange(1500) // 50  # 30 clusters of 50 rows, fewer than the floor
    assert PER_CLUSTER > 50
    found = sampled(table, [labels], metrics=SILHOUETTES, anchors=2)
    expected = score_labelings(table, [labels], metrics=SILHOUETTES)
    np.testing.assert_allclose(found["value"], expected["value"], rtol=1e-12)
    assert (found["standard_error"] == 0.0).all()


@given(seed=st.integers(0, 1000), k=st.integers(2, 5))
def test_stratified_means_and_errors_are_cochrans(seed, k):
    rng = np.random.default_rng(seed)
    sizes = rng.integers(5, 60, size=k)
    count = np.minimum(rng.integers(3, 40, size=k), sizes)
    if np.array_equal(count, sizes):
        count[0] -= 1
    rows = [rng.uniform(-1, 1, size=m) for m in count]
    total, square = np.array([s.sum() for s in rows]), np.array([(s**2).sum() for s in rows])
    micro, macro = silhouette_means(total, square, count, sizes)
    means = np.array([s.mean() for s in rows])
    variance = np.array([s.var(ddof=1) / m * (1 - m / size) for s, m, size in zip(rows, count, sizes, strict=True)])
    assert micro.score.value == pytest.approx(np.average(means, weights=sizes))
    assert macro.score.value == pytest.approx(means.mean())
    assert micro.standard_error == pytest.approx(np.sqrt((variance * sizes**2).sum()) / sizes.sum())
    assert macro.standard_error == pytest.approx(np.sqrt(variance.sum()) / k)


def test_all_rows_of_all_clusters_have_no_error():
    sizes = np.array([4, 2])
    micro, macro = silhouette_means(np.array([2.0, -1.0]), np.array([1.5, 0.6]), sizes, sizes)
    assert (micro.score.value, micro.standard_error) == (pytest.approx(1 / 6), 0.0)
    assert (macro.score.value, macro.standard_error) == (0.0, 0.0)
    alone = silhouette_means(np.zeros(3), np.zeros(3), np.ones(3, int), np.ones(3, int))
    assert [each.score.reason for each in alone] == ["every row is a cluster of its own"] * 2
    assert all(np.isnan(each.standard_error) for each in alone)


def test_rows_of_the_drill_down_are_never_sampled(table, labelings):
    rows = silhouette_samples(table, labelings[:1])[0]
    assert np.isfinite(rows).all()
    score = score_labelings(table, labelings[:1], metrics=["silhouette"])["value"].item()
    assert rows.mean() == pytest.approx(score, rel=1e-12)
