"""The update step of scikit-learn-extra's alternating k-medoids, for one k after another."""

from __future__ import annotations

import numpy as np

from clusterbench.metrics.compilation import compiled
from clusterbench.tables import Floats, Ints

_ROUNDING = 1e-9  # relative: far above the rounding of a sum of 20,000 distances, far below a difference that matters
_BLOCK = 256  # candidates
_NONE, _MOVING = -1, -2  # in place of a label


class MedoidUpdate:
    """The update step of scikit-learn-extra's alternating method, with the same outcome in less time.

    For every row it keeps the sum of its distances from the members of its cluster, and changes these sums only by the
    rows that moved since the last call, of whatever k. The sums have rounding errors, so they only choose candidates:
    every row whose sum may be the lowest. Among these the exact costs decide.

    Parameters
    ----------
    distances : array (n, n)
    asymmetry : float
        Largest difference between the distances (i, j) and (j, i).
    """

    def __init__(self, distances: Floats, asymmetry: float) -> None:
        self._distances = distances
        self._labels = np.full(len(distances), _NONE)
        self._sums = np.zeros(len(distances))
        self._largest = 0.0  # sum so far, whose rounding errors remain
        self._asymmetry = 2 * asymmetry * len(distances)  # of two sums

    def __call__(self, D: Floats, labels: Ints, medoids: Ints) -> None:
        """Move each medoid, in place, to the member of its cluster with the lowest cost, where that is lower."""
        move_rows(self._distances, self._labels, labels, self._sums)
        self._labels = labels.copy()
        self._largest = max(self._largest, self._sums.max())
        slack = _ROUNDING * self._largest + self._asymmetry
        for number, medoid in enumerate(medoids):
            members = np.flatnonzero(labels == number)
            if len(members) == 0:  # a copy of this medoid comes earlier and took its rows
                continue
            rough = self._sums[members]
            candidates = members[rough <= rough.min() + slack]
            current = members[np.argmax(members == medoid)]
            if np.array_equal(candidates, [current]):
                continue
            costs = self._costs(members, np.append(candidates, current))
            best = np.argmin(costs[:-1])
            if costs[best] < costs[-1]:
                medoids[number] = candidates[best]

    def _costs(self, members: Ints, candidates: Ints) -> Floats:
        """Return the sum of the distances of `members` from each candidate, to scikit-learn-extra's last bit."""
        costs = np.empty(len(candidates))
        for start in range(0, len(candidates), _BLOCK):
            columns = self._distances[members[:, np.newaxis], candidates[start : start + _BLOCK]]
            costs[start : start + _BLOCK] = np.ascontiguousarray(columns.T).sum(axis=1)
        return costs


@compiled
def move_rows(distances: Floats, before: Ints, after: Ints, sums: Floats) -> None:
    """Change the sums of the distances (n, n) of each row from the members of its cluster, when rows change theirs."""
    labels, joined = before.copy(), np.empty(len(sums))
    for j in np.flatnonzero(before != after):
        source, target, row = before[j], after[j], distances[j]
        labels[j] = _MOVING
        for i in range(len(sums)):
            joined[i] = 1.0 if labels[i] == target else 0.0
            sums[i] += row[i] * joined[i] - (row[i] if labels[i] == source else 0.0)
        sums[j] = np.dot(row, joined)
        labels[j] = target
