"""The swaps of FasterPAM: medoids that no exchange of one for another row improves."""

from __future__ import annotations

import numpy as np

from clusterbench.metrics.compilation import compiled
from clusterbench.tables import Floats, Ints

_LEAST = 1e-12  # relative: a smaller improvement may be rounding


def swapped_medoids(distances: Floats, medoids: Ints, max_passes: int) -> tuple[Ints, int]:
    """Return better medoids than the given ones, shape (k,), and the number of passes over all rows that it took.

    Each row in turn takes the place of the medoid for which that lowers the sum of the distances (n, n) of all rows to
    their nearest medoids most, if for any, until no row does (Schubert & Rousseeuw 2021,
    doi:10.1016/j.is.2021.101804). All medoids are tried for one row together, in O(n + k) steps.
    """
    chosen = medoids.copy()
    return chosen, int(_swap(distances, chosen, max_passes))


@compiled
def _rank(row: Floats, medoids: Ints) -> tuple[int, float, float]:
    """Return the position of the medoid nearest to a row, with distances (n,), how far it is, and the next one."""
    which, first, second = 0, np.inf, np.inf
    for position in range(len(medoids)):
        distance = row[medoids[position]]
        if distance < first:
            which, first, second = position, distance, first
        elif distance < second:
            second = distance
    return which, first, second


@compiled
def _swap(distances: Floats, medoids: Ints, max_passes: int) -> int:
    n, k = len(distances), len(medoids)
    which, first, second = np.empty(n, np.int64), np.empty(n), np.empty(n)
    removal, change = np.zeros(k), np.empty(k)
    for i in range(n):
        which[i], first[i], second[i] = _rank(distances[i], medoids)
        removal[which[i]] += second[i] - first[i]
    unchanged = 0
    for step in range(max_passes * n):
        candidate = step % n
        unchanged += 1
        change[:] = removal
        shared = 0.0
        for i in range(n):
            distance = distances[candidate, i]
            if distance < first[i]:
                shared += distance - first[i]
                change[which[i]] += first[i] - second[i]
            elif distance < second[i]:
                change[which[i]] += distance - second[i]
        out = np.argmin(change)
        if change[out] + shared < -_LEAST * first.sum():
            medoids[out], unchanged = candidate, 0
            removal[:] = 0.0
            for i in range(n):
                which[i], first[i], second[i] = _rank(distances[i], medoids)
                removal[which[i]] += second[i] - first[i]
        if unchanged == n:
            return step // n + 1
    return max_passes + 1
