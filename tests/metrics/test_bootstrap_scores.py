"""The row bootstrap: exact for the sums, first order for the silhouette, the same rows for all labelings."""

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import cdist

from clusterbench.errors import RequestError
from clusterbench.metrics import bootstrap_scores, bootstrap_weights, score_labelings

ALL = ["silhouette", "silhouette_macro", "davies_bouldin", "calinski_harabasz"]
SILHOUETTES = ["silhouette", "silhouette_macro"]
SUMS = ["davies_bouldin", "calinski_harabasz"]


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(240, 3))
    X[:90] += 2.0
    X[200:] -= 2.0
    return X


@pytest.fixture(scope="module")
def labelings(table):
    nearest = cdist(table, table[[0, 150, 210]]).argmin(axis=1)
    return [nearest, (table[:, 0] > 0).astype(int), np.where(table[:, 1] > 1.5, -1, nearest)]


def exact_silhouettes(X, labels, weights):
    """Micro and macro silhouette of a table in which row i stands weights[i] times (noise dropped)."""
    part = labels >= 0
    X, labels, weights = X[part], labels[part], weights[part]
    distances = cdist(X, X) * weights
    mass = np.bincount(labels, weights=weights)
    sums = np.stack([distances[:, labels == c].sum(axis=1) for c in range(len(mass))], axis=1)
    rows = np.arange(len(X))
    a = sums[rows, labels] / (mass[labels] - 1)
    others = sums / mass
    others[rows, labels] = np.inf
    b = others.min(axis=1)
    s = weights * (b - a) / np.maximum(a, b)
    return [s.sum() / weights.sum(), np.mean([s[labels == c].sum() / mass[c] for c in range(len(mass))])]


def values(frame, labeling, metric):
    return frame[(frame["labeling"] == labeling) & (frame["metric"] == metric)]["value"].to_numpy()


def test_weights_of_one_give_the_scores(table, labelings):
    for noise in ("zero", "drop", "cluster", "nearest"):
        replicates = bootstrap_scores(table, labelings, weights=np.ones((2, 240)), metrics=ALL, noise=noise)
        expected = score_labelings(table, labelings, metrics=ALL, noise=noise)
        np.testing.assert_allclose(replicates["value"], np.repeat(expected["value"], 2), rtol=1e-12)


@pytest.mark.parametrize("row", [0, 95, 150, 239])
def test_influence_is_the_derivative_of_the_weighted_silhouette(table, labelings, row):
    step = 1e-5
    weights = np.ones((2, 240))
    weights[0, row] += step
    weights[1, row] -= step
    for position in (0, 1, 2):
        found = bootstrap_scores(table, labelings, weights=weights, metrics=SILHOUETTES, noise="drop")
        slopes = [np.subtract(*values(found, position, name)) / (2 * step) for name in SILHOUETTES]
        expected = np.subtract(*(exact_silhouettes(table, labelings[position], w) for w in weights)) / (2 * step)
        np.testing.assert_allclose(slopes, expected, rtol=1e-4, atol=1e-9)


def test_spread_of_the_silhouette_is_that_of_recomputing_it(table, labelings):
    found = bootstrap_scores(table, labelings[:2], n_bootstrap=300, metrics=SILHOUETTES, seed=3)
    drawn = [w.astype(float) for w in bootstrap_weights(240, 300, seed=3)]
    for position in (0, 1):
        exact = np.array([exact_silhouettes(table, labelings[position], w) for w in drawn])
        for column, name in enumerate(SILHOUETTES):
            replicates = values(found, position, name)
            assert replicates.std() == pytest.approx(exact[:, column].std(), rel=0.1)
            assert np.corrcoef(replicates, exact[:, column])[0, 1] > 0.95
            # Copies of a row, at distance 0, push the recomputed one up; the expansion stays centred.
            center = score_labelings(table, [labelings[position]], metrics=[name])["value"].item()
            assert abs(replicates.mean() - center) < 4 * replicates.std() / np.sqrt(300)


def test_sums_are_recomputed_exactly_on_the_resampled_table(table, labelings):
    found = bootstrap_scores(table, labelings, n_bootstrap=5, metrics=SUMS, noise="drop", seed=7)
    for replicate, weights in enumerate(bootstrap_weights(240, 5, seed=7)):
        rows = np.repeat(np.arange(240), weights)
        expected = score_labelings(table[rows], [labels[rows] for labels in labelings], metrics=SUMS, noise="drop")
        part = found[found["replicate"] == replicate]
        np.testing.assert_allclose(part["value"].to_numpy(), expected["value"].to_numpy(), rtol=1e-10)


