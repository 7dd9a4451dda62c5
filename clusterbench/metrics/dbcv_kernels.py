"""The compiled kernels of DBCV. Rows are sorted by cluster: cluster c has the columns ``starts[c]:starts[c + 1]``."""

from __future__ import annotations

import numpy as np

from clusterbench.metrics.compilation import compiled
from clusterbench.tables import Bools, Floats, Ints


@compiled
def square_distances(columns: Floats, row: int, start: int, stop: int, squares: Floats) -> None:
    """Fill the squared distances from one row to the rows of a range."""
    squares[: stop - start] = 0.0
    for f in range(len(columns)):
        value, column = columns[f, row], columns[f, start:stop]
        for i in range(stop - start):
            squares[i] += (column[i] - value) * (column[i] - value)


@compiled
def core_distances(columns: Floats, starts: Ints, core: Floats) -> None:
    """Fill the core distance of each row within its cluster.

    That is ``(sum of s^-d / (size - 1))^(-1/d)`` over the squared distances s > 0 to its other rows; 0 without any.
    """
    d, n = columns.shape
    squares = np.empty(n)
    for c in range(len(starts) - 1):
        start, stop = starts[c], starts[c + 1]
        for row in range(start, stop):
            square_distances(columns, row, start, stop, squares)
            least = np.inf
            for i in range(stop - start):
                if 0.0 < squares[i] < least:
                    least = squares[i]
            total = 0.0
            for i in range(stop - start):
                if squares[i] > 0.0:
                    total += (least / squares[i]) ** d  # relative to the nearest, so that no power overflows
            core[row] = least * (total / (stop - start - 1)) ** (-1.0 / d) if total > 0.0 else 0.0


@compiled
def sparseness(columns: Floats, core: Floats, start: int, stop: int, internal: Bools) -> float:
    """Return the longest edge between internal rows of a cluster's minimum tree, and mark these rows.

    Edges are mutual reachabilities: the largest of the two core distances and the squared distance. Many are equal, and
    which rows are internal (have several edges) depends on the tree among equally short ones: it grows from the row of
    the least core distance; of equal edges to a row the first one found is kept; of equally near rows that of the least
    core distance, then of the least distance, comes next.
    """
    size = stop - start
    gap, square = np.full(size, np.inf), np.empty(size)
    apart, link, degree = np.empty(size), np.zeros(size, np.int64), np.zeros(size, np.int64)
    waiting = np.ones(size, np.bool_)
    ends, lengths = np.empty((size - 1, 2), np.int64), np.empty(size - 1)
    row = int(np.argmin(core[start:stop]))
    for step in range(size - 1):
        waiting[row] = False
        square_distances(columns, start + row, start, stop, square)
        following = -1
        for i in range(size):
            if waiting[i]:
                reach = max(square[i], core[start + row], core[start + i])
                if reach < gap[i]:
                    gap[i], link[i], apart[i] = reach, row, square[i]
                if following < 0 or gap[i] < gap[following]:
                    following = i
                elif gap[i] == gap[following]:
                    mine, other = core[start + i], core[start + following]
                    if mine < other or (mine == other and apart[i] < apart[following]):
                        following = i
        ends[step, 0], ends[step, 1], lengths[step] = link[following], following, gap[following]
        degree[link[following]] += 1
        degree[following] += 1
        row = following
    widest, inner = 0.0, -1.0
    for edge in range(size - 1):
        widest = max(widest, lengths[edge])
        if degree[ends[edge, 0]] > 1 and degree[ends[edge, 1]] > 1:
            inner = max(inner, lengths[edge])
    for i in range(size):
        internal[start + i] = degree[i] > 1 or size < 3
    return inner if inner >= 0.0 else widest


@compiled
def separations(columns: Floats, core: Floats, starts: Ints, separation: Floats) -> None:
    """Lower each cluster's separation to the least mutual reachability between its rows and those of another."""
    n = columns.shape[1]
    square = np.empty(n)
    for c in range(len(starts) - 2):
        first = starts[c + 1]
        for row in range(starts[c], first):
            square_distances(columns, row, first, n, square)
            for other in range(c + 1, len(starts) - 1):
                least = np.inf
                for i in range(starts[other], starts[other + 1]):
                    least = min(least, max(square[i - first], core[row], core[i]))
                separation[c], separation[other] = min(separation[c], least), min(separation[other], least)
