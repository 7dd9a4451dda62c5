"""How much each row moves a silhouette: its derivative by the row's weight.

It holds as long as rows keep their nearest cluster; where clusters are hardly apart, see `bootstrap_scores`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from clusterbench.labeling import Labels
from clusterbench.metrics.partitions import lay_out, list_members
from clusterbench.metrics.row_scores import RowScores, score_rows
from clusterbench.metrics.threads import in_threads, tasks
from clusterbench.tables import Floats

BYTES = 128  # per row and partition, all arrays below together


@dataclass(frozen=True, slots=True, eq=False)
class Expansion:
    """The micro and macro silhouette at weights of 1, and their derivatives (2, n) by row weights there.

    A row counts w times: a_i = sum_j w_j d_ij / (W - 1) with W the weight of the cluster, b_i likewise over W,
    micro = sum_i w_i s_i / sum_i w_i. So each row acts through its own s and through the a and b of others; rows that
    take no part do not act.
    """

    values: tuple[float, float]
    influence: Floats


def expansions(space: Floats, labelings: Sequence[Labels], threads: int) -> list[Expansion | None]:
    """Return the expansion of each partition, None where a silhouette is undefined. Two passes over the rows."""
    found: list[Expansion | None] = [None] * len(labelings)
    defined = [p for p, labels in enumerate(labelings) if 0 < labels.max() < np.count_nonzero(labels >= 0) - 1]
    if not defined:
        return found
    partitions = lay_out([labelings[p] for p in defined])
    parts = tasks(len(space))
    rows = np.arange(len(space))
    pieces = in_threads(lambda part: score_rows(space, partitions, rows[part], np.float64), parts, threads)
    every = RowScores(*(np.concatenate(arrays, axis=1) for arrays in zip(*pieces, strict=True)))
    slopes = [_slopes(*each) for each in zip(partitions.labels, every.a, every.b, every.near, strict=True)]
    weights, members, offsets = (np.concatenate(arrays) for arrays in zip(*slopes, strict=True))
    starts = np.concatenate([[0], np.cumsum(np.repeat(np.diff(partitions.starts), 3))])
    pairs = np.arange(starts[-1])
    lists = list_members(members, starts, pairs, np.ones(len(pairs), dtype=np.bool_))
    targets = np.repeat(partitions.labels, 3, axis=0)

    def weighted(part: slice) -> Floats:
        from clusterbench.metrics.silhouette_kernel import weighted_sums

        out = np.empty((len(targets), part.stop - part.start))
        weighted_sums(space, rows[part], targets, starts, weights, lists, out)
        return out

    sums = np.concatenate(in_threads(weighted, parts, threads), axis=1) - offsets
    for position, p in enumerate(defined):
        found[p] = _combine(partitions.labels[position], every.s[position], sums[3 * position : 3 * position + 3])
    return found


def _slopes(labels: Labels, a: Floats, b: Floats, near: Labels) -> tuple[Floats, Labels, Floats]:
    """Return ds_i/da_i and ds_i/db_i (for micro and macro) as weights (3, n) of distances, and what follows from them.

    That is the clusters (3, n) in which they are summed, and offsets (3, n) that centre the sums.
    """
    sizes = np.bincount(labels[labels >= 0])
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
    sums = [np.bincount(c[moves], v[moves], len(sizes))[labels] for c, v in zip(members, centres, strict=True)]
    return weights, members, np.where(labels >= 0, np.stack(sums), 0.0)


def _combine(labels: Labels, s: Floats, sums: Floats) -> Expansion:
    """Return the expansion from a partition's centred sums: by own cluster, by nearest, by nearest for macro."""
    part = labels >= 0
    sizes = np.bincount(labels[part])
    means = np.bincount(labels[part], weights=s[part]) / sizes
    n, value = int(sizes.sum()), float(s[part].mean())
    micro = (s - value + sums[0] + sums[1]) / n
    macro = ((s - means[labels] + sums[0]) / sizes[labels] + sums[2]) / len(sizes)
    return Expansion((value, float(means.mean())), np.where(part, np.stack([micro, macro]), 0.0))
