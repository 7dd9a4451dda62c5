"""Metrics that see shapes: worked out by hand, and against plain implementations from their definitions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial.distance import cdist, pdist
from scipy.stats import entropy

from clusterbench.metrics import METRICS, NoisePolicy, calibrate, score_labelings

GRAPH = ["neighbour_agreement", "neighbour_agreement_worst", "mst_separation"]
SHAPES = [*GRAPH, "pearson_gamma", "dbcv"]


def scores(X, labels, metrics=SHAPES, **options):
    table = score_labelings(np.asarray(X, dtype=float), [labels], metrics=metrics, **{"noise": "drop"} | options)
    return table.set_index("metric")["value"].to_dict()


def agreement_by_definition(X, labels):
    distances = cdist(X, X)
    np.fill_diagonal(distances, np.inf)
    nearest = np.argsort(distances, axis=1, kind="stable")[:, : min(10, len(X) - 1)]
    share = (labels[nearest] == labels[:, None]).mean(axis=1)
    return share.mean(), min(share[labels == c].mean() for c in set(labels.tolist()))


def gamma_by_definition(X, labels):
    return np.corrcoef(pdist(X), pdist(labels[:, None]) > 0)[0, 1]


def dbcv_by_definition(X, labels):
    """Dense, and with the order of Prim's algorithm as declared: least core distance first."""
    n, d = X.shape
    core, internal, widest = np.zeros(n), np.zeros(n, dtype=bool), {}
    squares = cdist(X, X, "sqeuclidean")
    clusters = [c for c in set(labels.tolist()) if (labels == c).sum() > 1]
    for c in clusters:
        rows = np.flatnonzero(labels == c)
        apart = squares[np.ix_(rows, rows)]
        powers = np.where(apart > 0, apart, np.inf) ** -float(d)
        core[rows] = (powers.sum(axis=1) / (len(rows) - 1)) ** (-1 / d)
        reach = np.maximum(apart, np.maximum.outer(core[rows], core[rows]))
        inside = [int(core[rows].argmin())]
        edges = []
        while len(inside) < len(rows):
            rest = [i for i in range(len(rows)) if i not in inside]
            link = {i: min(inside, key=lambda j: (reach[i, j], inside.index(j))) for i in rest}
            chosen = min(rest, key=lambda i: (reach[i, link[i]], core[rows[i]], apart[i, link[i]]))
            edges.append((link[chosen], chosen))
            inside.append(chosen)
        degree = np.bincount(np.ravel(edges), minlength=len(rows))
        internal[rows] = (degree > 1) | (len(rows) == 2)
        inner = [reach[i, j] for i, j in edges if degree[i] > 1 and degree[j] > 1]
        widest[c] = max(inner or [reach[i, j] for i, j in edges])
    total = 0.0
    for c in clusters:
        here, there = internal & (labels == c), internal & np.isin(labels, clusters) & (labels != c)
        between = np.maximum(squares[np.ix_(here, there)], np.maximum.outer(core[here], core[there])).min()
        total += (labels == c).sum() * (between - widest[c]) / max(between, widest[c])
    return total / n


@given(seed=st.integers(0, 10_000), n=st.integers(8, 60), d=st.integers(1, 5), k=st.integers(2, 4))
@settings(max_examples=40, deadline=None)
def test_every_metric_is_what_its_definition_says(seed, n, d, k):
    rng = np.random.default_rng(seed)
    X, labels = rng.normal(size=(n, d)), np.concatenate([np.arange(k), np.arange(k), rng.integers(0, k, n - 2 * k)])
    X += 2.0 * labels[:, None] * rng.random()
    found = scores(X, labels)
    mean, worst = agreement_by_definition(X, labels)
    assert found["neighbour_agreement"] == pytest.approx(mean)
    assert found["neighbour_agreement_worst"] == pytest.approx(worst)
    assert found["mst_separation"] == pytest.approx(separation_by_definition(X, labels))
    assert found["pearson_gamma"] == pytest.approx(gamma_by_definition(X, labels), abs=1e-9)
    assert found["dbcv"] == pytest.approx(dbcv_by_definition(X, labels), abs=1e-9)


