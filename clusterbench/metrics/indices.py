"""Indices of one partition, from sums over its clusters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clusterbench.labeling import Labels
from clusterbench.metrics.score import Score

SAME = 1e-12  # centroids nearer than this, relative to their own size and spread, coincide
_ROWS = 512  # centroids whose distances to all centroids are held at once


@dataclass(frozen=True, slots=True)
class Estimate:
    """A score with the standard error of its sampling: 0 where all rows were used."""

    score: Score
    standard_error: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Geometry:
    """Centroids (k, d), mean distance to the centroid (k,), sum of squared distances to it (k,), sizes (k,)."""

    centroids: NDArray[np.float64]
    spread: NDArray[np.float64]
    scatter: NDArray[np.float64]
    sizes: NDArray[np.int64]

    @classmethod
    def of(cls, space: NDArray[np.float64], labels: Labels, k: int) -> Geometry:
        from clusterbench.metrics import sum_kernels as _sums

        shape = (k, space.shape[1])
        found = cls(np.empty(shape), np.empty(k), np.empty(k), np.empty(k, dtype=np.int64))
        _sums.centroid_sums(space, labels, found.centroids, found.spread, found.scatter, found.sizes)
        return found


def silhouette_means(
    total: NDArray[np.float64], square: NDArray[np.float64], count: NDArray[np.int64], sizes: NDArray[np.int64]
) -> tuple[Estimate, Estimate]:
    """Return the micro and macro average, from sums of s and s squared over `count` of each cluster's rows.

    Stratified sampling (Cochran 1977, section 5.3): a cluster's mean has variance s^2 / m (1 - m / size).
    """
    n, k = int(sizes.sum()), len(sizes)
    if n == k:
        alone = Score.undefined("every row is a cluster of its own")
        return Estimate(alone, float("nan")), Estimate(alone, float("nan"))
    means = total / count
    if np.array_equal(count, sizes):
        return Estimate(Score(float(total.sum() / n))), Estimate(Score(float(means.sum() / k)))
    variance = np.maximum(square - count * means**2, 0.0) / np.maximum(count - 1, 1)
    variance *= (1.0 - count / sizes) / count
    micro = Estimate(Score(float((means * sizes).sum() / n)), float(np.sqrt((variance * (sizes / n) ** 2).sum())))
    macro = Estimate(Score(float(means.sum() / k)), float(np.sqrt(variance.sum()) / k))
    return micro, macro


def davies_bouldin(geometry: Geometry) -> Score:
    """Return the mean over clusters of the worst (s_i + s_j) / d_ij."""
    from scipy.spatial.distance import cdist

    spread, centroids = geometry.spread, geometry.centroids
    if not spread.any():
        return Score.undefined("no scatter within clusters")
    extent = np.sqrt((centroids**2).sum(axis=1)) + spread
    worst = np.empty(len(spread))
    for start in range(0, len(spread), _ROWS):
        rows = np.arange(start, min(start + _ROWS, len(spread)))
        gaps = cdist(centroids[rows], centroids)
        gaps[rows - start, rows] = np.inf
        if (gaps <= SAME * (extent[rows, None] + extent)).any():
            return Score.undefined("two centroids coincide")
        worst[rows] = ((spread[rows, None] + spread) / gaps).max(axis=1)
    return Score(float(worst.mean()))


def calinski_harabasz(geometry: Geometry) -> Score:
    """Return the ratio of between to within scatter, each by its degrees of freedom."""
    sizes, n, k = geometry.sizes, int(geometry.sizes.sum()), len(geometry.sizes)
    if n == k:
        return Score.undefined("every row is a cluster of its own")
    within = float(geometry.scatter.sum())
    if within == 0.0:
        return Score.undefined("no scatter within clusters")
    middle = (geometry.centroids * sizes[:, None]).sum(axis=0) / n
    between = float((sizes * ((geometry.centroids - middle) ** 2).sum(axis=1)).sum())
    return Score(between / within * (n - k) / (k - 1))
