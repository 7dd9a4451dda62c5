"""k-medoids: shared work changes nothing."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

extra = pytest.importorskip("sklearn_extra.cluster", reason="scikit-learn-extra is not installed")


def fit_plainly(X, k, **params):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return extra.KMedoids(k, **{"init": "build", "max_iter": 100, **params}).fit(X)


@pytest.mark.parametrize("init", ["build", "random", "heuristic", "k-medoids++"])
@pytest.mark.parametrize("method", ["alternate", "pam"])
def test_every_k_is_what_kmedoids_gives_on_the_rows(cuts_of, moons, method, init):
    ks = (2, 5, 3, 8)
    found = cuts_of("kmedoids", moons, [{"k": k} for k in ks], seed=17, method=method, init=init)
    for k, partition in zip(ks, found, strict=True):
        expected = fit_plainly(moons, k, method=method, init=init, random_state=17)
        np.testing.assert_array_equal(partition.labels, expected.labels_)
        assert partition.info["medoids"] == expected.medoid_indices_.tolist()
        assert partition.inertia == expected.inertia_
        fresh = np.random.default_rng(1).normal(size=(20, 3))
        np.testing.assert_array_equal(partition.model.predict(fresh), expected.predict(fresh))


@pytest.mark.parametrize("metric", ["manhattan", "chebyshev", "cosine"])
def test_other_distances_are_kmedoids_own(cuts_of, moons, metric):
    [found] = cuts_of("kmedoids", moons, [{"k": 4}], metric=metric)
    expected = fit_plainly(moons, 4, metric=metric)
    np.testing.assert_array_equal(found.labels, expected.labels_)
    assert found.inertia == expected.inertia_


def test_copies_of_one_row_as_medoids_leave_a_cluster_empty_quietly(cuts_of):
    X = np.array([[0.0], [0.0], [0.0], [5.0]])
    [found] = cuts_of("kmedoids", X, [{"k": 3}], init="heuristic")
    np.testing.assert_array_equal(found.labels, fit_plainly(X, 3, init="heuristic").labels_)


def test_more_medoids_than_rows_is_an_error_of_the_cut(cuts_of):
    with pytest.raises(ValueError, match="number of medoids"):
        cuts_of("kmedoids", np.arange(6.0).reshape(3, 2), [{"k": 4}])


def test_an_unfinished_run_is_told_of(cuts_of, moons):
    [found] = cuts_of("kmedoids", moons, [{"k": 5}], init="random", max_iter=1)
    assert "Maximum number of iteration reached" in found.info["warnings"][0]


def test_the_seed_matters_only_for_random_starts(shipped):
    algorithm = shipped("kmedoids")
    assert algorithm.is_deterministic(algorithm.resolve({}))
    assert algorithm.is_deterministic(algorithm.resolve({"init": "heuristic"}))
    assert not algorithm.is_deterministic(algorithm.resolve({"init": "random"}))
    assert not algorithm.is_deterministic(algorithm.resolve({"init": "k-medoids++"}))
