"""Random partitions: what they are by definition, that seeds fix them, that one calibration leaves others alone."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial.distance import cdist

from clusterbench.errors import RequestError
from clusterbench.metrics import CENTROIDS, GROWTH, calibrate, random_partitions, score_labelings
from clusterbench.metrics import random_baselines as _random
from clusterbench.metrics.random_baselines import Forest
from clusterbench.seeding import stable_rng


def grow_by_definition(X, seeds):
    """Row by row, the one nearest to any cluster joins it (Hennig's stupidknn)."""
    labels = np.full(len(X), -1)
    labels[seeds] = np.arange(len(seeds))
    distances = cdist(X, X)
    while (labels < 0).any():
        inside, outside = np.flatnonzero(labels >= 0), np.flatnonzero(labels < 0)
        place = np.unravel_index(distances[np.ix_(inside, outside)].argmin(), (len(inside), len(outside)))
        labels[outside[place[1]]] = labels[inside[place[0]]]
    return labels


@given(seed=st.integers(0, 10_000), n=st.integers(4, 60), k=st.integers(2, 4))
@settings(max_examples=40, deadline=None)
def test_growth_along_the_tree_is_growth_by_definition(seed, n, k):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3))
    seeds = rng.choice(n, k, replace=False)
    grown = Forest.of(X, 0, 1).grow(seeds)
    np.testing.assert_array_equal(grown, grow_by_definition(X, seeds))


def test_the_tree_is_as_short_as_scipys():
    X = np.random.default_rng(0).normal(size=(700, 4))
    edges = Forest.of(X, 0, 1).edges
    length = np.linalg.norm(X[edges[:, 0]] - X[edges[:, 1]], axis=1)
    assert length.sum() == pytest.approx(minimum_spanning_tree(cdist(X, X)).sum())
    assert (np.diff(length) >= -1e-12).all()


@pytest.fixture(scope="module")
def table():
    return np.random.default_rng(1).normal(size=(300, 3))


def test_random_centroids_are_rows_and_each_row_joins_the_nearest(table):
    rng = stable_rng(0, CENTROIDS, 4)
    for labels in random_partitions(table, 4, n_centroid=5, n_growth=0):
        centroids = table[rng.permutation(len(table))[:4]]
        np.testing.assert_array_equal(labels, cdist(table, centroids).argmin(axis=1))


def test_partitions_have_k_clusters_and_every_row(table):
    found = random_partitions(table, 6, n_centroid=4, n_growth=3)
    assert len(found) == 7
    for labels in found:
        assert labels.shape == (300,)
        assert np.unique(labels).tolist() == list(range(6))


def test_a_longer_list_begins_with_the_shorter_one(table):
    few = random_partitions(table, 3, n_centroid=2, n_growth=2, seed=4)
    many = random_partitions(table, 3, n_centroid=5, n_growth=3, seed=4)
    np.testing.assert_array_equal(few, [*many[:2], *many[5:7]])
    other = random_partitions(table, 3, n_centroid=2, n_growth=2, seed=5)
    assert not np.array_equal(few, other)


def test_no_two_clusters_start_from_equal_rows():
    X = np.repeat([[0.0], [1.0], [5.0]], [200, 2, 2], axis=0)
    for labels in random_partitions(X, 3, n_centroid=5, n_growth=5):
        assert labels.max() == 2
        assert len(np.unique(np.column_stack([X[:, 0], labels]), axis=0)) == 3
    with pytest.raises(RequestError, match="k = 4, but only 3 rows are distinct"):
        random_partitions(X, 4)
    with pytest.raises(RequestError, match="k = 1"):
        random_partitions(X, 1)


def test_calibration_is_the_scores_of_the_random_partitions(table):
    frame = calibrate(table, [2, 4], n_random=3, seed=9)
    assert frame.columns.tolist() == ["k", "generator", "replicate", "metric", "value"]
    assert len(frame) == 2 * 2 * 3 * 3
    expected = score_labelings(table, random_partitions(table, 4, n_centroid=3, n_growth=3, seed=9))
    part = frame[frame["k"] == 4]
    np.testing.assert_allclose(part["value"], expected["value"], rtol=1e-12)
    assert part["generator"].tolist() == [CENTROIDS] * 9 + [GROWTH] * 9
    assert part[part["generator"] == GROWTH]["replicate"].tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]


def test_adding_a_k_or_a_metric_moves_no_number(table):
    alone = calibrate(table, [3], metrics=["silhouette"], n_random=4)
    more = calibrate(table, [5, 3, 2], metrics=["davies_bouldin", "silhouette"], n_random=4, memory_mb=1)
    part = more[(more["k"] == 3) & (more["metric"] == "silhouette")].reset_index(drop=True)
    pd.testing.assert_frame_equal(part, alone, check_exact=True)
    assert calibrate(table, [], n_random=4).empty


def test_a_long_table_grows_on_random_rows_and_the_others_join_their_nearest(table, monkeypatch):
    monkeypatch.setattr(_random, "TREE_ROWS", 60)
    forest = Forest.of(table, 0, 2)
    assert len(forest.rows) == 60
    np.testing.assert_array_equal(forest.home, cdist(table, table[forest.rows]).argmin(axis=1))
    seeds = np.array([0, 30, 59])
    expected = grow_by_definition(table[forest.rows], seeds)[forest.home]
    np.testing.assert_array_equal(forest.grow(seeds), expected)


def test_generators_depend_on_seed_and_name_alone():
    first = stable_rng(3, "calibration", 2).random(4)
    stable_rng(3, "calibration", 3).random(100)
    np.testing.assert_array_equal(stable_rng(3, "calibration", 2).random(4), first)
    assert not np.array_equal(stable_rng(3, "calibration2").random(4), first)
    # The same on every machine and in every process.
    assert stable_rng(0, "calibration", 2).integers(10**9) == stable_rng(0, "calibration", 2).integers(10**9)
