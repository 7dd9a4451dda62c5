"""Shipped algorithms against the libraries called directly, over seeds, cuts and parameters."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import cdist
from sklearn.cluster import DBSCAN, KMeans
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture

from clusterbench.labeling import canonical
from clusterbench.plugins import Algorithm, missing_packages

CENTRES = np.array([[0.0, 0.0], [20.0, 0.0], [0.0, 20.0], [20.0, 20.0]])
STRAYS = np.array([[10.0, 10.0], [-15.0, 35.0], [40.0, -12.0]])


@pytest.fixture(scope="module")
def blobs():
    """Four blobs of 30 rows far apart, then three strays far from everything."""
    rng = np.random.default_rng(8)
    return np.vstack([CENTRES.repeat(30, axis=0) + rng.uniform(-1, 1, size=(120, 2)), STRAYS])


def warm(algorithm: Algorithm) -> None:
    """Import what it needs, as a worker does; without it there is nothing to test."""
    if missing := missing_packages(algorithm.packages):
        pytest.skip(missing)
    algorithm.warm_up()


BLOBS = np.repeat(np.arange(4), 30)


@pytest.mark.parametrize("seed", [1, 17, 2**31])
@pytest.mark.parametrize("params", [{}, {"n_init": 1, "init": "random"}, {"algorithm": "elkan", "max_iter": 5}])
def test_kmeans_is_scikit_learns_for_every_seed(cuts_of, moons, seed, params):
    ks = (2, 6, 11)
    for k, found in zip(ks, cuts_of("kmeans", moons, [{"k": k} for k in ks], seed=seed, **params), strict=True):
        expected = KMeans(k, random_state=seed, **{"n_init": 10, **params}).fit(moons)
        np.testing.assert_array_equal(found.labels, expected.labels_)
        assert found.inertia == expected.inertia_
        assert found.inertia == pytest.approx(
            cdist(moons, expected.cluster_centers_, "sqeuclidean").min(axis=1).sum(), rel=1e-9
        )
        assert found.info["n_iter"] == expected.n_iter_


@pytest.mark.parametrize("seed", [1, 5])
@pytest.mark.parametrize(
    "params",
    [{"covariance_type": "diag"}, {"covariance_type": "spherical", "n_init": 2}, {"init_params": "random_from_data"}],
)
def test_gmm_is_scikit_learns_for_every_seed(cuts_of, moons, seed, params):
    [found] = cuts_of("gmm", moons, [{"k": 3}], seed=seed, **params)
    expected = GaussianMixture(3, random_state=seed, **params).fit(moons)
    np.testing.assert_array_equal(found.labels, expected.predict(moons))
    assert found.info["bic"] == expected.bic(moons)
    assert found.info["aic"] == expected.aic(moons)
    assert found.info["lower_bound"] == expected.lower_bound_
    assert found.inertia is None


def test_the_bic_of_one_spherical_mixture_by_hand(cuts_of, moons):
    [found] = cuts_of("gmm", moons, [{"k": 2}], seed=0, covariance_type="spherical")
    free = 1 + 2 * 3 + 2  # weights, means, variances
    total = found.model.score_samples(moons).sum()
    assert found.info["bic"] == pytest.approx(free * np.log(len(moons)) - 2 * total)
    assert found.info["aic"] == pytest.approx(2 * free - 2 * total)


TREES = [
    *(("ward", metric) for metric in ("euclidean", "l2")),
    *((method, metric) for method in ("average", "complete") for metric in ("euclidean", "manhattan", "chebyshev")),
    *(("single", metric) for metric in ("euclidean", "manhattan", "cosine", "chebyshev")),
]


@pytest.mark.parametrize(("method", "metric"), TREES)
def test_agglomerative_is_scipys_tree(cuts_of, moons, method, metric):
    tree = linkage(moons, method, {"manhattan": "cityblock", "l2": "euclidean"}.get(metric, metric))
    ks = (2, 3, 4, 8, 25)
    found = cuts_of("agglomerative", moons, [{"k": k} for k in ks], linkage=method, metric=metric)
    for k, partition in zip(ks, found, strict=True):
        expected = fcluster(tree, k, criterion="maxclust")
        np.testing.assert_array_equal(canonical(partition.labels), canonical(expected))
        assert partition.info["height_below"] == pytest.approx(tree[-k, 2], rel=1e-9)
        assert partition.info["height_above"] == pytest.approx(tree[1 - k, 2], rel=1e-9)


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("kmeans", {}),
        ("gmm", {"covariance_type": "spherical"}),
        ("agglomerative", {"linkage": "ward"}),
        ("agglomerative", {"linkage": "single"}),
        ("agglomerative", {"linkage": "complete", "metric": "manhattan"}),
        ("kmedoids", {"method": "pam", "init": "build"}),
    ],
)
def test_blobs_far_apart_are_found_by_every_algorithm_of_k(shipped, cuts_of, blobs, name, params):
    rows = blobs[:120]
    warm(shipped(name))
    [found] = cuts_of(name, rows, [{"k": 4}], seed=3, **params)
    assert adjusted_rand_score(BLOBS, found.labels) == 1.0


@pytest.mark.parametrize("min_samples", [3, 5, 10])
@pytest.mark.parametrize("eps", [1.5, 4.0])
def test_dbscan_finds_the_blobs_and_calls_the_strays_noise(cuts_of, blobs, min_samples, eps):
    [found] = cuts_of("dbscan", blobs, [{"eps": eps}], min_samples=min_samples)
    np.testing.assert_array_equal(found.labels, DBSCAN(eps=eps, min_samples=min_samples).fit_predict(blobs))
    assert np.flatnonzero(np.asarray(found.labels) < 0).tolist() == [120, 121, 122]
    assert adjusted_rand_score(BLOBS, found.labels[:120]) == 1.0


def test_dbscan_with_a_tiny_eps_is_all_noise_and_with_a_huge_one_is_one_cluster(cuts_of, blobs):
    tiny, huge = cuts_of("dbscan", blobs, [{"eps": 1e-9}, {"eps": 1e3}], min_samples=4)
    assert set(np.asarray(tiny.labels).tolist()) == {-1}
    assert set(np.asarray(huge.labels).tolist()) == {0}


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1000), st.floats(0.05, 2.0), st.floats(1.0, 3.0))
def test_noise_of_dbscan_only_shrinks_as_eps_grows(cuts_of, seed, eps, factor):
    rows = np.random.default_rng(seed).normal(size=(40, 2))
    small, large = cuts_of("dbscan", rows, [{"eps": eps}, {"eps": eps * factor}], min_samples=4)
    assert np.all((np.asarray(small.labels) >= 0) <= (np.asarray(large.labels) >= 0))


@pytest.mark.parametrize("size", [5, 10, 20])
def test_hdbscan_finds_the_blobs_and_calls_the_strays_noise(cuts_of, blobs, size):
    [found] = cuts_of("hdbscan", blobs, [{"min_cluster_size": size}], min_samples=5)
    labels = np.asarray(found.labels)
    assert np.all(labels[121:] == -1)  # the first stray is nearer to a blob than the blobs are to each other
    assert set(labels[labels >= 0].tolist()) == {0, 1, 2, 3}
    inside = labels[:120] >= 0
    assert inside.mean() > 0.8
    assert adjusted_rand_score(BLOBS[inside], labels[:120][inside]) == 1.0


def test_hdbscan_has_no_cluster_smaller_than_was_asked_for(cuts_of, moons):
    for size, found in zip(
        (4, 12, 40), cuts_of("hdbscan", moons, [{"min_cluster_size": s} for s in (4, 12, 40)]), strict=True
    ):
        labels = np.asarray(found.labels)
        counts = np.bincount(labels[labels >= 0])
        assert not len(counts) or counts.min() >= size


# --- controls ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "k", "expected"),
    [
        ([0, 1, 2, 3], 2, [0, 0, 1, 1]),
        ([0, 1, 2, 3], 4, [0, 1, 2, 3]),
        ([3, 1, 2, 0], 2, [1, 0, 1, 0]),
        ([0, 0, 0, 5], 2, [0, 0, 0, 1]),
        ([0, 5, 5, 5], 2, [0, 0, 0, 0]),
        ([-1, -1, 1, 1], 2, [0, 0, 1, 1]),
        ([1, 2, 3, 4, 5], 2, [0, 0, 0, 1, 1]),
        ([10, 20, 30, 40, 50, 60], 3, [0, 0, 1, 1, 2, 2]),
        ([7, 7, 7, 7], 3, [0, 0, 0, 0]),
    ],
)
def test_a_quantile_split_of_one_column_by_hand(cuts_of, values, k, expected):
    [found] = cuts_of("quantile_split", np.array(values, dtype=float).reshape(-1, 1), [{"k": k}])
    assert np.asarray(found.labels).tolist() == expected


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 9))
def test_a_quantile_split_follows_the_order_of_its_column(cuts_of, seed, k):
    rows = np.random.default_rng(seed).normal(size=(60, 3))
    [found] = cuts_of("quantile_split", rows, [{"k": k}], column=1)
    labels = np.asarray(found.labels)[np.argsort(rows[:, 1])]
    assert np.all(np.diff(labels) >= 0)
    sizes = np.bincount(labels, minlength=k)
    assert sizes.max() - sizes.min() <= 2


@pytest.mark.parametrize("seed", [0, 3, 99])
def test_random_labels_are_spread_evenly_and_each_cut_has_its_own_stream(cuts_of, seed):
    rows = np.zeros((3000, 1))
    alone = cuts_of("random_labels", rows, [{"k": 5}], seed=seed)[0].labels
    *_, after = cuts_of("random_labels", rows, [{"k": 9}, {"k": 2}, {"k": 5}], seed=seed)
    np.testing.assert_array_equal(alone, after.labels)
    counts = np.bincount(alone)
    assert len(counts) == 5
    assert ((counts - 600) ** 2 / 600).sum() < 23.5  # chi-squared with 4 degrees of freedom, p = 0.0001


@pytest.mark.parametrize("k", [2, 7, 40])
def test_every_random_cell_holds_its_own_centre(cuts_of, moons, k):
    [found] = cuts_of("random_voronoi", moons, [{"k": k}], seed=k)
    assert np.asarray(found.labels)[found.info["centres"]].tolist() == list(range(k))


def test_the_centres_of_clara_are_rows_and_every_row_joins_the_nearest(shipped, cuts_of, blobs):
    rows = blobs[:120]
    warm(shipped("clara"))
    [found] = cuts_of("clara", rows, [{"k": 4}], seed=0)
    centres = found.model.cluster_centers_
    assert cdist(centres, rows).min(axis=1).tolist() == [0.0] * 4
    np.testing.assert_array_equal(found.labels, cdist(rows, centres).argmin(axis=1))


@pytest.mark.parametrize("metric", ["euclidean", "manhattan"])
def test_clara_is_that_of_the_library(shipped, cuts_of, moons, metric):
    warm(shipped("clara"))
    from sklearn_extra.cluster import CLARA

    [found] = cuts_of("clara", moons, [{"k": 4}], seed=3, metric=metric)
    expected = CLARA(4, metric=metric, max_iter=100, random_state=3).fit(moons)
    np.testing.assert_array_equal(found.labels, expected.labels_)
    assert found.inertia == expected.inertia_
