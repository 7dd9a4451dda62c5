"""The compiled kernels of nearest neighbours, minimum spanning trees and what is computed along them."""

from __future__ import annotations

import numpy as np

from clusterbench.labeling import Labels
from clusterbench.metrics.compilation import compiled
from clusterbench.tables import Floats, Ints

_SPAN = 512  # rows whose distances are held at once
_STRETCH = 64  # rows among which near ones are counted before they are looked for


@compiled
def neighbours_and_tree(columns: Floats, neighbours: Labels, ends: Ints, lengths: Floats) -> None:
    """Fill the nearest other rows (n, q) and a minimum spanning tree of the rows of columns.T (n, d).

    Neighbours are nearest first, of equally near ones the first rows. The tree has n - 1 edges (row, row) with squared
    lengths. Prim's algorithm takes the distances from each row to all others once, and no n x n matrix: that pass gives
    the neighbours too.
    """
    d, n = columns.shape
    q = neighbours.shape[1]
    gap, inside = np.full(n, np.inf), np.zeros(n)  # squared distance to the tree; infinite once in it
    link = np.zeros(n, np.int64)
    square, reach, near = np.empty(_SPAN), np.empty(_SPAN), np.empty(q)
    row = 0
    for step in range(n):
        inside[row] = np.inf
        near[:] = np.inf
        least, following = np.inf, -1
        for first in range(0, n, _SPAN):
            part = slice(first, min(first + _SPAN, n))
            size = part.stop - first
            square[:size] = 0.0
            for f in range(d):
                value, column = columns[f, row], columns[f, part]
                for i in range(size):
                    square[i] += (column[i] - value) * (column[i] - value)
            gaps, links, closed = gap[part], link[part], inside[part]
            for i in range(size):  # without a branch, so that it is compiled to vector instructions
                nearer = square[i] < gaps[i]
                links[i] = row if nearer else links[i]
                gaps[i] = square[i] if nearer else gaps[i]
                reach[i] = gaps[i] + closed[i]
            for start in range(0, size, _STRETCH):
                stretch = slice(start, min(start + _STRETCH, size))
                squares, reaches, begin = square[stretch], reach[stretch], first + start
                farthest, n_next, n_near = near[q - 1], 0, 0
                for i in range(len(squares)):  # without a branch too; in most stretches there is none
                    n_next += int(reaches[i] < least)
                    n_near += int(squares[i] < farthest)
                for i in range(len(squares) if n_next > 0 else 0):
                    if reaches[i] < least:
                        least, following = reaches[i], begin + i
                for i in range(len(squares) if n_near > 0 else 0):
                    if squares[i] < near[q - 1] and begin + i != row:
                        place = q - 1
                        while place > 0 and squares[i] < near[place - 1]:
                            near[place], neighbours[row, place] = near[place - 1], neighbours[row, place - 1]
                            place -= 1
                        near[place], neighbours[row, place] = squares[i], begin + i
        if step < n - 1:
            ends[step, 0], ends[step, 1], lengths[step] = link[following], following, least
            row = following


@compiled
def root(parent: Ints, row: int) -> int:
    """Return the root of a row in a forest of parents, and shorten the path to it."""
    while parent[row] != row:
        parent[row] = parent[parent[row]]
        row = parent[row]
    return row


@compiled
def grow(ends: Ints, labels: Labels) -> Labels:
    """Return the partition that grows from the labelled rows (n,) along the edges of a minimum tree, shortest first.

    Rows labelled -1 join rows along the edges, but never two groups that hold labelled rows. That is the partition in
    which, starting from the labelled rows, the row nearest to any of them joins it, one by one (single-linkage growth):
    both build the shortest forest rooted in these rows (Kruskal's and Prim's way).
    """
    parent = np.arange(len(labels))
    label_of = labels.copy()
    for edge in range(len(ends)):
        left, right = root(parent, ends[edge, 0]), root(parent, ends[edge, 1])
        if label_of[left] < 0:
            parent[left] = right
        elif label_of[right] < 0:
            parent[right] = left
    return np.array([label_of[root(parent, i)] for i in range(len(parent))])


@compiled
def agreement(neighbours: Labels, labels: Labels, shares: Floats) -> None:
    """Add to zeros (k,), over the rows of each cluster, the share of the row's neighbours that are in the cluster.

    Noise rows count neither as rows nor as neighbours; a row with no neighbour but noise has the share 0.
    """
    for i in range(len(labels)):
        c = labels[i]
        if c >= 0:
            same = among = 0
            for other in neighbours[i]:
                among += labels[other] >= 0
                same += labels[other] == c
            if same > 0:
                shares[c] += same / among


@compiled
def tree_gaps(ends: Ints, lengths: Floats, labels: Labels, separation: Floats, widest: Floats, joined: Ints) -> None:
    """Fill per cluster the shortest edge that leaves it, the longest one inside, and the number of those inside (k,).

    `separation` starts infinite, the others from 0. Edges are taken shortest first: one between rows, or groups of
    joined rows, of the same cluster is inside; a group of noise rows joins the first cluster that it meets, so that
    clusters with noise between them are as far apart as the longest edge on the way.
    """
    parent, label_of = np.arange(len(labels)), labels.copy()
    grouped = np.min(labels) < 0  # else a group has the label of each of its rows
    for edge in range(len(ends)):
        left, right = ends[edge, 0], ends[edge, 1]
        if grouped:
            left, right = root(parent, left), root(parent, right)
        a, b = label_of[left], label_of[right]
        if a >= 0 and b >= 0 and a != b:
            separation[a], separation[b] = min(separation[a], lengths[edge]), min(separation[b], lengths[edge])
        else:
            if a >= 0 and a == b:
                widest[a] = lengths[edge]
                joined[a] += 1
            if grouped:
                parent[left] = right
                label_of[right] = max(a, b)
