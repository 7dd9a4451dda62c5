"""DBCV (Moulavi et al. 2014): are clusters of any shape denser inside than towards each other?"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from itertools import pairwise

import numpy as np

from clusterbench.labeling import Labels
from clusterbench.metrics.computation import Scores, ScoringSettings
from clusterbench.metrics.conditioning import ScoringTable
from clusterbench.metrics.score import Score
from clusterbench.metrics.silhouette_scores import ALONE
from clusterbench.metrics.threads import in_threads
from clusterbench.seeding import stable_rng
from clusterbench.tables import Floats

NAME = "dbcv"
DBCV_ROWS = 5_000


class DensityValidity:
    """The computation of DBCV.

    Cost: O(n^2 d) time and O(n d) memory for *each* partition, of at most `DBCV_ROWS` random rows of a longer table.
    """

    def scores(
        self, table: ScoringTable, labelings: Sequence[Labels], names: Collection[str], settings: ScoringSettings
    ) -> list[Scores]:
        """Return the index of each partition; without a standard error where rows were drawn."""
        space, n = table.space, len(table.space)
        rows = np.arange(n)
        if n > DBCV_ROWS:
            rows = np.sort(stable_rng(settings.seed, NAME, n).choice(n, DBCV_ROWS, replace=False))
            space = space[rows]
        error = 0.0 if len(rows) == n else math.nan

        def score(labels: Labels) -> Scores:
            return {NAME: density_validity(space, labels[rows], error)}

        return in_threads(score, labelings, settings.threads)


def density_validity(space: Floats, labels: Labels, standard_error: float = 0.0) -> Score:
    """Return DBCV of the rows that are not noise.

    As the authors' program computes it: distances are squared, a distance of 0 to another row does not count in core
    distances, clusters of one row are noise (that is, they add 0). Unlike there the result does not depend on the order
    of the rows: see `dbcv_kernels.sparseness`.
    """
    from clusterbench.metrics.dbcv_kernels import core_distances, separations, sparseness

    sizes = np.bincount(labels[labels >= 0])
    large = np.flatnonzero(sizes > 1)
    if len(large) < 2:
        return Score.undefined("fewer than two clusters have two rows" if len(large) else ALONE)
    order = np.concatenate([np.flatnonzero(labels == c) for c in large])
    columns = np.ascontiguousarray(space[order].T)
    starts = np.concatenate([[0], np.cumsum(sizes[large])])
    core, internal = np.empty(len(order)), np.empty(len(order), dtype=np.bool_)
    core_distances(columns, starts, core)
    widest = np.array([sparseness(columns, core, *ends, internal) for ends in pairwise(starts)])
    inside = np.concatenate([[0], np.cumsum(np.add.reduceat(internal, starts[:-1], dtype=np.int64))])
    separation = np.full(len(large), np.inf)
    separations(np.ascontiguousarray(columns[:, internal]), core[internal], inside, separation)
    largest = np.maximum(separation, widest)
    values = np.divide(separation - widest, largest, out=np.zeros(len(large)), where=largest > 0.0)
    return Score(float((values * sizes[large]).sum() / sizes.sum()), standard_error=standard_error)
