"""The plain compiled kernels: lists and sums of clusters, sums under bootstrap weights."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clusterbench.labeling import Labels
from clusterbench.metrics.compilation import compiled
from clusterbench.metrics.threads import CHUNK
from clusterbench.tables import Bools, Floats, Ints


@compiled
def list_members(
    labels: Labels, starts: Ints, ids: Ints, own: Bools, members: tuple[NDArray[np.uint8], Ints, Ints, Ints]
) -> None:
    """Fill the lists of `Members`; ``own[j]`` is False where pair j repeats an earlier cluster, listed once."""
    places, run_start, run_cluster, chunk_start = members
    m, n = labels.shape
    count = np.zeros(np.max(np.diff(starts)), np.int64)
    run, end = 0, 0
    for chunk in range(len(chunk_start) - 1):
        first, last = chunk * CHUNK, min(n, chunk * CHUNK + CHUNK)
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
    chunk_start[-1] = run
    run_start[run] = end


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


@compiled
def add_up(
    s: Floats, a: Floats, rows: Ints, rank: Ints, labels: Labels, starts: Ints, cutoff: Ints, total: Floats
) -> None:
    """Add s (m, len(rows)), its square and a to total (3, pairs), of the rows with rank < cutoff of their pair."""
    for p in range(labels.shape[0]):
        for i in range(len(rows)):
            c = labels[p, rows[i]]
            if c >= 0 and rank[i] < cutoff[starts[p] + c]:
                total[0, starts[p] + c] += s[p, i]
                total[1, starts[p] + c] += s[p, i] * s[p, i]
                total[2, starts[p] + c] += a[p, i]


@compiled
def centroid_sums(
    space: Floats, labels: Labels, centroids: Floats, spread: Floats, scatter: Floats, sizes: Ints
) -> None:
    """Add to zeros: centroids (k, d), mean distance to them (k,), sum of squared distances (k,) and sizes (k,).

    Sums are taken relative to the first row of each cluster, so that equal rows give a spread of exactly zero.
    """
    k, d = centroids.shape
    anchor = np.full(k, -1, np.int64)
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
def shifts(weights: Floats, influence: Floats, out: Floats) -> None:
    """out[r] += sum over rows of (weight - 1) * influence, for weights (n, r)."""
    for i in range(len(influence)):
        for r in range(len(out)):
            out[r] += (weights[i, r] - 1.0) * influence[i]


@compiled
def weighted_geometry(
    space: Floats, labels: Labels, middles: Floats, weights: Floats, sums: Floats, centroids: Floats
) -> None:
    """Add to zeros, for weights (n, r): centroids (k, d, r) and sums (3, k, r) of clusters.

    The sums are weight, mean distance to the centroid, sum of squared distances to it. `middles` (k, d) are the
    centroids at weights of 1: all is computed relative to them, so that nothing cancels.
    """
    count, spread, scatter = sums[0], sums[1], sums[2]
    k, d, r = centroids.shape
    square = np.empty(r)
    for i in range(len(labels)):
        c = labels[i]
        if c >= 0:
            length = 0.0
            for f in range(d):
                gap = space[i, f] - middles[c, f]
                length += gap * gap
                for j in range(r):
                    centroids[c, f, j] += weights[i, j] * gap
            for j in range(r):
                count[c, j] += weights[i, j]
                scatter[c, j] += weights[i, j] * length
    for c in range(k):
        for j in range(r):
            if count[c, j] > 0.0:
                moved = 0.0
                for f in range(d):
                    centroids[c, f, j] /= count[c, j]
                    moved += centroids[c, f, j] * centroids[c, f, j]
                scatter[c, j] = max(scatter[c, j] - count[c, j] * moved, 0.0)
    for i in range(len(labels)):
        c = labels[i]
        if c >= 0:
            square[:] = 0.0
            for f in range(d):
                gap = space[i, f] - middles[c, f]
                for j in range(r):
                    square[j] += (gap - centroids[c, f, j]) ** 2
            for j in range(r):
                spread[c, j] += weights[i, j] * np.sqrt(square[j])
    for c in range(k):
        for j in range(r):
            if count[c, j] > 0.0:
                spread[c, j] /= count[c, j]


@compiled
def centroid_indices(sums: Floats, centroids: Floats, same: float) -> tuple[float, float]:
    """Return Davies-Bouldin and Calinski-Harabasz from sums (3, k) and centroids (k, d), NaN where undefined.

    Centroids nearer than `same`, relative to their size and spread, coincide.
    """
    count, spread, scatter = sums[0], sums[1], sums[2]
    k, d = centroids.shape
    n, within = count.sum(), scatter.sum()
    middle, extent = np.zeros(d), np.zeros(k)
    for c in range(k):
        for f in range(d):
            middle[f] += count[c] * centroids[c, f]
            extent[c] += centroids[c, f] ** 2
        extent[c] = np.sqrt(extent[c]) + spread[c]
    total, between, apart = 0.0, 0.0, False
    enough = defined = k > 1 and n > k
    for c in range(k):
        for f in range(d):
            between += count[c] * (centroids[c, f] - middle[f] / n) ** 2
        worst = 0.0
        for other in range(k):
            if other != c:
                gap = 0.0
                for f in range(d):
                    gap += (centroids[c, f] - centroids[other, f]) ** 2
                gap = np.sqrt(gap)
                apart = apart or gap > 0.0
                if gap <= same * (extent[c] + extent[other]):
                    defined = False
                else:
                    worst = max(worst, (spread[c] + spread[other]) / gap)
        total += worst
    davies_bouldin = total / k if defined else np.nan
    if within == 0.0:
        return davies_bouldin, np.inf if apart and enough else np.nan
    return davies_bouldin, between / within * (n - k) / (k - 1) if enough else np.nan


@compiled
def weighted_indices(sums: Floats, centroids: Floats, same: float, out: Floats) -> None:
    """Fill both indices (2, r) of each replicate, over the clusters that it holds; shapes as in `weighted_geometry`."""
    for r in range(out.shape[1]):
        held = np.flatnonzero(sums[0, :, r] > 0.0)
        out[0, r], out[1, r] = centroid_indices(sums[:, :, r][:, held], centroids[:, :, r][held], same)