def separation_by_definition(X, labels):
    tree = minimum_spanning_tree(cdist(X, X)).tocoo()
    total = 0.0
    for c in set(labels.tolist()):
        ends = (labels[tree.row] == c).astype(int) + (labels[tree.col] == c)
        inside, needed = tree.data[ends == 2], (labels == c).sum() - 1
        shortest, longest = tree.data[ends == 1].min(), inside.max(initial=0.0)
        gap = (shortest - longest) / max(shortest, longest)
        pieces = needed + 1 - len(inside)
        total += (needed + 1) * (gap if pieces == 1 else -(1 + (pieces - 1) / needed) / 2)
    return total / len(X)


def test_values_worked_out_by_hand():
    # 0, 1, 3 | 9, 10: the tree's edges are 1, 2, 6, 1; distances within 1, 3, 2 and 1, between 9, 10, 8, 9, 6, 7.
    X, labels = [[0], [1], [3], [9], [10]], [0, 0, 0, 1, 1]
    found = scores(X, labels)
    # Each row has all four others as neighbours.
    assert found["neighbour_agreement"] == pytest.approx((3 * 2 / 4 + 2 * 1 / 4) / 5)
    assert found["neighbour_agreement_worst"] == pytest.approx(1 / 4)
    assert found["mst_separation"] == pytest.approx((3 * (6 - 2) / 6 + 2 * (6 - 1) / 6) / 5)
    assert found["pearson_gamma"] == pytest.approx(
        np.corrcoef([1, 3, 2, 1, 9, 10, 8, 9, 6, 7], [0, 0, 0, 0, 1, 1, 1, 1, 1, 1])[0, 1]
    )
    # Core distances 2 / (1 + 1/9), 2 / (1 + 1/4), 2 / (1/9 + 1/4); 1 and 1. Only row 1 is internal in the first
    # cluster, whose longest edge, to row 3, is 2 / (1/9 + 1/4); both rows of the second are.
    wide = 2 / (1 / 9 + 1 / 4)
    assert found["dbcv"] == pytest.approx((3 * (64 - wide) / 64 + 2 * (64 - 1) / 64) / 5)


def test_a_cluster_in_pieces_has_a_negative_separation():
    # 0 1 | 2 3 | 4 5 in one line: the outer cluster has 2 of the 3 edges that it needs; all are equally long.
    assert scores(np.arange(6.0)[:, None], [0, 0, 1, 1, 0, 0])["mst_separation"] == pytest.approx(4 / 6 * -2 / 3)
    # Every second row: no edge inside.
    assert scores(np.arange(6.0)[:, None], [0, 1, 0, 1, 0, 1])["mst_separation"] == -1.0


def test_noise_rows_are_no_neighbours_and_part_no_cluster():
    X = np.array([[0.0], [1.0], [2.5], [4.0], [8.0], [9.0]])
    labels = [0, 0, -1, 0, 1, 1]
    found = scores(X, labels)
    # Inside the first cluster 1 and, by way of the noise row, 1.5; 4 between the clusters.
    assert found["mst_separation"] == pytest.approx((3 * 2.5 / 4 + 2 * 3 / 4) / 5)
    assert found["neighbour_agreement"] == pytest.approx((3 * 2 / 4 + 2 * 1 / 4) / 5)
    for name in ("pearson_gamma", "dbcv"):
        assert found[name] == pytest.approx(scores(X[[0, 1, 3, 4, 5]], [0, 0, 0, 1, 1])[name])
    covered = scores(X, labels, noise="zero")
    assert covered == pytest.approx({name: value * 5 / 6 for name, value in found.items()})


def test_clusters_are_as_far_apart_as_the_longest_step_over_noise():
    rng = np.random.default_rng(5)
    X = np.repeat(rng.normal(size=(20, 2)) * 3.0, 2, axis=0)
    # Two clusters of two equal rows each, the rest noise: the separation is positive, and 1 for both.
    labels = np.full(40, -1)
    labels[[0, 1, 38, 39]] = [0, 0, 1, 1]
    assert scores(X, labels)["mst_separation"] == 1.0
    # With a third row at distance g in one of them, (s - g) / s for that one: s is the least longest step.
    step = cdist(X, X)
    for middle in range(40):
        step = np.minimum(step, np.maximum(step[:, [middle]], step[middle]))
    X = np.vstack([X, X[0] + [1e-6, 0.0]])
    found = scores(X, np.append(labels, 0))["mst_separation"]
    assert (1 - found) * 5 / 3 * step[0, 39] == pytest.approx(1e-6, rel=1e-4)


