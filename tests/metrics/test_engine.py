"""Parts of the engine, each against its definition."""

import itertools
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial.distance import cdist
from sklearn.metrics import silhouette_score

from clusterbench.errors import RequestError
from clusterbench.labeling import canonical
from clusterbench.metrics import NoisePolicy, calibrate, neighbour_graph, random_baselines, score_labelings
from clusterbench.metrics.batches import apply_policy, batches, nearest
from clusterbench.metrics.centroid_indices import Geometry, calinski_harabasz, davies_bouldin
from clusterbench.metrics.computation import count_threads
from clusterbench.metrics.conditioning import ScoringTable, distinct_distances, distinct_from_far
from clusterbench.metrics.neighbour_graph import NeighbourGraph
from clusterbench.metrics.partitions import lay_out
from clusterbench.metrics.random_baselines import Forest
from clusterbench.metrics.row_scores import PER_CLUSTER, draw
from clusterbench.metrics.silhouette_scores import rounding_bounds, silhouette_means
from clusterbench.metrics.threads import WAITING, in_order, in_threads, tasks

numbers = st.floats(-1e6, 1e6, width=32)


@pytest.fixture(scope="module")
def table():
    return np.random.default_rng(1).normal(size=(300, 3))


@given(st.integers(0, 1000), st.integers(1, 50), st.integers(1, 8))
def test_nearest_is_the_least_distance(seed, n, p):
    rng = np.random.default_rng(seed)
    rows, points = rng.uniform(-1, 1, size=(n, 2)), rng.uniform(-1, 1, size=(p, 2))
    np.testing.assert_array_equal(nearest(rows, points), cdist(rows, points).argmin(axis=1))


def test_of_equally_near_points_the_first_is_taken_in_any_block():
    rows = np.array([[0.0], [0.5], [-0.5], [0.1], [0.0]])
    points = np.array([[0.5], [-0.5], [0.5]])
    assert nearest(rows, points).tolist() == [0, 0, 1, 0, 0]
    assert nearest(rows, points[::-1]).tolist() == [0, 0, 1, 0, 0]
    assert nearest(rows, points[1:]).tolist() == [0, 1, 0, 1, 0]
    assert nearest(rows, points, cells=3).tolist() == [0, 0, 1, 0, 0]  # one row at a time


def test_noise_halfway_joins_the_larger_cluster():
    space = ScoringTable.of([[-3.0], [-1.0], [1.0], [3.0], [2.0], [0.0]]).space
    larger_right, _ = apply_policy(space, canonical([0, 0, 1, 1, 1, -1]), NoisePolicy.NEAREST)
    assert larger_right[5] == larger_right[4]
    space = ScoringTable.of([[-3.0], [-1.0], [-2.0], [1.0], [3.0], [0.0]]).space
    larger_left, _ = apply_policy(space, canonical([5, 5, 5, 2, 2, -1]), NoisePolicy.NEAREST)
    assert larger_left[5] == larger_left[0]


@given(hnp.arrays(np.int64, st.tuples(st.integers(1, 4), st.integers(2, 30)), elements=st.integers(-1, 3)))
def test_a_layout_knows_each_distinct_cluster_once(given_labels):
    labelings = [labels for labels in map(canonical, given_labels) if labels.max() >= 0]
    if not labelings:
        return
    ks = [int(labels.max()) + 1 for labels in labelings]
    found = lay_out(labelings)
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
    assert [count_threads(number) for number in (1, 5)] == [1, 5]
    with pytest.raises(RequestError, match="threads = 0"):
        count_threads(0)


@given(hnp.arrays(np.float64, st.tuples(st.integers(2, 20), st.integers(1, 3)), elements=numbers))
def test_a_geometry_is_its_definition(X):
    labels = canonical(np.arange(len(X)) % 2)
    found = Geometry.of(ScoringTable(X, np.ascontiguousarray(X)), labels)
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


@pytest.mark.parametrize(
    "X",
    [[[1e308], [-1e308]], [[1e-308], [3e-308]], [[1e15], [1e15 + 2]], [[5.0, 1.0], [5.0, 2.0]], [[0.0], [0.0]]],
)
def test_a_conditioned_space_is_finite_centred_and_at_most_one(X):
    space = ScoringTable.of(X).space
    assert np.isfinite(space).all()
    np.testing.assert_allclose(space.mean(axis=0), 0.0, atol=1e-15)
    largest = np.abs(space).max()
    assert largest == 0.0 or 0.5 <= largest < 1.0
    assert space.flags.c_contiguous


