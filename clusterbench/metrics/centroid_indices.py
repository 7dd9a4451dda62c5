"""Davies-Bouldin and Calinski-Harabasz: both from the centroids of a partition."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from clusterbench.labeling import Labels
from clusterbench.metrics.computation import Scores, ScoringSettings
from clusterbench.metrics.conditioning import ScoringTable
from clusterbench.metrics.score import Score
from clusterbench.metrics.threads import in_threads
from clusterbench.tables import Floats, Ints

DB, CH = "davies_bouldin", "calinski_harabasz"

_SAME, _SAME_FAR = 1e-12, 2.0**-50  # centroids nearer than this, relative to their own size and spread, coincide
_ALONE = "every row is a cluster of its own"
_ROWS = 512  # centroids whose distances to all centroids are held at once


class CentroidIndices:
    """The computation of Davies-Bouldin and Calinski-Harabasz."""

    def scores(
        self, table: ScoringTable, labelings: Sequence[Labels], names: Collection[str], settings: ScoringSettings
    ) -> list[Scores]:
        """Return both indices of each partition."""

        def both(labels: Labels) -> Scores:
            geometry = Geometry.of(table, labels)
            return {DB: davies_bouldin(geometry), CH: calinski_harabasz(geometry)}

        return in_threads(both, labelings, settings.threads)


@dataclass(frozen=True, slots=True, eq=False)
class Geometry:
    """Centroids (k, d), mean distance to the centroid (k,), sum of squared distances to it (k,), sizes (k,).

    Centroids nearer than `same`, relative to their own size and spread, coincide.
    """

    centroids: Floats
    spread: Floats
    scatter: Floats
    sizes: Ints
    same: float = _SAME

    @classmethod
    def of(cls, table: ScoringTable, labels: Labels) -> Geometry:
        """Return the geometry of compact labels."""
        from clusterbench.metrics.kernels import centroid_sums

        space, origins, same = _near_origins(table, labels)
        k = labels.max() + 1
        sums = cls(np.zeros((k, space.shape[1])), np.zeros(k), np.zeros(k), np.zeros(k, dtype=np.int64), same)
        centroid_sums(space, labels, sums.centroids, sums.spread, sums.scatter, sums.sizes)
        return replace(sums, centroids=sums.centroids + origins)


def _near_origins(table: ScoringTable, labels: Labels) -> tuple[Floats, Floats, float]:
    """Return the space with every cluster near the origin, how far each was moved (k, d), and when centroids coincide.

    Far from the origin, the rounding error of a centroid would count as a distance of its rows.
    """
    k = labels.max() + 1
    if table.centred:
        return table.space, np.zeros((k, table.space.shape[1])), _SAME
    first = np.zeros(k + 1, dtype=np.intp)
    first[labels[::-1]] = np.arange(len(labels))[::-1]  # noise is moved too, to the last place
    return table.space - table.space[first[labels]], table.space[first[:k]], _SAME_FAR


def davies_bouldin(geometry: Geometry) -> Score:
    """Return the mean over clusters of the worst (s_i + s_j) / d_ij: 0 where clusters have no spread."""
    from scipy.spatial.distance import cdist

    spread, centroids = geometry.spread, geometry.centroids
    if len(spread) == geometry.sizes.sum():
        return Score.undefined(_ALONE)
    extent = np.sqrt((centroids**2).sum(axis=1)) + spread
    worst = np.empty(len(spread))
    for start in range(0, len(spread), _ROWS):
        rows = np.arange(start, min(start + _ROWS, len(spread)))
        gaps = cdist(centroids[rows], centroids)
        gaps[rows - start, rows] = np.inf
        if (gaps <= geometry.same * (extent[rows, None] + extent)).any():
            return Score.undefined("two centroids coincide")
        worst[rows] = ((spread[rows, None] + spread) / gaps).max(axis=1)
    return Score(float(worst.mean()))


def calinski_harabasz(geometry: Geometry) -> Score:
    """Return the ratio of between to within scatter, each by its degrees of freedom: infinite without the latter."""
    sizes, n, k = geometry.sizes, int(geometry.sizes.sum()), len(geometry.sizes)
    if n == k:
        return Score.undefined(_ALONE)
    within = float(geometry.scatter.sum())
    if within == 0.0:
        equal = (geometry.centroids == geometry.centroids[0]).all()
        return Score.undefined("all rows are equal") if equal else Score(math.inf)
    middle = (geometry.centroids * sizes[:, None]).sum(axis=0) / n
    between = float((sizes * ((geometry.centroids - middle) ** 2).sum(axis=1)).sum())
    return Score(between / within * (n - k) / (k - 1))
