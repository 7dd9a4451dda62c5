"""How much each row moves a silhouette: its derivative by the row's weight.

It holds as long as rows keep their nearest cluster; where clusters are hardly apart, see `bootstrap_scores`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from clusterbench.labeling import Labels, canonical
from clusterbench.metrics.batches import Batch
from clusterbench.metrics.computation import Settings
from clusterbench.metrics.partition_layout import Partitions, lay_out, list_members
from clusterbench.metrics.row_scores import RowScores, row_scorer
from clusterbench.metrics.threads import in_threads, tasks
from clusterbench.seeding import stable_rng
from clusterbench.tables import Floats, Ints

BYTES = 128  # per row and partition, all arrays below together


@dataclass(frozen=True, slots=True, eq=False)
class Expansion:
    """A silhouette to first order in the weights: value + sum over rows of (weight - 1) * influence."""

    value: float
    rows: Ints
    influence: Floats

    def at(self, weights: Floats) -> Floats:
        """Return the values (r,) at weights (n, r)."""
        from clusterbench.metrics.bootstrap_kernel import shifts

        moved = np.empty(weights.shape[1])
        shifts(weights if len(self.rows) == len(weights) else weights[self.rows], self.influence, moved)
        return self.value + moved


def expand(
    space: Floats, batch: Batch, size: int | None, centres: Sequence[tuple[float, float]] | None, settings: Settings
) -> list[tuple[Expansion, Expansion] | None]:
    """Return the micro and macro expansion of each partition, None where they are undefined.

    With a `size`, influences are those of so many random rows, scaled to the whole, around the values in `centres`.
    """
    n, rows, labels = len(space), np.arange(len(space)), batch.labels
    if size is not None:
        rows = np.sort(stable_rng(settings.seed, "bootstrap rows", n).choice(n, size, replace=False))
        labels = [canonical(each[rows]) for each in labels]
    ks = [int(each.max()) + 1 for each in labels]
    defined = [p for p, k in enumerate(ks) if 1 < k < np.count_nonzero(labels[p] >= 0)]
    expansions: list[tuple[Expansion, Expansion] | None] = [None] * len(ks)
    if not defined:
        return expansions
    part = Batch([batch.keys[p] for p in defined], [labels[p] for p in defined], [ks[p] for p in defined])
    scale = math.sqrt(len(rows) / n)
    for p, each in zip(defined, influences(space[rows], part, settings.threads), strict=True):
        micro, macro = (each.micro_value, each.macro_value) if centres is None else centres[p]
        expansions[p] = (Expansion(micro, rows, each.micro * scale), Expansion(macro, rows, each.macro * scale))
    return expansions


@dataclass(frozen=True, slots=True, eq=False)
class Influence:
    """Derivatives of the micro and macro silhouette by row weights, at weights of 1, with the values there.

    A row counts w times: a_i = sum_j w_j d_ij / (W - 1) with W the weight of the cluster, b_i likewise over W,
    micro = sum_i w_i s_i / sum_i w_i. So each row acts through its own s and through the a and b of others.

    Attributes
    ----------
    micro, macro : ndarray of float64, shape (n,)
        Zero at rows that take no part.
    micro_value, macro_value : float
    """

    micro: Floats
    macro: Floats
    micro_value: float
    macro_value: float


@dataclass(frozen=True, slots=True, eq=False)
class _Slopes:
    """Of one partition: weights (3, n) of distances, and the labels (3, n) of the clusters in which they are summed."""

    weights: Floats
    members: Labels
    offsets: Floats


def influences(space: Floats, batch: Batch, threads: int) -> list[Influence]:
    """Return the influence of every row on the silhouettes of each partition of the batch. Two passes over rows."""
    partitions = lay_out(batch.labels, batch.ks)
    rows = np.arange(len(space))
    every = _all_rows(space, partitions, threads)
    slopes = [
        _slopes(partitions.labels[p], batch.ks[p], every.a[p], every.b[p], every.near[p]) for p in range(len(batch.ks))
    ]
    weights = np.concatenate([each.weights for each in slopes])
    starts = np.concatenate([[0], np.cumsum(np.repeat(batch.ks, 3))]).astype(np.int64)
    lists = list_members(
        np.concatenate([each.members for each in slopes]), starts, np.arange(starts[-1]), np.ones(starts[-1], np.bool_)
    )
    targets = np.repeat(partitions.labels, 3, axis=0)
    sums = np.empty(weights.shape)

    def work(part: slice) -> None:
        from clusterbench.metrics.silhouette_kernel import weighted_sums

        found = np.empty((len(sums), part.stop - part.start))
        weighted_sums(space, rows[part], targets, starts, weights, lists, found)
        sums[:, part] = found

    in_threads(work, tasks(len(rows)), threads)
    return [
        _combine(partitions.labels[p], batch.ks[p], every.s[p], sums[3 * p : 3 * p + 3] - slopes[p].offsets)
        for p in range(len(batch.ks))
    ]


def _all_rows(space: Floats, partitions: Partitions, threads: int) -> RowScores:
    """Return the scores of all rows, put together from the tasks."""
    rows = np.arange(len(space))
    parts = in_threads(row_scorer(space, partitions, rows, np.float64), tasks(len(rows)), threads)
    a, b, near, s = (
        np.concatenate([getattr(part, name) for part in parts], axis=1) for name in ("a", "b", "near", "s")
    )
    return RowScores(slice(0, len(rows)), a, b, near, s)


def _slopes(labels: Labels, k: int, a: Floats, b: Floats, near: Labels) -> _Slopes:
    """Return ds_i/da_i and ds_i/db_i (twice: for micro and macro) divided by what a_i and b_i are means over."""
    sizes = np.bincount(labels[labels >= 0], minlength=k)
    own = sizes[labels]
    widest = np.maximum(a, b)
    moves = (labels >= 0) & (own > 1) & (widest > 0.0)
    safe = np.where(moves, widest, 1.0)
    # s = 1 - a / b where a <= b, and b / a - 1 elsewhere.
    by_a = np.where(a <= b, -1.0 / safe, -b / safe**2) / np.maximum(own - 1, 1)
    by_b = np.where(a <= b, a / safe**2, 1.0 / safe) / sizes[near]
    weights = np.where(moves, np.stack([by_a, by_b, by_b / own]), 0.0)
    members = np.where(moves, np.stack([labels, near, near]), -1).astype(np.int32)
    centres = weights * np.stack([a, b, b])
    per_cluster = [np.bincount(c[moves], weights=v[moves], minlength=k) for c, v in zip(members, centres, strict=True)]
    return _Slopes(weights, members, np.where(labels >= 0, np.stack(per_cluster)[:, labels], 0.0))


def _combine(labels: Labels, k: int, s: Floats, sums: Floats) -> Influence:
    """Return the influences from a partition's centred sums: by own cluster, by nearest, by nearest for macro."""
    part = labels >= 0
    sizes = np.bincount(labels[part], minlength=k)
    means = np.bincount(labels[part], weights=s[part], minlength=k) / sizes
    n, micro_value = int(sizes.sum()), float(s[part].mean())
    micro = (s - micro_value + sums[0] + sums[1]) / n
    macro = ((s - means[labels] + sums[0]) / sizes[labels] + sums[2]) / k
    return Influence(np.where(part, micro, 0.0), np.where(part, macro, 0.0), micro_value, float(means.mean()))