def test_coverage_is_resampled_with_the_rows(table, labelings):
    both = bootstrap_scores(table, labelings[2:], n_bootstrap=4, metrics=SILHOUETTES, noise=["drop", "zero"], seed=2)
    drop, zero = (both[both["noise"] == noise]["value"].to_numpy() for noise in ("drop", "zero"))
    share = [w[labelings[2] >= 0].sum() / 240 for w in bootstrap_weights(240, 4, seed=2)]
    np.testing.assert_allclose(zero, drop * np.tile(share, 2))


def test_a_resample_without_a_cluster_is_scored_on_the_others(table):
    labels = np.zeros(240, int)
    labels[100:200], labels[200:] = 1, 2
    weights = np.where(labels == 2, 0.0, 240 / 200)[None]
    found = bootstrap_scores(table, [labels], weights=weights, metrics=["davies_bouldin"])["value"].item()
    expected = score_labelings(table[:200], [labels[:200]], metrics=["davies_bouldin"])["value"].item()
    assert found == pytest.approx(expected)
    only = bootstrap_scores(table, [labels], weights=(labels == 0)[None] * 2.4, metrics=SUMS)
    assert only["value"].isna().all()


def test_labelings_share_their_resamples_and_do_not_move_each_other(table, labelings):
    together = bootstrap_scores(table, labelings, n_bootstrap=20, metrics=ALL, threads=2, memory_mb=1)
    for position, labels in enumerate(labelings):
        alone = bootstrap_scores(table, [labels], n_bootstrap=20, metrics=ALL, threads=1)["value"].to_numpy()
        np.testing.assert_array_equal(together[together["labeling"] == position]["value"], alone)
    twice = bootstrap_scores(table, [labelings[0], labelings[0] + 5], n_bootstrap=20)
    np.testing.assert_array_equal(values(twice, 0, "silhouette"), values(twice, 1, "silhouette"))


def test_more_replicates_begin_with_the_fewer(table, labelings):
    few = bootstrap_scores(table, labelings[:1], n_bootstrap=3, metrics=["silhouette"])
    many = bootstrap_scores(table, labelings[:1], n_bootstrap=70, metrics=["silhouette"])
    pd.testing.assert_frame_equal(many[:3], few, check_exact=True)
    assert [int(w.sum()) for w in bootstrap_weights(240, 2)] == [240, 240]


def test_undefined_indices_are_nan_in_every_replicate(table):
    frame = bootstrap_scores(table[:4], [[0, 0, 0, -1], [0, 1, 2, 3]], n_bootstrap=3, metrics=SILHOUETTES)
    assert frame["value"].isna().all()
    assert frame.columns.tolist() == ["labeling", "metric", "noise", "replicate", "value", "reason"]
    assert len(frame) == 2 * 2 * 3


def test_influences_of_a_part_of_the_rows_give_the_spread_of_all():
    rng = np.random.default_rng(4)
    X = rng.normal(size=(3000, 2))
    X[:1000] += 2.0
    labels = (X[:, 0] > 1.0).astype(int)
    whole = bootstrap_scores(X, [labels], metrics=SILHOUETTES)
    part = bootstrap_scores(X, [labels], metrics=SILHOUETTES, bootstrap_rows=900)
    for name in SILHOUETTES:
        assert values(part, 0, name).std() == pytest.approx(values(whole, 0, name).std(), rel=0.25)
        assert values(part, 0, name).mean() == pytest.approx(values(whole, 0, name).mean(), abs=5e-3)


@pytest.mark.parametrize("weights", [np.ones((2, 5)), np.ones(240), -np.ones((1, 240)), np.full((1, 240), np.nan)])
def test_weights_that_count_no_rows_are_refused(table, labelings, weights):
    with pytest.raises(RequestError, match="weights of shape"):
        bootstrap_scores(table, labelings, weights=weights)


def test_no_replicates_are_refused(table, labelings):
    with pytest.raises(RequestError, match="n_bootstrap = 0"):
        bootstrap_scores(table, labelings, n_bootstrap=0)
