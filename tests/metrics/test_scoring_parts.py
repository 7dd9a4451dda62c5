"""Parts of the engine, each against its definition: nearest points, layouts, tasks, generators, conditioned spaces."""

import itertools
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.spatial.distance import cdist

from clusterbench.errors import RequestError
from clusterbench.labeling import canonical
from clusterbench.metrics import NoisePolicy
from clusterbench.metrics import nearest as nearest_room
from clusterbench.metrics.centroid_indices import Geometry, calinski_harabasz, davies_bouldin
from clusterbench.metrics.conditioning import Table
from clusterbench.metrics.engine import WAITING, count_threads, in_order, in_threads
from clusterbench.metrics.noise_policies import apply_policy, as_labelings
from clusterbench.metrics.partition_layout import lay_out
from clusterbench.metrics.row_blocks import tasks
from clusterbench.seeding import stable_rng


@given(st.integers(0, 1000), st.integers(1, 50), st.integers(1, 8))
def test_nearest_is_the_least_distance(seed, n, p):
    rng = np.random.default_rng(seed)
    rows, points = rng.uniform(-1, 1, size=(n, 2)), rng.uniform(-1, 1, size=(p, 2))
    np.testing.assert_array_equal(nearest_room.nearest(rows, points), cdist(rows, points).argmin(axis=1))


def test_of_equally_near_points_the_first_is_taken_in_any_block():
    rows = np.array([[0.0], [0.5], [-0.5], [0.1], [0.0]])
    points = np.array([[0.5], [-0.5], [0.5]])
    assert nearest_room.nearest(rows, points).tolist() == [0, 0, 1, 0, 0]
    assert nearest_room.nearest(rows, points[::-1]).tolist() == [0, 0, 1, 0, 0]
    assert nearest_room.nearest(rows, points[1:]).tolist() == [0, 1, 0, 1, 0]
    assert nearest_room.nearest(rows, points, cells=3).tolist() == [0, 0, 1, 0, 0]  # one row at a time


def test_noise_halfway_joins_the_larger_cluster():
    space = Table.of([[-3.0], [-1.0], [1.0], [3.0], [2.0], [0.0]]).space
    larger_right = apply_policy(space, canonical([0, 0, 1, 1, 1, -1]), NoisePolicy.NEAREST)
    assert larger_right.labels[5] == larger_right.labels[4]
    space = Table.of([[-3.0], [-1.0], [-2.0], [1.0], [3.0], [0.0]]).space
    larger_left = apply_policy(space, canonical([5, 5, 5, 2, 2, -1]), NoisePolicy.NEAREST)
    assert larger_left.labels[5] == larger_left.labels[0]


@pytest.mark.parametrize(
    ("policy", "labels", "k", "coverage"),
    [
        ("zero", [0, 0, 0, 1, 1, -1, -1, -1], 2, 5 / 8),
        ("drop", [0, 0, 0, 1, 1, -1, -1, -1], 2, 1.0),
        ("cluster", [0, 0, 0, 1, 1, 2, 2, 2], 3, 1.0),
        ("nearest", [0, 0, 0, 1, 1, 0, 1, 1], 2, 1.0),
    ],
)
def test_partitions_of_one_table_under_each_policy(policy, labels, k, coverage):
    space = Table.of(np.array([0.0, 1.0, 2.0, 8.0, 9.0, 4.0, 6.0, 99.0])[:, None]).space
    found = apply_policy(space, canonical([3, 3, 3, 7, 7, -1, -1, -1]), NoisePolicy(policy))
    assert (found.labels.tolist(), found.k, found.coverage, found.reason) == (labels, k, coverage, "")


@pytest.mark.parametrize(
    ("labelings", "expected"),
    [
        ([0, 1, 1], [[0, 1, 1]]),
        ((0, 1, 1), [[0, 1, 1]]),
        ([[0, 1, 1], [2, 2, -1]], [[0, 1, 1], [2, 2, -1]]),
        (np.array([[0, 1, 1]], dtype=np.uint8), [[0, 1, 1]]),
        ([], []),
    ],
)
def test_forms_of_labelings(labelings, expected):
    assert [labels.tolist() for labels in as_labelings(labelings, 3)] == expected


@pytest.mark.parametrize(
    ("labelings", "message"),
    [
        ([0, 1], r"labeling 0 has shape \(2,\) \(allowed: \(3,\), one label per row\)"),
        ([[0, 1, 1], [0, 1]], r"labeling 1 has shape \(2,\)"),
        ([[[0, 1, 1]]], r"labeling 0 has shape \(1, 3\)"),
        (np.zeros((2, 4), int), r"labeling 0 has shape \(4,\)"),
        ([[0, 1, 1.5]], "labeling 0: .*allowed: whole numbers, -1 for noise"),
        ([[0, 1, np.nan]], "labeling 0: "),
        ([[0, 1, 1e19]], "labeling 0: .* of size 1e"),
        ([[0, 1, 1], np.ma.masked_equal([0, 1, 2], 2)], "labeling 1: labels are masked"),
        (np.ma.masked_equal([[0, 1, 2]], 2), "labelings are masked"),
    ],
)
def test_forms_that_are_no_labelings(labelings, message):
    with pytest.raises(RequestError, match=message):
        as_labelings(labelings, 3)


