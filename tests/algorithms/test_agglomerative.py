"""Agglomerative clustering against scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import AgglomerativeClustering

from clusterbench.labeling import canonical

KS = (2, 3, 5, 9, 40)


@pytest.mark.parametrize(
    ("linkage", "metric"),
    [
        ("ward", "euclidean"),
        ("average", "euclidean"),
        ("complete", "euclidean"),
        ("single", "euclidean"),
        ("average", "manhattan"),
        ("complete", "cosine"),
        ("single", "manhattan"),
        ("ward", "l2"),
        ("average", "l1"),
    ],
)
def test_every_cut_is_scikit_learns_partition(cuts_of, moons, linkage, metric):
    found = cuts_of("agglomerative", moons, [{"k": k} for k in KS], linkage=linkage, metric=metric)
    for k, partition in zip(KS, found, strict=True):
        plain = "euclidean" if metric == "l2" else metric
        expected = AgglomerativeClustering(k, linkage=linkage, metric=plain).fit(moons)
        np.testing.assert_array_equal(canonical(partition.labels), canonical(expected.labels_))


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 40), st.sampled_from(["ward", "average", "complete", "single"]))
def test_exactly_k_clusters_come_out_even_where_heights_are_equal(cuts_of, seed, k, linkage):
    lattice = np.random.default_rng(seed).integers(0, 3, size=(40, 2)).astype(float)
    [found] = cuts_of("agglomerative", lattice, [{"k": k}], linkage=linkage)
    assert len(np.unique(found.labels)) == k


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["ward", "average", "complete", "single"]))
def test_a_coarser_cut_joins_clusters_of_a_finer_one(cuts_of, seed, linkage):
    rows = np.random.default_rng(seed).normal(size=(30, 2))
    fine, coarse = cuts_of("agglomerative", rows, [{"k": 6}, {"k": 3}], linkage=linkage)
    assert len(set(zip(fine.labels.tolist(), coarse.labels.tolist(), strict=True))) == 6


def test_the_heights_beside_a_cut_by_hand(cuts_of):
    rows = np.array([[0.0], [1.0], [10.0], [14.0]])
    two, three, four = cuts_of("agglomerative", rows, [{"k": 2}, {"k": 3}, {"k": 4}], linkage="single")
    assert two.info == {"height_below": 4.0, "height_above": 9.0}
    assert three.info == {"height_below": 1.0, "height_above": 4.0}
    assert four.info == {"height_below": 0.0, "height_above": 1.0}
    assert canonical(two.labels).tolist() == [0, 0, 1, 1]


def test_more_clusters_than_rows_is_an_error_of_the_cut(cuts_of):
    with pytest.raises(ValueError, match="3 rows cannot be cut into 4 clusters"):
        cuts_of("agglomerative", np.arange(6.0).reshape(3, 2), [{"k": 4}])


def test_ward_and_average_are_run_by_default(shipped):
    assert shipped("agglomerative").grid == {"linkage": ("ward", "average")}
