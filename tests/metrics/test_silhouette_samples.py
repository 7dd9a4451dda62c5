"""Silhouettes of rows and clusters."""

import numpy as np
import pytest
import sklearn.metrics
from scipy.spatial.distance import cdist

from clusterbench.metrics import cluster_silhouettes, score_labelings, silhouette_samples


@pytest.fixture(scope="module")
def table():
    X = np.random.default_rng(2).normal(size=(400, 3))
    X[:150] += 2.0
    return X


@pytest.fixture(scope="module")
def labelings(table):
    first = (table[:, 0] > 1).astype(int) * 5
    noisy = np.where(table[:, 1] > 1, -1, first)
    return [first, noisy, first + 1, np.zeros(400, int), np.arange(400)]


def test_rows_equal_scikit_learns(table, labelings):
    found = silhouette_samples(table, labelings, noise="drop")
    expected = sklearn.metrics.silhouette_samples(cdist(table, table), labelings[0], metric="precomputed")
    np.testing.assert_allclose(found[0], expected, rtol=1e-9)
    np.testing.assert_array_equal(found[2], found[0])
    part = labelings[1] >= 0
    np.testing.assert_allclose(
        found[1, part], sklearn.metrics.silhouette_samples(table[part], labelings[1][part]), rtol=1e-6
    )
    assert np.isnan(found[1, ~part]).all()


@pytest.mark.parametrize("noise", ["zero", "drop", "cluster", "nearest"])
def test_their_mean_is_the_score(table, labelings, noise):
    found = silhouette_samples(table, labelings, noise=noise, memory_mb=1)
    scores = score_labelings(table, labelings, metrics=["silhouette"], noise=noise)["value"].to_numpy()
    np.testing.assert_allclose([np.nanmean(row) for row in found[:3]], scores[:3], rtol=1e-12)
    assert np.isnan(found[3:]).all()
    assert np.isnan(scores[3:]).all()


def test_clusters_keep_their_names_and_average_to_the_macro_silhouette(table, labelings):
    frame = cluster_silhouettes(table, labelings[:2])
    assert frame.columns.tolist() == ["labeling", "cluster", "size", "silhouette"]
    assert frame["cluster"].tolist() == [0, 5, 0, 5]
    assert frame.groupby("labeling")["size"].sum().tolist() == [400, int((labelings[1] >= 0).sum())]
    macro = score_labelings(table, labelings[:2], metrics=["silhouette_macro"], noise="drop")["value"]
    np.testing.assert_allclose(frame.groupby("labeling")["silhouette"].mean(), macro, rtol=1e-12)
    assert cluster_silhouettes(table, []).empty


def test_rows_that_are_clusters_of_their_own_leave_it_undefined_beside_noise_too(table):
    alone = np.full(400, -1)
    alone[[3, 50, 200]] = [0, 1, 2]
    found = silhouette_samples(table, [alone, alone, [*range(200)] * 2], noise="drop")
    assert np.isnan(found[:2]).all()
    assert np.isfinite(found[2]).all()
    assert np.isnan(silhouette_samples(table, [alone], noise="zero")).all()
    assert np.isfinite(silhouette_samples(table, [alone], noise="nearest")).all()
