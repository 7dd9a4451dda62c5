"""The BUILD start of PAM (Kaufman & Rousseeuw 1990), for all numbers of medoids at once."""

from __future__ import annotations

import numpy as np

from clusterbench.metrics.compilation import compiled
from clusterbench.tables import Bools, Floats, Ints

_ROUNDING = 1e-9  # relative: far above the rounding of a sum of 20,000 distances, far below a difference that matters


class GreedyMedoids:
    """The medoids that scikit-learn-extra's BUILD chooses one by one; those of fewer are the first of more.

    The gain of each row, by which all rows would be nearer to their medoid if it became one, is kept and changed by the
    rows whose medoid changes. The rounding errors of these sums only choose candidates, every row within `_ROUNDING` of
    the largest gain; among these the sums in the order of the library decide, of equal ones the last.
    """

    def __init__(self, distances: Floats) -> None:
        self._distances = distances
        self.totals: Floats = np.sum(distances, axis=0)
        self._medoids = np.empty(0, dtype=np.int64)
        self._nearest = np.zeros(len(distances))  # distances to the medoids
        self._gains = np.zeros(len(distances))
        self._slack = 0.0

    def first(self, k: int) -> Ints:
        """Return the first k medoids."""
        while len(self._medoids) < k:
            self._medoids = np.append(self._medoids, self._next())
        return self._medoids[:k].copy()

    def _next(self) -> int:
        if len(self._medoids) == 0:
            chosen = int(np.argmin(self.totals))
            nearest = self._distances[chosen].copy()
            changed = np.arange(len(nearest))
        else:
            free = np.ones(len(self._gains), dtype=np.bool_)
            free[self._medoids] = False
            largest = self._gains[free].max()
            self._slack = max(self._slack, _ROUNDING * largest)
            free &= self._gains >= largest - self._slack
            chosen = best_candidate(self._distances, self._nearest, free)
            nearest = np.minimum(self._nearest, self._distances[:, chosen])
            changed = np.flatnonzero(nearest < self._nearest)
        change_gains(self._distances, changed, self._nearest, nearest, self._gains)
        self._nearest = nearest
        return chosen


@compiled
def change_gains(distances: Floats, rows: Ints, before: Floats, after: Floats, gains: Floats) -> None:
    """Replace the terms of some rows, with distances to their medoids `before` and `after`, in the gains (n,)."""
    for j in rows:
        old, new, row = before[j], after[j], distances[j]
        for i in range(len(gains)):
            gains[i] += max(0.0, new - row[i]) - max(0.0, old - row[i])


@compiled
def best_candidate(distances: Floats, nearest: Floats, candidates: Bools) -> int:
    """Return the candidate with the largest gain, of equal ones the last."""
    best, largest = -1, 0.0
    for i in range(len(candidates)):
        if candidates[i]:
            gain = 0.0
            for j in range(len(nearest)):
                gain += max(0.0, nearest[j] - distances[i, j])
            if gain >= largest:
                best, largest = i, gain
    return best
