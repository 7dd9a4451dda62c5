"""The greedy medoids are those of scikit-learn-extra's BUILD."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import pairwise_distances

from clusterbench.kernels import GreedyMedoids

helper = pytest.importorskip("sklearn_extra.cluster._k_medoids_helper", reason="scikit-learn-extra is not installed")


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.booleans(), st.sampled_from([1e-9, 1.0, 1e9]))
def test_they_are_those_of_the_library_in_any_order_of_k(seed, lattice, scale):
    rng = np.random.default_rng(seed)
    X = (rng.integers(0, 4, size=(60, 2)) if lattice else rng.normal(size=(60, 2)) ** 3) * scale
    D = pairwise_distances(X)
    medoids = GreedyMedoids(D)
    for k in (3, 2, 7, 1, 12):
        np.testing.assert_array_equal(medoids.first(k), helper._build(D, k))
    if not lattice:  # where all rows are medoids or copies of one, the library repeats one
        np.testing.assert_array_equal(medoids.first(60)[:20], helper._build(D, 20))
