"""Nearest rows and the spanning tree of mutual reachability, by Euclidean distances, in memory that grows with n."""

from __future__ import annotations

import numpy as np

from clusterbench.metrics.compilation import compiled
from clusterbench.tables import Floats, Ints

_SPAN, _GROUP = 256, 16  # rows whose distances are held at once, and rows that these are from


def neighbours_and_reachability(X: Floats, count: int, min_samples: int) -> tuple[Ints, Floats, Ints, Floats]:
    """Return the nearest rows of each row and a minimum spanning tree of the mutual reachability.

    The squares of the distances of the rows (n, d) are summed column by column, as in scipy's ``cdist``, to the same
    last bit. Distances are between all pairs, each computed once for the neighbours and once for the tree.

    Returns
    -------
    nearest, distances : ndarray of int64 and float64, shape (n, count)
        Itself among them, ascending; the last distance is infinite where there are fewer than `min_samples` rows.
    tree, heights : ndarray of int64, shape (n - 1, 2), and float64, shape (n - 1,)
        Of max(reach_i, reach_j, d_ij), where the reach of a row is the last of its distances.
    """
    n = len(X)
    nearest, squares = np.zeros((n, count), dtype=np.int64), np.full((n, count), np.inf)
    tree, heights = np.zeros((n - 1, 2), dtype=np.int64), np.zeros(n - 1)
    columns = np.array(X.T, order="C")
    _fill_nearest(columns, nearest, squares)
    reach = squares[:, -1].copy() if count == min_samples else np.full(n, np.inf)
    _fill_tree(columns, reach, tree, heights)
    distances = np.sqrt(squares)
    if count < min_samples:
        distances[:, -1] = np.inf  # no row can be core
    return nearest, distances, tree, np.sqrt(heights)


@compiled
def squared_distances(columns: Floats, first: int, point: Floats, squares: Floats) -> None:
    """Fill the squared distances of a run of the rows of columns.T (n, d) from a point (d,)."""
    squares[:] = 0.0
    for f in range(len(point)):
        column, value = columns[f, first : first + len(squares)], point[f]
        for i in range(len(squares)):
            squares[i] += (column[i] - value) * (column[i] - value)


@compiled
def _insert(square: float, row: int, near: Floats, which: Ints) -> None:
    """Insert a row into the ascending list of the nearest ones, of which the last one is lost."""
    place = len(near) - 1
    while place > 0 and square < near[place - 1]:
        near[place], which[place] = near[place - 1], which[place - 1]
        place -= 1
    near[place], which[place] = square, row


@compiled
def _fill_nearest(columns: Floats, nearest: Ints, squares: Floats) -> None:
    """Fill the lists of nearest rows, both of a pair by one distance; a span serves several rows while it is cached."""
    n = len(nearest)
    limit, square = np.full(n, np.inf), np.empty(_SPAN)  # how far the last one of each list is
    points = columns.T.copy()
    for group in range(0, n, _GROUP):
        for span in range(group, n, _SPAN):
            for row in range(group, min(n, group + _GROUP)):
                first = max(row, span)
                size = min(span + _SPAN, n) - first
                if size > 0:
                    squared_distances(columns, first, points[row], square[:size])
                    _update(row, first, square[:size], limit, nearest, squares)


@compiled
def _update(row: int, first: int, square: Floats, limit: Floats, nearest: Ints, squares: Floats) -> None:
    """Insert the rows from `first` on into the list of a row, and the row into theirs, where they are near enough."""
    last, own, limits = nearest.shape[1] - 1, limit[row], limit[first : first + len(square)]
    n_nearer = 0
    for i in range(len(square)):  # counted first, which is compiled to vector instructions, and mostly none
        n_nearer += (square[i] < own) | (square[i] < limits[i])
    if n_nearer == 0:
        return
    for i in range(len(square)):
        other = first + i
        if square[i] < squares[row, last]:
            _insert(square[i], other, squares[row], nearest[row])
        if square[i] < limits[i] and other != row:
            _insert(square[i], row, squares[other], nearest[other])
            limits[i] = squares[other, last]
    limit[row] = squares[row, last]


@compiled
def _fill_tree(columns: Floats, reach: Floats, tree: Ints, heights: Floats) -> None:
    """Fill the tree by Prim's algorithm, all in squares; `columns` (d, n) and `reach` lose the rows that it reached."""
    d, n = columns.shape
    best, source, outside = np.full(n, np.inf), np.zeros(n, np.int64), np.arange(n)
    point, square = np.empty(d), np.empty(_SPAN)
    at = 0
    for step in range(n - 1):
        left = n - 1 - step  # the last row that is outside takes the place of the one that is reached
        current, own = outside[at], reach[at]
        outside[at], reach[at], best[at], source[at] = outside[left], reach[left], best[left], source[left]
        for f in range(d):
            point[f] = columns[f, at]
            columns[f, at] = columns[f, left]
        lowest, at = np.inf, 0
        for first in range(0, left, _SPAN):
            size = min(_SPAN, left - first)
            part = slice(first, first + size)
            bests, sources, reaches = best[part], source[part], reach[part]
            squared_distances(columns, first, point, square[:size])
            n_lower = 0
            for i in range(size):  # without branches, so that it is compiled to vector instructions
                height = reaches[i] if reaches[i] > square[i] else square[i]
                height = own if own > height else height
                nearer = height < bests[i]
                sources[i] = current if nearer else sources[i]
                bests[i] = height if nearer else bests[i]
                n_lower += bests[i] < lowest
            if n_lower == 0:
                continue
            for i in range(size):
                if bests[i] < lowest:
                    lowest, at = bests[i], first + i
        tree[step, 0], tree[step, 1], heights[step] = source[at], outside[at], lowest
