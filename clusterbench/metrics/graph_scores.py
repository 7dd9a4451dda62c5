"""Metrics of any shape of cluster, computed along the nearest-neighbour graph and the minimum spanning tree."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np

from clusterbench.labeling import Labels
from clusterbench.metrics.computation import Scores, ScoringSettings
from clusterbench.metrics.conditioning import ScoringTable
from clusterbench.metrics.neighbour_graph import NeighbourGraph
from clusterbench.metrics.score import Score
from clusterbench.metrics.silhouette_scores import ALONE
from clusterbench.metrics.threads import in_threads
from clusterbench.tables import Ints

AGREEMENT, WORST, TREE = "neighbour_agreement", "neighbour_agreement_worst", "mst_separation"


class GraphIndices:
    """The computation of both neighbour agreements and of the separation along the spanning tree.

    Cost: one graph for all labelings, O(r^2 d) time and O(r d) memory for r rows (all, or 20,000 random ones of a
    longer table); then O(r) time for each labeling.
    """

    def scores(
        self, table: ScoringTable, labelings: Sequence[Labels], names: Collection[str], settings: ScoringSettings
    ) -> list[Scores]:
        """Return the named scores of each partition; without a standard error where rows were drawn."""
        graph = NeighbourGraph.of(table.space, settings.seed)
        sampled = len(graph.rows) < len(table.space)

        def of(labels: Labels) -> Scores:
            part = labels[graph.rows]
            sizes = np.bincount(part[part >= 0], minlength=2)
            if np.count_nonzero(sizes) < 2:
                return dict.fromkeys(names, Score.undefined("fewer than two clusters among the rows drawn"))
            if sizes.max() < 2:
                return dict.fromkeys(names, Score.undefined(ALONE))
            scores = neighbour_agreement(graph, part, sizes) if {AGREEMENT, WORST}.intersection(names) else {}
            if TREE in names:
                scores[TREE] = tree_separation(graph, part, sizes)
            return (
                {name: replace(each, standard_error=math.nan) for name, each in scores.items()} if sampled else scores
            )

        return in_threads(of, labelings, settings.threads)


def neighbour_agreement(graph: NeighbourGraph, labels: Labels, sizes: Ints) -> Scores:
    """Return the mean share of a row's neighbours that are in its cluster, over all rows and for the worst cluster."""
    from clusterbench.metrics.graph_kernels import agreement

    shares = np.zeros(len(sizes))
    agreement(graph.neighbours, labels, shares)
    there = sizes > 0
    return {
        AGREEMENT: Score(float(shares.sum() / sizes.sum())),
        WORST: Score(float((shares[there] / sizes[there]).min())),
    }


def tree_separation(graph: NeighbourGraph, labels: Labels, sizes: Ints) -> Score:
    """Return how much longer the edges that leave clusters are than those inside.

    A cluster in one piece along the tree has the value (s - w) / max(s, w), with s the shortest edge that leaves it
    (its distance to the other rows) and w the longest one inside (its widest gap). A cluster of n_c rows in p > 1
    pieces, between which other clusters lie, has -(1 + (p - 1) / (n_c - 1)) / 2. A single row has 0. The value is the
    mean over clusters, weighted by size.
    """
    from clusterbench.metrics.graph_kernels import tree_gaps

    k = len(sizes)
    separation, widest, joined = np.full(k, np.inf), np.zeros(k), np.zeros(k, dtype=np.int64)
    tree_gaps(graph.edges, graph.lengths, labels, separation, widest, joined)
    large = sizes > 1
    longer = np.maximum(separation, widest)[large]
    gaps = np.divide((separation - widest)[large], longer, out=np.zeros(len(longer)), where=longer > 0.0)
    missing = 1.0 - joined[large] / (sizes[large] - 1)
    values = np.where(missing > 0.0, -(1.0 + missing) / 2.0, gaps)
    return Score(float((sizes[large] * values).sum() / sizes.sum()))
