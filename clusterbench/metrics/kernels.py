"""The plain compiled kernels: lists and sums of clusters."""

from __future__ import annotations

import math

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
def expected_terms(sizes: Ints, other_sizes: Ints, logs: Floats) -> Floats:
    """Return, for groups of these sizes (r,) and (c,), their expected parts of the mutual information, (r, c), in nats.

    `logs` holds the logarithms of the factorials up to the number of rows. Numbers of shared rows are left out where
    they are so far from their mean that one of them occurs with a chance below 4e-22 (Hoeffding 1963, section 6).
    """
    n, terms = len(logs) - 1, np.zeros((len(sizes), len(other_sizes)))
    for i in range(len(sizes)):
        for j in range(len(other_sizes)):
            a, b = sizes[i], other_sizes[j]
            mean, reach = a * b // n, int(5.0 * math.sqrt(min(a, b))) + 1
            fixed = logs[a] + logs[b] + logs[n - a] + logs[n - b] - logs[n]
            for shared in range(max(1, a + b - n, mean - reach), min(a, b, mean + reach) + 1):
                chance = fixed - logs[shared] - logs[a - shared] - logs[b - shared] - logs[n - a - b + shared]
                terms[i, j] += shared / n * math.log(n * shared / (a * b)) * math.exp(chance)
    return terms
