"""Compiled kernels of nearest-neighbour growth. None calls another."""

from __future__ import annotations

import numpy as np

from clusterbench.labeling import Labels
from clusterbench.metrics.compilation import compiled
from clusterbench.tables import Floats, Ints


@compiled
def minimum_tree(columns: Floats, ends: Ints, lengths: Floats) -> None:
    """Fill the n - 1 edges (row, row) and squared lengths of a minimum spanning tree of the rows of columns.T (n, d).

    Prim's algorithm on the fly: n passes over the table, no n x n matrix.
    """
    d, n = columns.shape
    span = 512
    gap = np.full(n, np.inf)  # squared distance to the tree; negative once in it
    link = np.zeros(n, np.int64)
    square = np.empty(span)
    row = 0
    for step in range(n - 1):
        gap[row] = -1.0
        least, following = np.inf, -1
        for first in range(0, n, span):
            size = min(span, n - first)
            square[:size] = 0.0
            for f in range(d):
                value, column = columns[f, row], columns[f, first : first + size]
                for i in range(size):
                    square[i] += (column[i] - value) * (column[i] - value)
            for i in range(size):
                known = gap[first + i]
                if square[i] < known:
                    gap[first + i], link[first + i] = square[i], row
                    known = square[i]
                if 0.0 <= known < least:
                    least, following = known, first + i
        ends[step, 0], ends[step, 1], lengths[step] = link[following], following, least
        row = following


@compiled
def grow(ends: Ints, seeds: Ints, labels: Labels) -> None:
    """Join rows along a minimum tree's edges, shortest first, but never two clusters that hold a seed each.

    That is the partition in which, starting from the seeds, the row nearest to any cluster joins it, one by one
    (single-linkage growth): both build the shortest forest rooted in the seeds (Kruskal's and Prim's way).
    """
    n = len(labels)
    parent = np.arange(n)
    seed_of = np.full(n, -1, np.int32)
    for c in range(len(seeds)):
        seed_of[seeds[c]] = c
    for edge in range(len(ends)):
        left, right = ends[edge, 0], ends[edge, 1]
        while parent[left] != left:
            parent[left] = parent[parent[left]]
            left = parent[left]
        while parent[right] != right:
            parent[right] = parent[parent[right]]
            right = parent[right]
        if seed_of[left] < 0:
            parent[left] = right
        elif seed_of[right] < 0:
            parent[right] = left
    for i in range(n):
        root = i
        while parent[root] != root:
            parent[root] = parent[parent[root]]
            root = parent[root]
        labels[i] = seed_of[root]
