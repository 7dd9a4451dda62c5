"""DBSCAN: one structure for all eps, against scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial.distance import cdist
from sklearn.cluster import DBSCAN

EPS = (0.05, 0.2, 0.3, 0.45, 0.8, 2.0, 50.0)


@pytest.mark.parametrize("metric", ["euclidean", "manhattan", "chebyshev", "cosine"])
@pytest.mark.parametrize("min_samples", [1, 2, 5, 30])
def test_every_eps_is_scikit_learns_labels_border_rows_included(cuts_of, moons, min_samples, metric):
    found = cuts_of("dbscan", moons, [{"eps": eps} for eps in EPS], min_samples=min_samples, metric=metric)
    for eps, partition in zip(EPS, found, strict=True):
        expected = DBSCAN(eps=eps, min_samples=min_samples, metric=metric).fit(moons)
        np.testing.assert_array_equal(partition.labels, expected.labels_)
        assert partition.info == {"eps": eps, "core_rows": len(expected.core_sample_indices_)}


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 8), st.sampled_from([1.0, 1.5, 2.0, 3.0]), st.integers(1, 3))
def test_rows_at_exactly_eps_and_copies_are_handled_as_scikit_learn_does(cuts_of, seed, min_samples, eps, d):
    lattice = np.random.default_rng(seed).integers(0, 7, size=(50, d)).astype(float)
    [found] = cuts_of("dbscan", lattice, [{"eps": eps}], min_samples=min_samples)
    expected = DBSCAN(eps=eps, min_samples=min_samples).fit(lattice)
    np.testing.assert_array_equal(found.labels, expected.labels_)


@pytest.mark.parametrize("metric", ["euclidean", "cityblock"])
def test_the_tree_is_a_minimum_spanning_tree_of_mutual_reachability(module_of, moons, metric):
    dbscan = module_of("dbscan")
    structure = dbscan.structure_of(moons, 6, metric)
    distances = cdist(moons, moons, metric)
    reach = np.sort(distances, axis=1)[:, 5]
    np.testing.assert_array_equal(structure.reach, reach)
    mutual = np.maximum(distances, np.maximum.outer(reach, reach))
    assert structure.heights.sum() == pytest.approx(minimum_spanning_tree(mutual).sum(), rel=1e-12)
    np.testing.assert_array_equal(structure.heights, mutual[structure.tree[:, 0], structure.tree[:, 1]])


def test_blocks_of_any_size_give_the_same_nearest_rows(module_of, moons, monkeypatch):
    dbscan = module_of("dbscan")
    nearest, distances = dbscan.nearest_rows(moons, 7, "euclidean")
    monkeypatch.setattr(dbscan, "BLOCK_ENTRIES", 1000)
    for whole, in_blocks in zip((nearest, distances), dbscan.nearest_rows(moons, 7, "euclidean"), strict=True):
        np.testing.assert_array_equal(whole, in_blocks)
    np.testing.assert_array_equal(nearest[:, 0], np.arange(len(moons)))


def test_a_quantile_of_the_k_distances_is_turned_into_an_eps_that_can_be_quoted(cuts_of, moons):
    quantiles = (0.1, 0.5, 0.9)
    found = cuts_of("dbscan", moons, [{"eps_quantile": q} for q in quantiles], min_samples=5)
    reach = np.sort(cdist(moons, moons), axis=1)[:, 4]
    for q, partition in zip(quantiles, found, strict=True):
        eps = partition.info["eps"]
        assert np.quantile(reach, q) <= eps <= np.quantile(reach, q) * (1 + 2e-5)
        assert float(f"{eps:.6g}") == eps
        np.testing.assert_array_equal(partition.labels, DBSCAN(eps=eps, min_samples=5).fit(moons).labels_)


@given(st.lists(st.floats(1e-12, 1e12), min_size=1, max_size=20), st.floats(0.01, 0.99))
def test_an_eps_of_a_quantile_is_never_below_it_and_has_6_digits(module_of, reach, quantile):
    eps = module_of("dbscan").eps_at(np.array(reach), quantile)
    exact = np.quantile(reach, quantile)
    assert exact <= eps <= exact * (1 + 2e-5)
    assert float(f"{eps:.6g}") == eps


def test_where_most_rows_are_copies_the_copies_are_the_clusters(cuts_of):
    rows = np.repeat(np.array([[0.0, 0.0], [3.0, 1.0], [9.0, 9.0]]), [6, 5, 1], axis=0)
    [found] = cuts_of("dbscan", rows, [{"eps_quantile": 0.5}], min_samples=4)
    assert found.labels.tolist() == [0] * 6 + [1] * 5 + [-1]
    assert found.info["eps"] > 0


def test_fewer_rows_than_min_samples_are_all_noise(cuts_of):
    by_eps, by_quantile = cuts_of("dbscan", np.arange(8.0).reshape(4, 2), [{"eps": 100.0}, {"eps_quantile": 0.5}])
    assert by_eps.labels.tolist() == by_quantile.labels.tolist() == [-1] * 4


def test_cut_values_are_positive_and_quantiles_lie_between_0_and_1(shipped):
    quantile, eps = shipped("dbscan").cuts
    assert (quantile.name, eps.name) == ("eps_quantile", "eps")
    assert quantile.check(1.0) == "a share above 0 and below 1"
    assert eps.check(0) == "a number above 0"
    assert eps.check(0.5) is None
