"""Davies-Bouldin and Calinski-Harabasz: both from the centroids of a partition."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clusterbench.labeling import Labels
from clusterbench.metrics.batches import Batch
from clusterbench.metrics.computation import Estimates, Replicates, Replicator, Settings
from clusterbench.metrics.conditioning import Table
from clusterbench.metrics.engine import in_threads
from clusterbench.metrics.score import Estimate, Score

DB, CH = "davies_bouldin", "calinski_harabasz"

SAME = 1e-12  # centroids nearer than this, relative to their own size and spread, coincide
_ROWS = 512  # centroids whose distances to all centroids are held at once


class CentroidIndices:
    """The computation of Davies-Bouldin and Calinski-Harabasz."""

    def estimates(self, table: Table, batch: Batch, names: Collection[str], settings: Settings) -> list[Estimates]:
        """Return both indices of each partition."""

        def both(p: int) -> Estimates:
            geometry = Geometry.of(table.space, batch.labels[p], batch.ks[p])
            return {DB: Estimate(davies_bouldin(geometry)), CH: Estimate(calinski_harabasz(geometry))}

        return in_threads(both, range(len(batch.keys)), settings.threads)

    def replicator(
        self, table: Table, batch: Batch, names: Collection[str], settings: Settings, rows: int
    ) -> Replicator | None:
        """Return what computes both indices anew from the weighted rows."""
        from clusterbench.metrics.bootstrap_kernel import weighted_geometry, weighted_indices

        def replicate(p: int, weights: NDArray[np.float64]) -> Replicates:
            k, d, r = batch.ks[p], table.space.shape[1], weights.shape[1]
            middles = Geometry.of(table.space, batch.labels[p], k).centroids
            count, spread, scatter, centroids = (np.empty(shape) for shape in ((k, r), (k, r), (k, r), (k, d, r)))
            weighted_geometry(table.space, batch.labels[p], middles, weights, count, centroids, spread, scatter)
            both = np.empty((2, r))
            weighted_indices(count, centroids, spread, scatter, SAME, both[0], both[1])
            return {DB: (both[0], ""), CH: (both[1], "")}

        return replicate


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
        sums = cls(np.empty(shape), np.empty(k), np.empty(k), np.empty(k, dtype=np.int64))
        _sums.centroid_sums(space, labels, sums.centroids, sums.spread, sums.scatter, sums.sizes)
        return sums


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
