"""Which rows are scored where a table is too long to score all of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from clusterbench.metrics.partitions import Partitions
from clusterbench.seeding import stable_rng
from clusterbench.tables import Ints

EXACT_ROWS = 100_000
ANCHORS = 8_192
PER_CLUSTER = 64


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """The rows to be scored, each against *all* rows; those that all partitions ask for, `common` of them, come first.

    `rank` holds their places in a random order of all rows that depends on (seed, n) alone. A (labeling, cluster) pair
    takes its rows of ``rank < cutoff``, `count` of them: given their number, a simple random sample of the cluster,
    whatever other partitions ask for.
    """

    rows: Ints
    rank: Ints
    cutoff: Ints
    count: Ints
    common: int

    @classmethod
    def everything(cls, partitions: Partitions) -> Sample:
        """Take all rows."""
        rows = np.arange(partitions.labels.shape[1])
        return cls(rows, np.zeros_like(rows), np.ones_like(partitions.ids), partitions.pair_sizes, len(rows))


def draw(partitions: Partitions, anchors: int, seed: int) -> Sample:
    """Take the same `anchors` random rows for all, and more of each cluster that holds fewer than `PER_CLUSTER`."""
    from clusterbench.metrics.kernels import draw_anchors

    n = partitions.labels.shape[1]
    order = stable_rng(seed, "anchors", n).permutation(n)
    cutoff, count = np.empty_like(partitions.ids), np.empty_like(partitions.ids)
    chosen = np.zeros(n, dtype=np.bool_)
    for p, labels in enumerate(partitions.labels):
        pairs = partitions.pairs(p)
        draw_anchors(labels, order, min(anchors, n), PER_CLUSTER, cutoff[pairs], count[pairs], chosen)
    rank = np.empty(n, dtype=np.int64)
    rank[order] = np.arange(n)
    common = np.sort(order[:anchors])
    chosen[common] = False
    rows = np.concatenate([common, np.flatnonzero(chosen)])
    return Sample(rows, rank[rows], cutoff, count, len(common))
