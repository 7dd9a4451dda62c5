"""Compiled kernels over bootstrap weights (n, replicates). None calls another."""

from __future__ import annotations

import numpy as np

from clusterbench.labeling import Labels
from clusterbench.metrics.compilation import compiled
from clusterbench.tables import Floats


@compiled
def shifts(weights: Floats, influence: Floats, out: Floats) -> None:
    """out[r] = sum over rows of (weight - 1) * influence."""
    out[:] = 0.0
    for i in range(len(influence)):
        value = influence[i]
        for r in range(len(out)):
            out[r] += (weights[i, r] - 1.0) * value


@compiled
def weighted_geometry(
    space: Floats,
    labels: Labels,
    middles: Floats,
    weights: Floats,
    count: Floats,
    centroids: Floats,
    spread: Floats,
    scatter: Floats,
) -> None:
    """Fill weight, centroid, mean distance to it and sum of squared distances to it, per cluster and replicate.

    Shapes: count, spread, scatter (k, r); centroids (k, d, r). `middles` (k, d) are the centroids at weights of 1:
    sums are taken relative to them, so that nothing cancels.
    """
    k, d, r = centroids.shape
    count[:] = 0.0
    centroids[:] = 0.0
    spread[:] = 0.0
    scatter[:] = 0.0
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
            for f in range(d):
                centroids[c, f, j] += middles[c, f]


@compiled
def weighted_indices(
    count: Floats,
    centroids: Floats,
    spread: Floats,
    scatter: Floats,
    same: float,
    davies_bouldin: Floats,
    calinski_harabasz: Floats,
) -> None:
    """Fill both indices of each replicate, over the clusters that it holds; NaN where undefined.

    Centroids nearer than `same`, relative to their size and spread, coincide.
    """
    k, d, replicates = centroids.shape
    for r in range(replicates):
        here, n, within = 0, 0.0, 0.0
        middle = np.zeros(d)
        extent = np.zeros(k)
        for c in range(k):
            if count[c, r] > 0.0:
                here += 1
                n += count[c, r]
                within += scatter[c, r]
                for f in range(d):
                    middle[f] += count[c, r] * centroids[c, f, r]
                    extent[c] += centroids[c, f, r] ** 2
                extent[c] = np.sqrt(extent[c]) + spread[c, r]
        total, between, apart = 0.0, 0.0, False
        enough = defined = here > 1 and n > here
        for c in range(k):
            if count[c, r] > 0.0:
                for f in range(d):
                    between += count[c, r] * (centroids[c, f, r] - middle[f] / n) ** 2
                worst = 0.0
                for other in range(k):
                    if other != c and count[other, r] > 0.0:
                        gap = 0.0
                        for f in range(d):
                            gap += (centroids[c, f, r] - centroids[other, f, r]) ** 2
                        gap = np.sqrt(gap)
                        apart = apart or gap > 0.0
                        if gap <= same * (extent[c] + extent[other]):
                            defined = False
                        else:
                            worst = max(worst, (spread[c, r] + spread[other, r]) / gap)
                total += worst
        davies_bouldin[r] = total / here if defined else np.nan
        if within == 0.0:
            calinski_harabasz[r] = np.inf if apart and enough else np.nan
        else:
            calinski_harabasz[r] = between / within * (n - here) / (here - 1) if enough else np.nan
