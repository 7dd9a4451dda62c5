"""The compiled distances and the update of medoids are those of scikit-learn and scikit-learn-extra."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import pairwise_distances

from clusterbench.kernels import MedoidUpdate, euclidean_distances

extra = pytest.importorskip("sklearn_extra.cluster", reason="scikit-learn-extra is not installed")


@pytest.mark.parametrize("offset", [0.0, 1e7])
@pytest.mark.parametrize("shape", [(1, 3), (150, 2), (333, 17)])
def test_euclidean_distances_are_those_of_the_library(shape, offset):
    X = np.random.default_rng(1).normal(size=shape) ** 3 + offset
    X[: len(X) // 3] = X[-1]
    distances, asymmetry = euclidean_distances(X)
    np.testing.assert_array_equal(distances, pairwise_distances(X))
    assert np.abs(distances - distances.T).max() <= asymmetry


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["lattice", "skewed", "far pairs"]), st.sampled_from([1e-9, 1.0, 1e9]))
def test_medoids_move_as_in_the_library_for_one_k_after_another(seed, kind, scale):
    rng = np.random.default_rng(seed)
    X = rng.integers(0, 4, size=(60, 2)) if kind == "lattice" else rng.normal(size=(60, 2)) ** 3
    if kind == "far pairs":  # where distances (i, j) and (j, i) differ by more than those to two candidates
        X = rng.choice([-1e7, 1e7], size=(60, 1)) + 0.1 * X
    distances, asymmetry = euclidean_distances(X * scale)
    update = MedoidUpdate(distances, distances.sum(axis=0), asymmetry)
    for k in (3, 5, 2, 7):
        plain = rng.choice(60, k, replace=False)
        fast = plain.copy()
        for _ in range(4):
            labels = np.argmin(distances[plain], axis=0)
            if len(np.unique(labels)) < k:
                break  # the library warns of an empty cluster; see test_kmedoids.py
            extra.KMedoids(k)._update_medoid_idxs_in_place(distances, labels, plain)
            update(distances, labels, fast)
            np.testing.assert_array_equal(fast, plain)
