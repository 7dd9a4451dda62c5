"""The compiled tree of Ward's method against fastcluster's."""

from __future__ import annotations

import fastcluster
import numpy as np
import pytest

from clusterbench.kernels import ward_tree


@pytest.mark.parametrize(("n", "d"), [(2, 1), (3, 2), (40, 3), (700, 1), (1500, 2), (900, 17)])
def test_tree_is_that_of_fastcluster(n, d):
    rng = np.random.default_rng(n)
    X = rng.normal(size=(n, d)) * 10.0 ** rng.integers(-3, 4, size=d) + rng.integers(0, 3, size=(n, 1)) * 50.0
    np.testing.assert_array_equal(ward_tree(X), fastcluster.linkage_vector(X, "ward"))


@pytest.mark.parametrize("X", [[[0.0], [1.0], [5.0], [6.0]], [[2.0], [2.0], [2.0]], [[-1e200], [0.0], [1e200]]])
def test_no_tree_where_equal_heights_would_decide_it(X):
    assert ward_tree(np.array(X)) is None


def test_rows_are_left_as_they_are():
    X = np.random.default_rng(0).normal(size=(50, 4))
    before = X.copy()
    ward_tree(X)
    np.testing.assert_array_equal(X, before)
