"""Counts of rows by class and cluster, from which every external metric is computed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from clusterbench.labeling import Labels
from clusterbench.metrics.score import NoisePolicy, UndefinedScore
from clusterbench.tables import Floats, Ints

_MOST_CELLS = 2 * 10**7  # of a table of counts, which takes 8 bytes per cell


@dataclass(frozen=True, slots=True, eq=False)
class Contingency:
    """How the rows of known classes are spread over clusters. No class and no cluster is empty."""

    counts: Ints  # (classes, clusters)
    singles: Ints  # (classes,): noise rows; each is a group of its own, which shares no pair and matches no class

    @property
    def class_sizes(self) -> Ints:
        sizes: Ints = self.counts.sum(axis=1) + self.singles
        return sizes

    @property
    def group_sizes(self) -> Ints:
        """Sizes of the clusters, and 1 for each noise row."""
        return np.concatenate([self.counts.sum(axis=0), np.ones(self.singles.sum(), dtype=np.int64)])

    @property
    def n_rows(self) -> int:
        return int(self.counts.sum() + self.singles.sum())


def contingency(labels: Labels, classes: Labels, noise: NoisePolicy = NoisePolicy.ZERO) -> Contingency:
    """Count the rows of each class in each cluster, from canonical labels, shape (n,); UndefinedScore if too many.

    Rows of class -1 have no known class and are left out. A row labelled -1 is a group of its own (``zero``), left out
    (``drop``), or in one more cluster with the other noise rows (``cluster``).
    """
    n_classes, n_columns = int(classes.max(initial=-1)) + 2, int(labels.max(initial=-1)) + 2
    if n_classes * n_columns > _MOST_CELLS:
        raise UndefinedScore(f"{n_classes - 1} classes and {n_columns - 1} clusters are too many to be counted")
    codes = (classes.astype(np.int64) + 1) * n_columns + (labels + 1)
    counts = np.bincount(codes, minlength=n_classes * n_columns).reshape(n_classes, n_columns)[1:].astype(np.int64)
    singles = counts[:, 0] if noise is NoisePolicy.ZERO else np.zeros(n_classes - 1, dtype=np.int64)
    counts = counts if noise is NoisePolicy.CLUSTER else counts[:, 1:]
    rows = (counts.sum(axis=1) + singles) > 0
    return Contingency(counts[rows][:, counts.any(axis=0)], singles[rows])


def pairs(sizes: Ints | Floats) -> float:
    """Return the number of pairs of rows within groups of these sizes; exact for up to 10^8 rows."""
    numbers = sizes.astype(np.float64)
    return float((numbers * (numbers - 1.0) / 2.0).sum())


def matched(weights: Floats | Ints) -> float:
    """Return the largest sum of weights (classes, clusters) in which each class has at most one cluster of its own."""
    from scipy.optimize import linear_sum_assignment

    return float(weights[linear_sum_assignment(weights, maximize=True)].sum())
