"""The plain compiled kernels: lists, sums and keys of clusters. None calls another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clusterbench.labeling import Labels
from clusterbench.metrics.compilation import compiled
from clusterbench.tables import Bools, Floats, Ints

CHUNK = 256  # points per chunk; positions within one fit uint8
Lists = tuple[NDArray[np.uint8], Ints, Ints, Ints]
"""places, run_start, run_cluster and chunk_start of `list_members`."""


@compiled
def list_members(labels: Labels, starts: Ints, ids: Ints, own: Bools, lists: Lists) -> None:
    """List, chunk by chunk and cluster by cluster, the positions of the cluster's rows within the chunk.

    Run r covers ``places[run_start[r]:run_start[r + 1]]`` and belongs to distinct cluster ``run_cluster[r]``;
    chunk c covers the runs ``chunk_start[c]:chunk_start[c + 1]``. ``own[j]`` is False where cluster j of all
    (labeling, cluster) pairs repeats a cluster of an earlier labeling: that one is listed once.
    """
    places, run_start, run_cluster, chunk_start = lists
    m, n = labels.shape
    count = np.zeros(np.max(np.diff(starts)), np.int64)
    run, end, chunk = 0, 0, 0
    for first in range(0, n, CHUNK):
        last = min(n, first + CHUNK)
        chunk_start[chunk] = run
        for p in range(m):
            offset, k = starts[p], starts[p + 1] - starts[p]
            count[:k] = 0
            for i in range(first, last):
                c = labels[p, i]
                if c >= 0 and own[offset + c]:
                    count[c] += 1
            for c in range(k):
                if count[c] > 0:
                    run_start[run] = end
                    run_cluster[run] = ids[offset + c]
                    run += 1
                    end += count[c]
                    count[c] = end - count[c]
            for i in range(first, last):
                c = labels[p, i]
                if c >= 0 and own[offset + c]:
                    places[count[c]] = i - first
                    count[c] += 1
        chunk += 1
    chunk_start[chunk] = run
    run_start[run] = end


@compiled
def centroid_sums(
    space: Floats, labels: Labels, centroids: Floats, spread: Floats, scatter: Floats, sizes: Ints
) -> None:
    """Fill centroids (k, d), mean distance to the centroid (k,), sum of squared distances (k,) and sizes (k,).

    Sums are taken relative to the first row of each cluster, so that equal rows give a spread of exactly zero.
    """
    k, d = centroids.shape
    anchor = np.full(k, -1, np.int64)
    centroids[:] = 0.0
    spread[:] = 0.0
    scatter[:] = 0.0
    sizes[:] = 0
    for i in range(len(labels)):
        c = labels[i]
        if c >= 0:
            if anchor[c] < 0:
                anchor[c] = i
            sizes[c] += 1
            for f in range(d):
                centroids[c, f] += space[i, f] - space[anchor[c], f]
    for c in range(k):
        for f in range(d):
            centroids[c, f] = space[anchor[c], f] + centroids[c, f] / sizes[c]
    rest = np.zeros((k, d), np.float64)
    for i in range(len(labels)):
        c = labels[i]
        if c >= 0:
            square = 0.0
            for f in range(d):
                gap = space[i, f] - centroids[c, f]
                rest[c, f] += gap
                square += gap * gap
            scatter[c] += square
            spread[c] += np.sqrt(square)
    for c in range(k):
        spread[c] /= sizes[c]
        for f in range(d):  # what the first mean lost by rounding
            centroids[c, f] += rest[c, f] / sizes[c]


@compiled
def add_up(
    s: Floats, rows: Ints, rank: Ints, labels: Labels, starts: Ints, cutoff: Ints, total: Floats, square: Floats
) -> None:
    """Add s (m, len(rows)) and its square to the totals of each (labeling, cluster), rows of rank < cutoff only."""
    for p in range(labels.shape[0]):
        for i in range(len(rows)):
            c = labels[p, rows[i]]
            if c >= 0 and rank[i] < cutoff[starts[p] + c]:
                total[starts[p] + c] += s[p, i]
                square[starts[p] + c] += s[p, i] * s[p, i]


@compiled
def cluster_keys(
    labels: Labels, starts: Ints, row_keys: NDArray[np.uint64], keys: NDArray[np.uint64], sizes: Ints
) -> None:
    """Fill a 128-bit key (sum of its rows' keys) and the size of each (labeling, cluster)."""
    for p in range(labels.shape[0]):
        for i in range(labels.shape[1]):
            c = labels[p, i]
            if c >= 0:
                keys[starts[p] + c, 0] += row_keys[i, 0]
                keys[starts[p] + c, 1] += row_keys[i, 1]
                sizes[starts[p] + c] += 1


@compiled
def draw_anchors(labels: Labels, order: Ints, base: int, least: int, cutoff: Ints, count: Ints, chosen: Bools) -> None:
    """Take the first `base` rows in `order`, then further ones of each cluster that has fewer than `least`.

    Fills, per cluster, the position in `order` before which its rows are taken, and how many that are.
    """
    cutoff[:] = base
    count[:] = 0
    for position in range(len(order)):
        c = labels[order[position]]
        if c >= 0 and (position < base or count[c] < least):
            count[c] += 1
            cutoff[c] = max(cutoff[c], position + 1)
            chosen[order[position]] = True
