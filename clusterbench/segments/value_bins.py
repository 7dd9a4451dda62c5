"""How many rows of each segment are in each bin of a column or of the distances, for a table of any size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from clusterbench.segments.operations import Bools, Floats, Ints

ATYPICAL = 0.99
"""A row is atypical if it is farther from its segment than this share of the segment's rows in the fitted table."""

Table = Sequence[Sequence[int]]

_EDGES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


@dataclass(frozen=True, slots=True, eq=False)
class BinCounts:
    """Rows of a table, by segment (row 0: without one) and by bin."""

    columns: tuple[Ints, ...]  # of each column, shape (m + 1, b): missing, zero, up to each edge, above the last
    distances: Ints  # shape (m + 1, d): up to each edge, above the last, which are the atypical rows
    outside: Ints  # shape (p,): values of each column outside the range of the fitted table
    rows_outside: int  # rows with such a value

    def __add__(self, other: BinCounts) -> BinCounts:
        columns = tuple(one + more for one, more in zip(self.columns, other.columns, strict=True))
        outside = self.outside + other.outside
        return BinCounts(columns, self.distances + other.distances, outside, self.rows_outside + other.rows_outside)

    @property
    def segments(self) -> Ints:
        """Rows of each segment, shape (m + 1,)."""
        return np.asarray(self.columns[0].sum(axis=1))


@dataclass(frozen=True, slots=True, eq=False)
class Bins:
    """Bins by the deciles of the fitted table, with bins of their own for missing values and for zeros."""

    segments: Ints  # ids, ascending
    edges: tuple[Floats, ...]  # of each column
    distance_edges: Floats  # shape (m, d - 1)

    @classmethod
    def of(
        cls,
        segments: Sequence[int],
        levels: Sequence[float],
        columns: Sequence[Sequence[float]],
        distances: Sequence[Sequence[float]],
    ) -> Bins:
        """Return the bins of quantiles at `levels`, of columns and of distances; equal deciles are one edge."""
        inner = [at for at, level in enumerate(levels) if level in _EDGES]
        far = [*inner, *(at for at, level in enumerate(levels) if level == ATYPICAL)]
        edges = tuple(np.unique(np.array(quantiles)[inner]) for quantiles in columns)
        return cls(np.array(segments), edges, np.array([[one[at] for at in far] for one in distances]))

    def count(self, values: Floats, segment: Ints, distance: Floats, outside: Bools) -> BinCounts:
        """Count rows, shape (n, p), with their segments and distances, and which of their values are out of range."""
        place = np.searchsorted(self.segments, segment) + 1
        place[segment == 0] = 0
        m = len(self.segments)
        columns = tuple(
            _table(place, np.where(np.isnan(column), 0, np.where(column == 0, 1, edges.searchsorted(column) + 2)), m,
                   len(edges) + 3)
            for column, edges in zip(values.T, self.edges, strict=True)
        )  # fmt: skip
        far = (distance[:, np.newaxis] > self.distance_edges[place - 1]).sum(axis=1)
        some = (place > 0) & (distance > 0)  # a distance of 0 is that of a fitted row to itself
        distances = _table(place[some], far[some], m, self.distance_edges.shape[1] + 1)
        return BinCounts(columns, distances, outside.sum(axis=0), int(outside.any(axis=1).sum()))

    def kept(self, columns: Sequence[Table], distances: Table) -> BinCounts | None:
        """Return the counts of a fitted table, whose values are all in range; None if they are not of these bins."""
        n = len(self.segments)
        shapes = [*((n + 1, len(edges) + 3) for edges in self.edges), (n + 1, self.distance_edges.shape[1] + 1)]
        tables = [_array(counts) for counts in (*columns, distances)]
        if [table.shape for table in tables] != shapes:
            return None
        return BinCounts(tuple(tables[:-1]), tables[-1], np.zeros(len(self.edges), dtype=np.int64), 0)


def _array(counts: Table) -> Ints:
    widths = {len(row) for row in counts}
    return np.array(counts, dtype=np.int64) if len(widths) == 1 else np.empty((0, 0), dtype=np.int64)


def _table(place: Ints, bins: Ints, m: int, n_bins: int) -> Ints:
    """Return how many rows have each place, 0 to m, and each bin, shape (m + 1, n_bins)."""
    counts = np.bincount(place * n_bins + bins, minlength=(m + 1) * n_bins)
    return counts.reshape(m + 1, n_bins).astype(np.int64)