@pytest.mark.parametrize("name", SHAPES)
def test_rings_that_the_silhouette_rejects_are_seen(name):
    angle = np.linspace(0, 2 * np.pi, 100, endpoint=False)
    ring = np.column_stack([np.cos(angle), np.sin(angle)])
    X, rings, halves = np.vstack([ring, 4 * ring]), np.repeat([0, 1], 100), np.tile(np.repeat([0, 1], 50), 2)
    ring_scores, half_scores = scores(X, rings, ["silhouette", name]), scores(X, halves, ["silhouette", name])
    assert ring_scores["silhouette"] < half_scores["silhouette"]
    assert (ring_scores[name] > half_scores[name]) == (name != "pearson_gamma")


def test_copies_of_rows_give_finite_scores():
    X = np.repeat([[0.0, 0.0], [1.0, 0.0], [5.0, 0.0]], 12, axis=0)
    found = scores(X, np.repeat([0, 0, 1], 12))
    assert found["neighbour_agreement"] == found["neighbour_agreement_worst"] == 1.0
    assert found["mst_separation"] == pytest.approx((24 * (4 - 1) / 4 + 12 * 1) / 36)
    assert found["dbcv"] == pytest.approx((24 * (16 - 1) / 16 + 12 * 1) / 36, abs=0.1)
    split = scores(X, np.tile([0, 1], 18))
    assert all(np.isfinite(value) for value in split.values())
    assert split["mst_separation"] < 0.0


def test_rows_that_are_all_equal_separate_nothing():
    # Of the trees of equal rows, the one that joins all to the first: the second cluster is in three pieces.
    table = score_labelings(np.ones((6, 2)), [[0, 0, 0, 1, 1, 1]], metrics=SHAPES).set_index("metric")
    assert table["value"].drop("pearson_gamma").tolist() == pytest.approx([2 / 5, 2 / 5, -0.5, 0.0])
    assert table.loc["pearson_gamma", "reason"] == "all distances are equal"


def test_single_rows_add_nothing_and_too_few_pairs_leave_dbcv_undefined():
    table = score_labelings([[0.0], [1.0], [5.0]], [[0, 0, 1]], metrics=SHAPES).set_index("metric")
    assert table.loc["mst_separation", "value"] == pytest.approx(2 / 3 * 3 / 4)
    assert table.loc["neighbour_agreement_worst", "value"] == 0.0
    assert table.loc["dbcv", "reason"] == "fewer than two clusters have two rows"
    alone = score_labelings([[0.0], [1.0]], [[0, 1]], metrics=SHAPES)["reason"]
    assert set(alone) == {"every row is a cluster of its own"}


def test_long_tables_are_scored_on_drawn_rows(monkeypatch):
    from clusterbench.metrics import dbcv, neighbour_graph

    rng = np.random.default_rng(3)
    X = rng.normal(size=(900, 2)) + np.repeat([[0, 0], [8, 0], [0, 8]], 300, axis=0)
    labels = np.repeat([0, 1, 2], 300)
    exact = score_labelings(X, [labels], metrics=SHAPES)
    monkeypatch.setattr(neighbour_graph, "GRAPH_ROWS", 450)
    monkeypatch.setattr(dbcv, "DBCV_ROWS", 450)
    drawn = score_labelings(X, [labels], metrics=SHAPES, exact_rows=500, anchors=200)
    np.testing.assert_allclose(drawn["value"], exact["value"], atol=0.25)
    assert drawn["standard_error"].isna().all()
    other = score_labelings(X, [labels], metrics=SHAPES, exact_rows=500, anchors=200, seed=1)
    assert (other["value"] != drawn["value"]).sum() >= 3


def test_size_entropy_is_that_of_the_shares_of_clusters():
    X, labels = np.arange(8.0)[:, None], [0, 0, 0, 1, 1, 2, -1, -1]
    assert scores(X, labels, ["size_entropy"])["size_entropy"] == pytest.approx(entropy([3, 2, 1]))
    even = scores(X, np.arange(8) // 2, ["size_entropy"], noise=list(NoisePolicy))["size_entropy"]
    np.testing.assert_allclose(even, np.log(4))


def test_random_partitions_score_far_below_clear_clusters_in_every_metric():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 2)) + np.repeat([[0, 0], [12, 0], [0, 12]], 40, axis=0)
    clear = scores(X, np.repeat([0, 1, 2], 40))
    random = calibrate(X, [3], metrics=SHAPES, n_random=10).groupby("metric")["value"]
    for name, values in random:
        assert METRICS[name].lower <= values.min()
        assert values.mean() < clear[name]
