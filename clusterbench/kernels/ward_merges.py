"""The tree of Ward's method: fastcluster's algorithm, with the distances from many rows computed at once."""

from __future__ import annotations

import math

import numpy as np

from clusterbench.kernels.density_kernels import squared_distances
from clusterbench.metrics.compilation import compiled
from clusterbench.tables import Floats, Ints

_SPAN = 256  # parts whose distances are held at once
_ROUNDING = 1.0 + 1e-14  # far above that of a division
_NONE = -1


def ward_tree(X: Floats) -> Floats | None:
    """Return the tree that ``fastcluster.linkage_vector(X, "ward")`` gives, or None where ties would decide it.

    The merges (n - 1, 4) are in the order of fastcluster and have its heights, to the last bit. Each part knows the
    nearest of the parts after it, and looks for another one only when it is next to be merged (Müllner 2011,
    arXiv:1109.2378). Of merges of equal height fastcluster's heap decides which is the first, which is not done here.
    """
    tree = np.empty((len(X) - 1, 4))
    return tree if _fill_tree(np.array(X.T, order="C"), tree) else None


@compiled
def _fill_tree(columns: Floats, tree: Floats) -> bool:
    """Fill the tree of the rows of columns.T (n, d), whose place the means of merged rows take; False where ties are.

    The later one of two parts takes in the earlier one, which is then gone: its size is 0.
    """
    n = columns.shape[1]
    sizes, nodes, near, heights = np.ones(n), np.arange(n), np.full(n, _NONE), np.full(n, np.inf)
    for i in range(n - 1):
        near[i], heights[i] = _nearest(columns, sizes, i)
    left = n
    for step in range(n - 1):
        if 4 * (n - step) < 3 * left:
            left = _move_together(columns[:, :left], sizes, nodes, near, heights)
        at = _lowest(heights[:left])
        while at != _NONE and near[at] == _NONE:
            near[at], heights[at] = _nearest(columns, sizes[:left], at)
            at = _lowest(heights[:left])
        if at == _NONE:
            return False
        to = near[at]
        tree[step, 0], tree[step, 1] = min(nodes[at], nodes[to]), max(nodes[at], nodes[to])
        tree[step, 2], tree[step, 3] = math.sqrt(2.0 * heights[at]), sizes[at] + sizes[to]
        for f in range(len(columns)):
            columns[f, to] = (columns[f, at] * sizes[at] + columns[f, to] * sizes[to]) / tree[step, 3]
        columns[0, at] = np.inf  # so that it is the nearest to none
        sizes[to], sizes[at], nodes[to], heights[at] = tree[step, 3], 0.0, n + step, np.inf
        _update(columns, sizes, at, to, near, heights)
        near[to], heights[to] = _nearest(columns, sizes[:left], to)
    return True


@compiled
def _nearest(columns: Floats, sizes: Floats, at: int) -> tuple[int, float]:
    """Return the nearest of the parts after one, and the height at which they would merge; of equal ones the first."""
    point, own, square = columns[:, at].copy(), sizes[at], np.empty(_SPAN)
    which, lowest = _NONE, np.inf
    for first in range(at + 1, len(sizes), _SPAN):
        size = sizes[first : first + _SPAN]
        product = square[: len(size)]
        squared_distances(columns, first, point, product)
        limit, n_lower = lowest * _ROUNDING, 0
        for i in range(len(size)):  # without branches and divisions, so that it is compiled to fast vector instructions
            product[i] = product[i] * own * size[i]
            n_lower += product[i] < limit * (own + size[i])
        if n_lower > 0:
            for i in range(len(size)):
                if product[i] < limit * (own + size[i]) and product[i] / (own + size[i]) < lowest:
                    which, lowest = first + i, product[i] / (own + size[i])
    return which, lowest


@compiled
def _update(columns: Floats, sizes: Floats, at: int, to: int, near: Ints, heights: Floats) -> None:
    """Update the nearest parts of those before one, which has taken in that at `at`; of some it becomes unknown."""
    point, own, square = columns[:, to].copy(), sizes[to], np.empty(_SPAN)
    for j in range(at):
        near[j] = _NONE if near[j] == to or near[j] == at else near[j]
    for first in range(at + 1, to, _SPAN):
        part = slice(first, min(to, first + _SPAN))
        size, nears, height = sizes[part], near[part], heights[part]
        squared_distances(columns, first, point, square[: len(size)])
        for i in range(len(size)):
            new = square[i] * size[i] * own / (size[i] + own)
            lower = new < height[i]
            nears[i] = to if lower else (_NONE if nears[i] == to else nears[i])
            height[i] = new if lower else height[i]


@compiled
def _lowest(heights: Floats) -> int:
    """Return the position of the lowest height; none where another one equals it."""
    which, lowest, second = _NONE, np.inf, np.inf
    for i in range(len(heights)):
        if heights[i] <= second:
            if heights[i] < lowest:
                which, lowest, second = i, heights[i], lowest
            else:
                second = heights[i]
    return which if lowest < second else _NONE


@compiled
def _move_together(columns: Floats, sizes: Floats, nodes: Ints, near: Ints, heights: Floats) -> int:
    """Move the parts that are left to the front, in their order; return how many they are."""
    place, n_left = np.full(columns.shape[1], _NONE), 0
    for i in range(len(place)):
        if sizes[i] > 0.0:
            place[i] = n_left
            columns[:, n_left] = columns[:, i]
            sizes[n_left], nodes[n_left], near[n_left], heights[n_left] = sizes[i], nodes[i], near[i], heights[i]
            n_left += 1
    for i in range(n_left):
        near[i] = _NONE if near[i] == _NONE else place[near[i]]
    return n_left
