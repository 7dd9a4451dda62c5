"""HDBSCAN: one tree for all sizes, against the package's own fits."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from clusterbench.errors import RequestError

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    hdbscan = pytest.importorskip("hdbscan", reason="hdbscan is not installed")

SIZES = (2, 5, 15, 40, 200)


PARAMS = [
    {},
    {"min_samples": 3},
    {"cluster_selection_method": "leaf"},
    {"cluster_selection_epsilon": 0.3},
    {"alpha": 1.3},
    {"metric": "manhattan"},
]


def check_against_own_fits(cuts_of, X, params, **more):
    found = cuts_of("hdbscan", X, [{"min_cluster_size": size} for size in SIZES], **params)
    for size, partition in zip(SIZES, found, strict=True):
        expected = hdbscan.HDBSCAN(min_cluster_size=size, **{"min_samples": 10, **params}, **more).fit(X)
        np.testing.assert_array_equal(partition.labels, expected.labels_)
        np.testing.assert_allclose(partition.info["persistence"], expected.cluster_persistence_, atol=1e-6)


@pytest.mark.parametrize("params", PARAMS, ids=str)
def test_every_size_is_what_a_fit_of_the_package_gives_where_no_edges_tie(cuts_of, moons, params):
    # With one neighbour mutual reachability is the plain distance, and no two distances of the table are equal.
    check_against_own_fits(cuts_of, moons, {**params, "min_samples": 1})


class TiesInOrder:
    """Keeps nothing: every fit makes its own tree, with ties in the order of the rows."""

    def __init__(self, in_order):
        self.in_order = in_order

    def cache(self, function):
        from hdbscan._hdbscan_linkage import label

        def tree(*args, **kwargs):
            edges = self.in_order(function(*args, **kwargs)[1])
            return label(edges), edges

        return tree


@pytest.mark.parametrize("params", PARAMS, ids=str)
def test_every_size_is_what_a_fit_with_ties_in_order_gives(cuts_of, moons, module_of, params):
    memory = TiesInOrder(module_of("hdbscan").in_order)
    check_against_own_fits(cuts_of, moons, params, memory=memory, gen_min_span_tree=True)


def test_the_tree_is_made_once(module_of):
    memory = module_of("hdbscan").TreeMemory()
    calls = []

    def tree(X, min_samples):
        calls.append(min_samples)
        return None, np.array([[0.0, 1.0, 2.0], [2.0, 1.0, 1.0]])

    first, second = (memory.cache(tree)(None, 5) for _ in range(2))
    assert first is second
    assert calls == [5]
    tree_of_three, edges = first
    np.testing.assert_array_equal(edges, [[2, 1, 1], [0, 1, 2]])
    # Rows 1 and 2 merge at length 1 to cluster 3 of two rows, to which row 0 comes at length 2.
    np.testing.assert_array_equal(np.sort(tree_of_three[:, :2], axis=1), [[1, 2], [0, 3]])
    np.testing.assert_array_equal(tree_of_three[:, 2:], [[1, 2], [2, 3]])


def test_equally_long_edges_are_taken_by_their_rows(module_of):
    edges = np.array([[5, 1, 2.0], [0, 7, 2.0], [4, 3, 1.0], [2, 1, 2.0]])
    expected = [[4, 3, 1], [0, 7, 2], [2, 1, 2], [5, 1, 2]]
    np.testing.assert_array_equal(module_of("hdbscan").in_order(edges), expected)


class AnyOrder:
    """Numpy, but equal values are sorted in some random order: what an unstable sort may do."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)

    def __getattr__(self, name):
        return getattr(np, name)

    def argsort(self, values):
        order = self.rng.permutation(len(values))
        return order[np.argsort(values[order], kind="stable")]


@pytest.mark.parametrize("metric", ["euclidean", "manhattan"])
@pytest.mark.parametrize("columns", [2, 61], ids=["Boruvka", "Prim"])
def test_the_order_in_which_numpy_sorts_ties_is_irrelevant(cuts_of, moons, monkeypatch, columns, metric):
    X = np.tile(moons.round(1), columns // 2 + 1)[:, :columns]  # equal distances abound

    def labels():
        return [
            p.labels for p in cuts_of("hdbscan", X, [{"min_cluster_size": 5}, {"min_cluster_size": 40}], metric=metric)
        ]

    expected = labels()
    for seed in range(3):
        monkeypatch.setattr(hdbscan.hdbscan_, "np", AnyOrder(seed))
        np.testing.assert_array_equal(labels(), expected)


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


def test_min_samples_may_follow_the_size_as_in_the_package(cuts_of, moons):
    found = cuts_of("hdbscan", moons, [{"min_cluster_size": size} for size in (5, 15)], min_samples="min_cluster_size")
    for size, partition in zip((5, 15), found, strict=True):
        [alone] = cuts_of("hdbscan", moons, [{"min_cluster_size": size}], min_samples=size)
        np.testing.assert_array_equal(partition.labels, alone.labels)


def test_one_cluster_is_found_where_it_is_allowed(cuts_of):
    X = np.random.default_rng(0).normal(size=(200, 2))
    [never] = cuts_of("hdbscan", X, [{"min_cluster_size": 50}])
    [found] = cuts_of("hdbscan", X, [{"min_cluster_size": 50}], allow_single_cluster=True)
    assert set(never.labels) == {-1}
    assert set(found.labels) == {-1, 0}


@pytest.mark.parametrize(("name", "same"), [("l2", "euclidean"), ("l1", "manhattan"), ("cityblock", "manhattan")])
@pytest.mark.parametrize("algorithm", ["hdbscan", "dbscan", "kmedoids"])
def test_a_distance_may_be_called_by_each_of_its_names(cuts_of, moons, algorithm, name, same):
    cut = {"hdbscan": {"min_cluster_size": 15}, "dbscan": {"eps": 0.5}, "kmedoids": {"k": 3}}[algorithm]
    [one], [other] = (cuts_of(algorithm, moons, [cut], metric=metric) for metric in (name, same))
    np.testing.assert_array_equal(one.labels, other.labels)


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"min_samples": "size"}, "min_samples.*'min_cluster_size'"),
        ({"allow_single_cluster": 1}, "true or false"),
        ({"max_cluster_size": -1}, "max_cluster_size"),
    ],
)
def test_what_hdbscan_would_refuse_is_refused_before(shipped, params, told):
    with pytest.raises(RequestError, match=told):
        shipped("hdbscan").resolve(params)
