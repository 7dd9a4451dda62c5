"""Silhouettes of rows in several partitions at once, and their sums over clusters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from clusterbench.labeling import Labels
from clusterbench.metrics.anchors import Sample
from clusterbench.metrics.partition_layout import Partitions
from clusterbench.metrics.threads import in_order, pieces, tasks
from clusterbench.tables import Floats, Ints

EXTRA_ROWS = 128


@dataclass(frozen=True, slots=True, eq=False)
class RowScores:
    """Silhouettes of some rows in m partitions, each array (m, rows).

    Attributes
    ----------
    rows : slice
        Positions of the rows among those asked for.
    a, b : ndarray of float64
        Mean distance to the own cluster, and to the nearest other one.
    near : ndarray of int32
        The nearest other cluster.
    s : ndarray of float64
        NaN where the row takes no part.
    """

    rows: slice
    a: Floats
    b: Floats
    near: Labels
    s: Floats

    @classmethod
    def empty(cls, rows: slice, m: int) -> RowScores:
        """Allocate the arrays for m partitions."""
        shape = (m, rows.stop - rows.start)
        return cls(rows, np.empty(shape), np.empty(shape), np.empty(shape, dtype=np.int32), np.empty(shape))


def row_scorer(
    space: Floats, partitions: Partitions, rows: Ints, kept: type[np.floating[Any]]
) -> Callable[[slice], RowScores]:
    """Return what scores a slice of the given rows against all rows of all partitions.

    `kept` is the float type in which distances are added up: see `Table.kept_dtype`.
    """
    from clusterbench.metrics import silhouette_kernel as _kernel
    from clusterbench.metrics import sum_kernels as _sums

    p = partitions

    def score(part: slice) -> RowScores:
        out = RowScores.empty(part, len(p.labels))
        buffer, arrays = np.empty((_sums.CHUNK, _kernel.LANES), dtype=kept), (out.a, out.b, out.near, out.s)
        _kernel.score_rows(space, rows[part], p.labels, p.starts, p.ids, p.sizes, p.lists, buffer, arrays)
        return out

    return score


def cluster_totals(
    space: Floats, partitions: Partitions, sample: Sample, kept: type[np.floating[Any]], threads: int
) -> tuple[Floats, Floats]:
    """Return the sums of s and of its square over each (labeling, cluster) pair's rows in the sample.

    The order of additions, and so the last bit, depends on the pair's own rows alone: rows common to all partitions are
    added up in tasks of their own; further ones, whose number depends on the partitions, one by one.
    """
    from clusterbench.metrics import sum_kernels as _sums

    score = row_scorer(space, partitions, sample.rows, kept)
    total = np.zeros((2, len(partitions.ids)))

    def add(part: slice, s: Floats, sums: Floats) -> None:
        chosen = (sample.rows[part], sample.rank[part], partitions.labels, partitions.starts, sample.cutoff)
        _sums.add_up(s, *chosen, sums[0], sums[1])

    def sums_of(part: slice) -> Floats:
        sums = np.zeros_like(total)
        add(part, score(part).s, sums)
        return sums

    for sums in in_order(sums_of, tasks(sample.common), threads):
        total += sums
    more = pieces(slice(sample.common, len(sample.rows)), EXTRA_ROWS)
    for part, s in zip(more, in_order(lambda part: score(part).s, more, threads), strict=True):
        add(part, s, total)
    return total[0], total[1]