def test_float32_is_kept_only_for_long_tables_of_many_distinct_distances():
    rng = np.random.default_rng(0)
    varied = ScoringTable.of(rng.normal(size=(3000, 4)))
    assert varied.kept_dtype("auto") is np.float32
    assert varied.kept_dtype("float64") is np.float64
    assert ScoringTable.of(varied.values[:1000]).kept_dtype("auto") is np.float64
    assert ScoringTable.of(varied.values[:1000]).kept_dtype("float32") is np.float32
    repeated = ScoringTable.of(np.repeat(rng.normal(size=(30, 4)), 100, axis=0))
    assert repeated.kept_dtype("auto") is np.float64
    lattice = ScoringTable.of(rng.integers(0, 10, size=(3000, 2)).astype(float))
    assert lattice.kept_dtype("auto") is np.float64
    corners = ScoringTable.of(np.eye(3000)[:, :2999])  # all distances are equal, though no two rows are
    assert corners.kept_dtype("auto") is np.float64


def far_rows():
    """Two rows a hundred million times as far as the others; every mean distance is theirs."""
    rng = np.random.default_rng(1)
    X = rng.normal(size=(3000, 3))
    X[0] = [1e8 * rng.uniform(0.5, 1), 0, 0]
    X[-1] = [0, X[0, 0] * 100 / 2900 * rng.uniform(1.03, 1.06), 0]
    return X, (np.arange(3000) >= 2900).astype(int)


def heavy_tails():
    X = np.exp(4.0 * np.random.default_rng(0).normal(size=(2721, 1)))
    return X, np.random.default_rng(1).integers(0, 3, 2721)


@pytest.mark.parametrize("make", [far_rows, heavy_tails])
def test_rows_that_are_as_far_from_all_others_keep_the_promise(make):
    X, labels = make()
    assert ScoringTable.of(X).kept_dtype("auto") is np.float64
    found = score_labelings(X, [labels], metrics=["silhouette"])["value"].item()
    assert found == pytest.approx(silhouette_score(cdist(X, X), labels, metric="precomputed"), rel=1e-6)


@pytest.mark.parametrize("far", [1e2, 1e4])
def test_ordinary_outliers_and_tails_stay_in_float32(far):
    rng = np.random.default_rng(3)
    X = rng.standard_t(2, size=(3000, 5))
    X[7] = far
    assert ScoringTable.of(X).kept_dtype("auto") is np.float32
    assert ScoringTable.of(np.exp(2.0 * rng.normal(size=(3000, 5)))).kept_dtype("auto") is np.float32
    labels = rng.integers(0, 3, 3000)
    labels[X[:, 0] > 0.0] = 0
    found = score_labelings(X, [labels], metrics=["silhouette"])["value"].item()
    assert found == pytest.approx(silhouette_score(cdist(X, X), labels, metric="precomputed"), rel=1e-6)


def test_distances_that_all_rows_share_are_counted_from_the_farthest_row():
    rows = np.linspace(0.0, 1e-9, 3000)[:, None]
    assert distinct_from_far(rows) > 128  # float32 has digits enough near 0
    rows[17] = 1.0
    assert distinct_from_far(rows) == pytest.approx(1.0, abs=0.02)


def test_rounding_bounds_shrink_with_the_rows_averaged():
    micro, macro = rounding_bounds(np.array([9900, 100]))
    assert micro == pytest.approx(2e-9)
    assert macro == pytest.approx(1e-7 * np.sqrt(1 / 9900 + 1 / 100))


def test_distinct_distances_count_recurring_ones_once():
    assert distinct_distances(ScoringTable.of(np.arange(2.0)[np.arange(4000) % 2][:, None]).space) == pytest.approx(1.0)
    assert distinct_distances(np.zeros((100, 2))) == 0.0


def test_a_conditioned_space_is_centred_and_of_unit_size():
    space = ScoringTable.of([[3.0, 1e6], [5.0, 1e6 + 8], [4.0, 1e6 + 4]]).space
    np.testing.assert_array_equal(space, np.array([[-1.0, -4.0], [1.0, 4.0], [0.0, 0.0]]) / 8)
    assert ScoringTable.of(np.full((3, 2), 7.0)).space.tolist() == [[0.0, 0.0]] * 3
    largest = np.finfo(float).max
    assert np.isfinite(ScoringTable.of([[largest], [-largest]]).space).all()


@given(seed=st.integers(0, 1000), k=st.integers(2, 5))
def test_stratified_means_and_errors_are_cochrans(seed, k):
    rng = np.random.default_rng(seed)
    sizes = rng.integers(5, 60, size=k)
    count = np.minimum(rng.integers(3, 40, size=k), sizes)
    if np.array_equal(count, sizes):
        count[0] -= 1
    rows = [rng.uniform(-1, 1, size=m) for m in count]
    total, square = np.array([s.sum() for s in rows]), np.array([(s**2).sum() for s in rows])
    micro, macro = silhouette_means(total, square, count, sizes)
    means = np.array([s.mean() for s in rows])
    variance = np.array([s.var(ddof=1) / m * (1 - m / size) for s, m, size in zip(rows, count, sizes, strict=True)])
    assert micro.value == pytest.approx(np.average(means, weights=sizes))
    assert macro.value == pytest.approx(means.mean())
    assert micro.standard_error == pytest.approx(np.sqrt((variance * sizes**2).sum()) / sizes.sum())
    assert macro.standard_error == pytest.approx(np.sqrt(variance.sum()) / k)