@given(hnp.arrays(np.int64, st.tuples(st.integers(1, 4), st.integers(2, 30)), elements=st.integers(-1, 3)))
def test_a_layout_knows_each_distinct_cluster_once(given_labels):
    labelings = [labels for labels in map(canonical, given_labels) if labels.max() >= 0]
    if not labelings:
        return
    ks = [int(labels.max()) + 1 for labels in labelings]
    found = lay_out(labelings, ks)
    members = [frozenset(np.flatnonzero(each == c)) for each, k in zip(labelings, ks, strict=True) for c in range(k)]
    assert found.starts.tolist() == [0, *np.cumsum(ks)]
    assert found.pair_sizes.tolist() == [len(rows) for rows in members]
    assert len(found.sizes) == len(set(members))
    assert len(set(zip(found.ids.tolist(), members, strict=True))) == len(set(members))


@given(st.integers(1, 200_000))
def test_tasks_cut_all_rows_in_order(n_rows):
    parts = tasks(n_rows)
    assert parts[0].start == 0
    assert parts[-1].stop == n_rows
    assert all(left.stop == right.start for left, right in itertools.pairwise(parts))
    assert all(part.stop > part.start for part in parts)


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_work_in_threads_keeps_its_order_and_its_errors(threads):
    assert in_threads(lambda item: item**2, range(20), threads) == [item**2 for item in range(20)]
    assert in_threads(lambda item: item, [], threads) == []
    with pytest.raises(ZeroDivisionError):
        in_threads(lambda item: 1 // item, [1, 0, 2], threads)
    if threads == 1:
        assert set(in_threads(lambda _: threading.get_ident(), range(3), 1)) == {threading.get_ident()}


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_few_results_wait_to_be_taken(threads):
    begun = []
    results = in_order(begun.append, range(100), threads)
    for taken, _ in enumerate(results, start=1):
        assert len(begun) <= taken + WAITING * threads
    assert sorted(begun) == list(range(100))


def test_threads_are_counted_from_the_process_or_as_asked():
    assert count_threads(None) >= 1
    assert [count_threads(number) for number in (1, 5, 0)] == [1, 5, 1]


numbers = st.floats(-1e6, 1e6, width=32)


@given(hnp.arrays(np.float64, st.tuples(st.integers(2, 20), st.integers(1, 3)), elements=numbers))
def test_a_geometry_is_its_definition(X):
    labels = canonical(np.arange(len(X)) % 2)
    found = Geometry.of(Table(X, np.ascontiguousarray(X)), labels, 2)
    for c in range(2):
        rows = X[labels == c]
        centre = rows.mean(axis=0)
        lengths = np.linalg.norm(rows - centre, axis=1)
        assert found.sizes[c] == len(rows)
        np.testing.assert_allclose(found.centroids[c], centre, rtol=1e-9, atol=1e-6)
        np.testing.assert_allclose(found.spread[c], lengths.mean(), rtol=1e-9, atol=1e-6)
        np.testing.assert_allclose(found.scatter[c], (lengths**2).sum(), rtol=1e-9, atol=1e-3)


def test_davies_bouldin_of_more_clusters_than_a_block_is_the_full_table():
    rng = np.random.default_rng(0)
    k = 1100
    centroids, spread = rng.uniform(-1, 1, size=(k, 3)), rng.uniform(0, 0.1, size=k)
    geometry = Geometry(centroids, spread, spread**2, np.full(k, 3))
    gaps = cdist(centroids, centroids) + np.diag(np.full(k, np.inf))
    expected = ((spread[:, None] + spread) / gaps).max(axis=1).mean()
    assert davies_bouldin(geometry).value == pytest.approx(expected, rel=1e-12)


def test_calinski_harabasz_from_sums_over_clusters():
    geometry = Geometry(np.array([[0.0], [6.0]]), np.array([1.0, 1.0]), np.array([4.0, 2.0]), np.array([4, 2]))
    # Middle 2; between 4 * 4 + 2 * 16 = 48, within 6, n - k = 4.
    assert calinski_harabasz(geometry).value == pytest.approx(48 / 6 * 4)


@pytest.mark.parametrize("names", [(), ("a",), ("a", "b"), ("ab",), (1,), ("a", 1)])
def test_generators_of_different_names_differ(names):
    others = [(), ("a",), ("a", "b"), ("ab",), (1,), ("a", 1), ("b", "a")]
    draws = {other: stable_rng(5, *other).random() for other in others}
    assert len(set(draws.values())) == len(others)
    assert stable_rng(5, *names).random() == draws[names]
    assert stable_rng(6, *names).random() != draws[names]


@pytest.mark.parametrize(
    "X",
    [[[1e308], [-1e308]], [[1e-308], [3e-308]], [[1e15], [1e15 + 2]], [[5.0, 1.0], [5.0, 2.0]], [[0.0], [0.0]]],
)
def test_a_conditioned_space_is_finite_centred_and_at_most_one(X):
    space = Table.of(X).space
    assert np.isfinite(space).all()
    np.testing.assert_allclose(space.mean(axis=0), 0.0, atol=1e-15)
    largest = np.abs(space).max()
    assert largest == 0.0 or 0.5 <= largest < 1.0
    assert space.flags.c_contiguous


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ([], r"X has shape \(0,\)"),
        ([[]], r"X has shape \(1, 0\)"),
        (np.zeros((0, 3)), r"X has shape \(0, 3\)"),
        (np.zeros((2, 2, 2)), r"X has shape \(2, 2, 2\) \(allowed: a table \(n, d\) with rows and columns\)"),
        (3.0, r"X has shape \(\)"),
        ([[1.0, 2.0], [1.0, np.nan]], r"missing or infinite values in column 1 \(allowed: finite numbers\)"),
        ([[1.0, -np.inf], [np.nan, 1.0]], "missing or infinite values in column 0"),
    ],
)
def test_tables_that_are_no_spaces(X, message):
    with pytest.raises(RequestError, match=message):
        Table.of(X)
