"""Random partitions: laws of both kinds for any table; the frame of a calibration."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree
from scipy.spatial.distance import cdist
from sklearn.metrics import silhouette_score

from clusterbench.errors import RequestError
from clusterbench.metrics import CENTROIDS, GROWTH, METRICS, calibrate, random_partitions, score_labelings

ALL = list(METRICS)


@pytest.fixture(scope="module")
def table():
    return np.random.default_rng(41).normal(size=(120, 3))


@given(seed=st.integers(0, 500), n=st.integers(2, 40), d=st.integers(1, 3), data=st.data())
def test_both_kinds_use_every_cluster_and_every_row(seed, n, d, data):
    X = np.random.default_rng(seed).normal(size=(n, d))
    k = data.draw(st.integers(2, n))
    for labels in random_partitions(X, k, n_centroid=2, n_growth=2, seed=seed):
        assert labels.dtype == np.int32
        assert np.unique(labels).tolist() == list(range(k))


def test_as_many_clusters_as_rows_is_every_row_alone(table):
    for labels in random_partitions(table[:15], 15, n_centroid=3, n_growth=3):
        assert sorted(labels.tolist()) == list(range(15))


@pytest.mark.parametrize(("n_centroid", "n_growth"), [(0, 0), (0, 3), (4, 0), (2, 5)])
def test_the_numbers_of_each_kind_are_as_asked(table, n_centroid, n_growth):
    found = random_partitions(table, 3, n_centroid=n_centroid, n_growth=n_growth)
    assert len(found) == n_centroid + n_growth
    growth = random_partitions(table, 3, n_centroid=0, n_growth=n_growth)
    for labels, expected in zip(found[n_centroid:], growth, strict=True):
        np.testing.assert_array_equal(labels, expected)


@pytest.mark.parametrize("k", [2, 3])
def test_clusters_of_random_centroids_are_the_cells_of_some_rows(table, k):
    X = table[:36]
    distances = cdist(X, X)
    for labels in random_partitions(X, k, n_centroid=6, n_growth=0, seed=k):
        members = [np.flatnonzero(labels == c) for c in range(k)]
        cells = (distances[:, centres].argmin(axis=1) for centres in itertools.product(*members))
        assert any(np.array_equal(cell, labels) for cell in cells)


@pytest.mark.parametrize("k", [2, 4, 9])
def test_grown_clusters_are_connected_in_the_shortest_tree(table, k):
    tree = minimum_spanning_tree(cdist(table, table)).tocoo()
    for labels in random_partitions(table, k, n_centroid=0, n_growth=6, seed=k):
        inside = labels[tree.row] == labels[tree.col]
        assert np.count_nonzero(~inside) == k - 1
        kept = tree.copy()
        kept.data = np.where(inside, tree.data, 0.0)
        kept.eliminate_zeros()
        count, components = connected_components(kept, directed=False)
        assert count == k
        assert len(set(zip(components, labels, strict=True))) == k


def test_growth_follows_chains_that_centroids_cut():
    # Two parallel lines: grown from one seed on each, every line is one cluster.
    x = np.arange(40.0)
    lines = np.concatenate([np.column_stack([x, np.zeros(40)]), np.column_stack([x, np.full(40, 5.0)])])
    line = np.repeat([0, 1], 40)
    found = random_partitions(lines, 2, n_centroid=0, n_growth=30)
    whole = [labels for labels in found if len(set(zip(labels, line, strict=True))) == 2]
    assert len(whole) > 5  # seeds on different lines, about every other time
    for labels in found:
        assert len(set(labels[:40])) == 1 or len(set(labels[40:])) == 1  # no jump before a line is full


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_threads_move_no_row(table, threads):
    expected = random_partitions(table, 5, n_centroid=4, n_growth=4, seed=3)
    found = random_partitions(table, 5, n_centroid=4, n_growth=4, seed=3, threads=threads)
    np.testing.assert_array_equal(found, expected)


def test_shift_of_the_table_moves_no_row(table):
    expected = random_partitions(table, 5, n_centroid=4, n_growth=4)
    np.testing.assert_array_equal(random_partitions(table + 3.0, 5, n_centroid=4, n_growth=4), expected)


@pytest.mark.parametrize(
    ("X", "k", "message"),
    [
        (np.zeros((5, 2)), 2, r"k = 2, but only 1 rows are distinct \(allowed: k up to that number\)"),
        (np.arange(4.0)[:, None], 5, "k = 5, but only 4 rows are distinct"),
        (np.arange(4.0)[:, None], 0, r"k = 0 \(allowed: k >= 2\)"),
        (np.arange(4.0)[:, None], -2, "k = -2"),
        (np.arange(4.0), 2, "X has shape"),
        ([[1.0], [np.nan]], 2, "missing or infinite"),
    ],
)
def test_wrong_requests_are_named(X, k, message):
    with pytest.raises(RequestError, match=message):
        random_partitions(X, k)
    with pytest.raises(RequestError, match=message):
        calibrate(X, [k], n_random=2)


def test_a_calibration_has_one_row_per_k_kind_replicate_and_metric(table):
    frame = calibrate(table, [5, 2, 5], metrics=ALL, n_random=3, seed=1)
    expected = itertools.product((2, 5), (CENTROIDS, GROWTH), range(3), ALL)
    found = frame[["k", "generator", "replicate", "metric"]].itertuples(index=False, name=None)
    assert list(found) == list(expected)
    assert frame.index.tolist() == list(range(len(frame)))
    assert np.isfinite(frame["value"]).all()


def test_calibrated_silhouettes_are_scikit_learns(table):
    frame = calibrate(table, [3, 6], metrics=["silhouette"], n_random=2, seed=5)
    expected = [
        silhouette_score(table, labels)
        for k in (3, 6)
        for labels in random_partitions(table, k, n_centroid=2, n_growth=2, seed=5)
    ]
    assert frame["value"].tolist() == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize("option", [{"threads": 1}, {"threads": 3}, {"memory_mb": 1}, {"dtype": "float64"}])
def test_options_of_the_engine_move_no_bit_of_a_calibration(table, option):
    expected = calibrate(table, range(2, 8), metrics=ALL, n_random=3, threads=2)
    pd.testing.assert_frame_equal(
        calibrate(table, range(2, 8), metrics=ALL, n_random=3, **option), expected, check_exact=True
    )


@pytest.mark.parametrize("option", [{"threads": 1}, {"memory_mb": 1}])
def test_options_of_the_engine_move_no_bit_of_a_sampled_calibration(option):
    X = np.random.default_rng(2).normal(size=(3000, 2))
    common = {"metrics": ALL, "n_random": 8, "exact_rows": 500, "anchors": 100}
    expected = calibrate(X, [2, 9], threads=2, **common)
    pd.testing.assert_frame_equal(calibrate(X, [2, 9], **common, **option), expected, check_exact=True)


def test_more_replicates_begin_with_the_fewer(table):
    few = calibrate(table, [4], n_random=2)
    many = calibrate(table, [4], n_random=6)
    pd.testing.assert_frame_equal(many[many["replicate"] < 2].reset_index(drop=True), few, check_exact=True)


def test_another_seed_gives_other_numbers_of_the_same_law(table):
    values = [calibrate(table, [3], metrics=["silhouette"], n_random=40, seed=seed)["value"] for seed in (0, 1)]
    assert not np.array_equal(*values)
    errors = [part.std() / np.sqrt(40) for part in values]
    assert abs(values[0][:40].mean() - values[1][:40].mean()) < 5 * max(errors)


def test_every_row_alone_is_nan_in_a_calibration():
    frame = calibrate(np.arange(5.0)[:, None] ** 2, [5], metrics=ALL, n_random=2)
    assert frame.loc[~frame["metric"].isin(["size_entropy", "size_evenness"]), "value"].isna().all()


def test_structure_scores_above_its_calibration():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(150, 2)) + np.repeat([[0, 0], [12, 0], [0, 12]], 50, axis=0)
    score = score_labelings(X, [np.repeat([0, 1, 2], 50)], metrics=["silhouette"])["value"].item()
    random = calibrate(X, [3], metrics=["silhouette"], n_random=25)["value"]
    assert score >= random.max()
    assert score > random.mean() + random.std()


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"metrics": ["silhouete"]}, "did you mean 'silhouette'"),
        ({"dtype": "double"}, "unknown dtype 'double'"),
        ({"anchors": 1}, "anchors = 1"),
        ({"threads": -1}, "threads = -1"),
    ],
)
def test_wrong_options_of_a_calibration_are_named(table, option, message):
    with pytest.raises(RequestError, match=message):
        calibrate(table, [2], n_random=1, **option)
