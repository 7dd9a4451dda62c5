"""Neighbours and spanning trees of the compiled kernels against scipy's, on more rows than are held at once."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial.distance import cdist

from clusterbench.kernels import neighbours_and_reachability


@pytest.mark.parametrize("d", [1, 3, 8])
def test_distances_and_heights_are_those_of_all_pairs(d):
    X = np.random.default_rng(d).normal(size=(600, d))
    X[100:110] = X[0]  # copies
    nearest, distances, tree, heights = neighbours_and_reachability(X, 5, 5)
    pairs = cdist(X, X)
    np.testing.assert_array_equal(distances, np.sort(pairs, axis=1)[:, :5])
    np.testing.assert_array_equal(np.take_along_axis(pairs, nearest, axis=1), distances)
    mutual = np.maximum(pairs, np.maximum.outer(distances[:, -1], distances[:, -1]))
    np.testing.assert_array_equal(heights, mutual[tree[:, 0], tree[:, 1]])
    # scipy takes 0 for no edge; 1 more on every edge changes no tree
    assert heights.sum() + 599 == pytest.approx(minimum_spanning_tree(mutual + 1.0).sum(), rel=1e-12)


def test_rows_without_enough_neighbours_are_infinitely_far():
    _, distances, tree, heights = neighbours_and_reachability(np.array([[0.0], [3.0], [4.0]]), 3, 4)
    assert distances[:, :2].tolist() == [[0.0, 3.0], [0.0, 1.0], [0.0, 1.0]]
    assert np.isinf(distances[:, 2]).all()
    assert np.isinf(heights).all()
    assert len(tree) == 2


def test_one_row_has_no_tree():
    nearest, distances, tree, _ = neighbours_and_reachability(np.zeros((1, 2)), 1, 1)
    assert (nearest.tolist(), distances.tolist(), tree.shape) == ([[0]], [[0.0]], (0, 2))
