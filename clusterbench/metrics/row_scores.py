"""Which rows are scored in long tables, silhouettes of rows in several partitions, and their sums over clusters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clusterbench.metrics.partitions import Partitions
from clusterbench.metrics.threads import CHUNK, LANES, in_order, pieces, tasks
from clusterbench.seeding import stable_rng
from clusterbench.tables import Floats, Ints

EXACT_ROWS = 50_000
ANCHORS = 8_192
PER_CLUSTER = 64
EXTRA_ROWS = 128
_LINE = 64  # bytes of a line of the cache


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


def score_rows(
    space: Floats, partitions: Partitions, rows: Ints, kept: type[np.floating[Any]]
) -> tuple[Floats, Floats]:
    """Return silhouettes and mean distances to the own cluster, each (m, rows), of the given rows against all rows.

    The silhouette is NaN where a row takes no part. Distances are added up in the type `kept` of
    `ScoringTable.kept_dtype`.
    """
    from clusterbench.metrics import silhouette_kernel

    s, a = np.empty((2, len(partitions.labels), len(rows)))
    silhouette_kernel.score_rows(space, rows, partitions, _buffer(kept), s, a)
    return s, a


def _buffer(kept: type[np.floating[Any]]) -> NDArray[Any]:
    """Return scratch (CHUNK, LANES) that starts with a cache line: else every other vector would be read from two."""
    cells = np.empty(CHUNK * LANES + _LINE, dtype=kept)
    first = -cells.ctypes.data % _LINE // cells.itemsize
    return cells[first : first + CHUNK * LANES].reshape(CHUNK, LANES)


def cluster_totals(
    space: Floats, partitions: Partitions, sample: Sample, kept: type[np.floating[Any]], threads: int
) -> Floats:
    """Return the sums of s, its square and a, (3, pairs), over each (labeling, cluster) pair's rows in the sample.

    The order of additions, and so the last bit, depends on the pair's own rows alone: rows common to all partitions are
    added up in tasks of their own; further ones, whose number depends on the partitions, one by one.
    """
    from clusterbench.metrics.kernels import add_up

    total = np.zeros((3, len(partitions.ids)))

    def scores(part: slice) -> tuple[Floats, Floats]:
        return score_rows(space, partitions, sample.rows[part], kept)

    def add(part: slice, both: tuple[Floats, Floats], sums: Floats) -> None:
        rows, rank = sample.rows[part], sample.rank[part]
        add_up(*both, rows, rank, partitions.labels, partitions.starts, sample.cutoff, sums)

    def sums_of(part: slice) -> Floats:
        sums = np.zeros_like(total)
        add(part, scores(part), sums)
        return sums

    for sums in in_order(sums_of, tasks(sample.common), threads):
        total += sums
    more = pieces(sample.common, len(sample.rows), EXTRA_ROWS)
    for part, both in zip(more, in_order(scores, more, threads), strict=True):
        add(part, both, total)
    return total