def test_all_rows_of_all_clusters_have_no_error():
    sizes = np.array([4, 2])
    micro, macro = silhouette_means(np.array([2.0, -1.0]), np.array([1.5, 0.6]), sizes, sizes)
    assert (micro.value, micro.standard_error) == (pytest.approx(1 / 6), 0.0)
    assert (macro.value, macro.standard_error) == (0.0, 0.0)
    alone = silhouette_means(np.zeros(3), np.zeros(3), np.ones(3, int), np.ones(3, int))
    assert [each.reason for each in alone] == ["every row is a cluster of its own"] * 2
    assert all(np.isnan(each.standard_error) for each in alone)


def test_anchors_are_shared_and_small_clusters_get_more():
    sized = np.repeat([0, 1, 2], [2000, 3900, 100])
    labelings = [sized, np.arange(6000) % 3, np.where(sized == 2, -1, sized)]
    partitions = lay_out([np.asarray(labels, dtype=np.int32) for labels in labelings])
    sample = draw(partitions, 400, seed=0)
    # The first 400 rows of the random order serve all; of the cluster of 100 rows 64 are taken.
    assert (np.sort(sample.rank)[:400] == np.arange(400)).all()
    assert sample.count.min() >= PER_CLUSTER
    assert sample.count[2] == PER_CLUSTER
    assert len(sample.rows) < 400 + PER_CLUSTER
    taken = [(sample.rank < cutoff) for cutoff in sample.cutoff]
    for pair, size in enumerate(sample.count):
        p = int(np.searchsorted(partitions.starts, pair, side="right")) - 1
        members = partitions.labels[p, sample.rows] == pair - partitions.starts[p]
        assert (members & taken[pair]).sum() == size


@pytest.fixture(scope="module")
def batched():
    rng = np.random.default_rng(0)
    return ScoringTable.of(rng.normal(size=(500, 2))).space, [rng.integers(0, 3 + j, 500) for j in range(12)]


def rounds(batched, memory_bytes, policies=(NoisePolicy.ZERO,)):
    space, labelings = batched
    return list(batches(space, labelings, policies, memory_bytes, 2))


def test_a_large_budget_takes_all_at_once(batched):
    (batch,) = rounds(batched, 1e9)
    assert len(batch.keys) == 12
    assert [use.labeling for use in batch.uses] == list(range(12))


def test_a_small_budget_takes_more_rounds_of_the_same_partitions(batched):
    whole, parts = rounds(batched, 1e9)[0], rounds(batched, 6e4)
    assert len(parts) > 2
    assert [key for part in parts for key in part.keys] == whole.keys
    assert [labels.tolist() for part in parts for labels in part.labels] == [labels.tolist() for labels in whole.labels]
    assert [use for part in parts for use in part.uses] == whole.uses


def test_a_budget_below_one_partition_takes_one_at_a_time(batched):
    assert [len(part.keys) for part in rounds(batched, 1.0)] == [1] * 12


def test_equal_partitions_are_taken_once_even_in_different_rounds(batched):
    space, labelings = batched
    doubled = [*labelings, *(labels + 7 for labels in labelings)]
    found = rounds((space, doubled), 2e5, [NoisePolicy.ZERO, NoisePolicy.CLUSTER])
    assert sum(len(part.keys) for part in found) == 12
    uses = [use for part in found for use in part.uses]
    assert len(uses) == 2 * 24
    assert uses[0].key == uses[1].key == uses[24].key


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
    edges = NeighbourGraph.of(X, 0).edges
    length = np.linalg.norm(X[edges[:, 0]] - X[edges[:, 1]], axis=1)
    assert length.sum() == pytest.approx(minimum_spanning_tree(cdist(X, X)).sum())
    assert (np.diff(length) >= -1e-12).all()


def test_a_long_table_grows_on_random_rows_and_the_others_join_their_nearest(table, monkeypatch):
    monkeypatch.setattr(neighbour_graph, "GRAPH_ROWS", 60)
    forest = Forest.of(table, 0, 2)
    rows = forest.graph.rows
    assert len(rows) == 60
    np.testing.assert_array_equal(forest.nearest_row, cdist(table, table[rows]).argmin(axis=1))
    seeds = np.array([0, 30, 59])
    expected = grow_by_definition(table[rows], seeds)[forest.nearest_row]
    np.testing.assert_array_equal(forest.grow(seeds), expected)


def test_a_k_that_cannot_be_drawn_is_refused_before_the_others_are_scored(monkeypatch):
    monkeypatch.setattr(random_baselines, "score_table", None)
    with pytest.raises(RequestError, match="k = 9, but only 4 rows are distinct"):
        calibrate(np.arange(4.0)[:, None], [2, 9], n_random=1)
