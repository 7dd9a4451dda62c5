"""k-means with bounds is scikit-learn's, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.cluster import KMeans, _kmeans
from sklearn.exceptions import ConvergenceWarning

from clusterbench.kernels import quick_lloyd

RNG = np.random.default_rng(0)
TABLES = {
    "skewed, 300 rows": RNG.gamma(1.0, 100.0, size=(300, 7)),
    "one column": RNG.normal(size=(90, 1)),
    "rows equally far from two centres": RNG.integers(0, 3, size=(200, 4)).astype(float),
    "far from the origin": RNG.normal(size=(150, 3)) + 1e7,
    "single precision": RNG.normal(size=(80, 2)).astype(np.float32),
}


def assert_equal_fits(X, **params):
    theirs = KMeans(random_state=2, **params).fit(X)
    with quick_lloyd():
        ours = KMeans(random_state=2, **params).fit(X)
    np.testing.assert_array_equal(ours.labels_, theirs.labels_)
    np.testing.assert_array_equal(ours.cluster_centers_, theirs.cluster_centers_)
    assert (ours.inertia_, ours.n_iter_) == (theirs.inertia_, theirs.n_iter_)
    return ours


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("k", [1, 2, 9])
def test_every_number_is_that_of_scikit_learn(name, k):
    assert_equal_fits(TABLES[name], n_clusters=k, n_init=3)


def test_a_run_that_ends_early_labels_rows_by_its_last_centres():
    X = TABLES["skewed, 300 rows"]
    assert assert_equal_fits(X, n_clusters=6, n_init=2, max_iter=2).n_iter_ == 2
    assert_equal_fits(X, n_clusters=6, n_init=2, tol=0.05)


def test_an_empty_cluster_gets_the_row_that_scikit_learn_gives_it():
    X = TABLES["skewed, 300 rows"]
    start = np.vstack([X[:2], np.full((1, 7), 1e6)])
    assert_equal_fits(X, n_clusters=3, init=start, n_init=1)


def test_weights_of_rows_are_obeyed():
    X, weights = TABLES["one column"], np.arange(90.0)
    theirs = KMeans(4, n_init=2, random_state=0).fit(X, sample_weight=weights)
    with quick_lloyd():
        ours = KMeans(4, n_init=2, random_state=0).fit(X, sample_weight=weights)
    np.testing.assert_array_equal(ours.cluster_centers_, theirs.cluster_centers_)


def test_fewer_rows_than_clusters_are_warned_of_and_scikit_learn_is_itself_afterwards():
    original = _kmeans._kmeans_single_lloyd
    with quick_lloyd(), pytest.warns(ConvergenceWarning, match="distinct clusters"):
        KMeans(3, n_init=1, random_state=0).fit(np.repeat([[0.0], [1.0]], 5, axis=0))
    assert _kmeans._kmeans_single_lloyd is original
