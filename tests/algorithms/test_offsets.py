"""Rows far from the origin are clustered like the same rows near it."""

from __future__ import annotations

import numpy as np
import pytest

from clusterbench.labeling import canonical
from clusterbench.plugins import ShiftedModel, missing_packages, without_offset

CASES = [
    ("kmeans", {}, {"k": 3}),
    ("kmedoids", {}, {"k": 3}),
    ("kmedoids", {"method": "pam", "init": "heuristic"}, {"k": 3}),
    ("kmedoids", {"metric": "manhattan"}, {"k": 3}),
    ("clara", {}, {"k": 3}),
    ("gmm", {}, {"k": 3}),
    ("gmm", {"covariance_type": "tied"}, {"k": 3}),
    ("gmm", {"covariance_type": "diag"}, {"k": 3}),
    ("gmm", {"covariance_type": "spherical"}, {"k": 3}),
    ("agglomerative", {"linkage": "ward"}, {"k": 3}),
    ("agglomerative", {"linkage": "average"}, {"k": 3}),
    ("agglomerative", {"linkage": "single"}, {"k": 3}),
    ("dbscan", {"min_samples": 5}, {"eps": 4.0}),
    ("hdbscan", {"min_samples": 5}, {"min_cluster_size": 10}),
    ("quantile_split", {"column": 0}, {"k": 3}),
    ("random_voronoi", {}, {"k": 3}),
]


@pytest.fixture(scope="module")
def cuts_of_installed(shipped, cuts_of):
    """Run one build of an algorithm whose packages are installed and imported."""

    def run(name, X, cuts, **params):
        algorithm = shipped(name)
        if missing := missing_packages(algorithm.packages):
            pytest.skip(missing)
        if algorithm.warm_up is not None:
            algorithm.warm_up()
        return cuts_of(name, X, cuts, **params)

    return run


@pytest.fixture(scope="module")
def groups():
    """Three groups of 30 rows at multiples of 1/8, so that adding a power of two is exact."""
    rng = np.random.default_rng(5)
    centres = np.repeat([[0.0, 0.0], [16.0, 0.0], [0.0, 16.0]], 30, axis=0)
    return np.round(8 * (centres + rng.normal(size=(90, 2)))) / 8


@pytest.mark.parametrize("offset", [2.0**31, -(2.0**34)])
@pytest.mark.parametrize(("name", "params", "cut"), CASES)
def test_an_offset_changes_neither_clusters_nor_inertia(cuts_of_installed, groups, name, params, cut, offset):
    [near], [far] = (cuts_of_installed(name, X, [cut], **params) for X in (groups, groups + offset))
    np.testing.assert_array_equal(canonical(far.labels), canonical(near.labels))
    assert (far.inertia is None) == (near.inertia is None)
    assert near.inertia is None or far.inertia == pytest.approx(near.inertia, rel=1e-9)
    if hasattr(far.model, "predict"):
        np.testing.assert_array_equal(far.model.predict(groups + offset), far.labels)


def test_a_time_stamp_beside_an_ordinary_column_and_a_far_group_keep_all_digits(cuts_of_installed, groups):
    [near] = cuts_of_installed("kmedoids", groups, [{"k": 3}])
    [mixed] = cuts_of_installed("kmedoids", groups + np.array([2.0**31, 0.0]), [{"k": 3}])
    np.testing.assert_array_equal(mixed.labels, near.labels)
    strays = np.vstack([groups + 2.0**31, np.full((3, 2), 1e17)])
    [stray] = cuts_of_installed("kmedoids", strays, [{"k": 4}])
    np.testing.assert_array_equal(canonical(stray.labels[:90]), canonical(near.labels))


def test_a_cosine_is_of_the_rows_as_they_are(cuts_of_installed):
    rows = np.array([[1.0, 1e6], [2.0, 2e6], [1e6, 1.0], [2e6, 2.0]])
    [found] = cuts_of_installed("kmedoids", rows, [{"k": 2}], metric="cosine")
    assert canonical(found.labels).tolist() == [0, 0, 1, 1]
    assert not isinstance(found.model, ShiftedModel)


def test_rows_near_the_origin_are_left_as_they_are(moons):
    rows, centre = without_offset(moons)
    assert rows is moons
    assert centre is None
    shifted, centre = without_offset(moons + 1000.0)
    np.testing.assert_allclose(centre, np.median(moons, axis=0) + 1000.0)
    np.testing.assert_allclose(shifted, moons - np.median(moons, axis=0), atol=1e-12)
