"""HDBSCAN: one tree for all sizes, against the package's own fits."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    hdbscan = pytest.importorskip("hdbscan", reason="hdbscan is not installed")

SIZES = (2, 5, 15, 40, 200)


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"min_samples": 3},
        {"cluster_selection_method": "leaf"},
        {"cluster_selection_epsilon": 0.3},
        {"alpha": 1.3},
        {"metric": "manhattan"},
    ],
    ids=str,
)
def test_every_size_is_what_a_fit_of_its_own_gives(cuts_of, moons, params):
    found = cuts_of("hdbscan", moons, [{"min_cluster_size": size} for size in SIZES], **params)
    for size, partition in zip(SIZES, found, strict=True):
        expected = hdbscan.HDBSCAN(min_cluster_size=size, **{"min_samples": 10, **params}).fit(moons)
        np.testing.assert_array_equal(partition.labels, expected.labels_)
        np.testing.assert_allclose(partition.info["persistence"], expected.cluster_persistence_, atol=1e-6)


def test_the_tree_is_made_once(module_of):
    memory = module_of("hdbscan").TreeMemory()
    calls = []

    def tree(X, min_samples):
        calls.append(min_samples)
        return "tree"

    assert [memory.cache(tree)(None, 5), memory.cache(tree)(None, 5)] == ["tree", "tree"]
    assert calls == [5]


def test_a_share_stands_for_rows_of_the_table(module_of, cuts_of, moons):
    size_of = module_of("hdbscan").size_of
    assert [size_of(0.005, 8950), size_of(0.05, 8950), size_of(0.0001, 8950), size_of(30, 8950)] == [45, 448, 2, 30]
    by_share, by_count = cuts_of("hdbscan", moons, [{"min_cluster_size": 0.05}, {"min_cluster_size": 15}])
    np.testing.assert_array_equal(by_share.labels, by_count.labels)
    assert by_share.info["min_cluster_size"] == 15


@pytest.mark.parametrize("value", [0, 1, 1.0, 1.5, -0.1, True, "5", None])
def test_a_size_is_a_share_or_a_number_of_rows(shipped, value):
    assert "a share of the rows" in shipped("hdbscan").cuts[0].check(value)


@pytest.mark.parametrize("value", [0.005, 0.5, 2, 300])
def test_shares_and_numbers_of_rows_are_accepted(shipped, value):
    assert shipped("hdbscan").cuts[0].check(value) is None
