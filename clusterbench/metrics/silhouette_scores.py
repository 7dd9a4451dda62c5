"""The micro and macro silhouette and Pearson gamma of partitions: one pass over the rows gives all three."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from clusterbench.labeling import NOISE, Labels
from clusterbench.metrics.computation import Scores, ScoringSettings
from clusterbench.metrics.conditioning import ScoringTable
from clusterbench.metrics.partitions import lay_out
from clusterbench.metrics.row_scores import Sample, cluster_totals, draw
from clusterbench.metrics.score import Score
from clusterbench.tables import Floats, Ints

MICRO, MACRO, GAMMA = "silhouette", "silhouette_macro", "pearson_gamma"
ALONE = "every row is a cluster of its own"
RELATIVE_ERROR = 1e-6  # largest one of a score; where float32 may cause more, float64 scores again
_SHARE = 1e-3  # of the standard error of a sample, below which rounding does not matter
_EQUAL = 1e-12  # a variance of distances, relative to their mean square, that is rounding alone
_ROW_ERROR = 2e-7  # twice to four times what was measured on the credit-card table


class Silhouettes:
    """The computation of both silhouettes and of Pearson gamma.

    Cost: O(n^2 d + n^2 m) time for m partitions and no n x n matrix; above `exact_rows` rows n x anchors in place of
    n^2. Pearson gamma adds one partition of all clustered rows, and so less than 2 % for 54 labelings.
    """

    def scores(
        self, table: ScoringTable, labelings: Sequence[Labels], names: Collection[str], settings: ScoringSettings
    ) -> list[Scores]:
        """Return the named scores of each partition, in the precision that keeps `RELATIVE_ERROR`."""
        kept = table.kept_dtype(settings.dtype)
        scores, doubtful = _scores(table.space, labelings, names, kept, settings)
        if settings.dtype == "auto" and kept is np.float32:
            # Metric by metric, so that asking for one moves no bit of the other.
            again = [p for p, each in enumerate(doubtful) if not each.isdisjoint(names)]
            exact = [labelings[p] for p in again]
            better, _ = _scores(table.space, exact, (), np.float64, settings) if again else ([], [])
            for p, other in zip(again, better, strict=True):
                scores[p] |= {name: other[name] for name in doubtful[p].intersection(names)}
        return scores


def _scores(
    space: Floats,
    labelings: Sequence[Labels],
    names: Collection[str],
    kept: type[np.floating[Any]],
    settings: ScoringSettings,
) -> tuple[list[Scores], list[set[str]]]:
    """Return the scores of each partition, and which silhouettes float32 may move by more than matters."""
    keys = [(labels >= 0).tobytes() if GAMMA in names else b"" for labels in labelings]
    whole = {key: np.where(labels < 0, NOISE, 0) for key, labels in zip(keys, labelings, strict=True) if key}
    partitions = lay_out([*labelings, *whole.values()])
    exact = len(space) <= settings.exact_rows
    sample = Sample.everything(partitions) if exact else draw(partitions, settings.anchors, settings.seed)
    total, square, distance = cluster_totals(space, partitions, sample, kept, settings.threads)
    overall = {}
    for p, (key, labels) in enumerate(whole.items(), len(labelings)):
        pairs = partitions.pairs(p)
        overall[key] = float(distance[pairs][0] / sample.count[pairs][0]), _mean_square(space[labels == 0])
    scores, doubtful = [], []
    for key, pairs in zip(keys, map(partitions.pairs, range(len(labelings))), strict=True):
        count, sizes = sample.count[pairs], partitions.pair_sizes[pairs]
        micro, macro = silhouette_means(total[pairs], square[pairs], count, sizes)
        scores.append({MICRO: micro, MACRO: macro})
        allowed = (RELATIVE_ERROR * abs(score.value) + _SHARE * score.standard_error for score in (micro, macro))
        bounds = zip((MICRO, MACRO), rounding_bounds(count), allowed, strict=True)
        doubtful.append({name for name, bound, most in bounds if bound > most})
        if key:
            gamma = pearson_gamma(distance[pairs] / count, sizes, *overall[key])
            scores[-1][GAMMA] = gamma if exact else replace(gamma, standard_error=math.nan)
    return scores, doubtful


def silhouette_means(total: Floats, square: Floats, count: Ints, sizes: Ints) -> tuple[Score, Score]:
    """Return the micro and macro average, from sums of s and s squared over `count` of each cluster's rows.

    Stratified sampling (Cochran 1977, section 5.3): a cluster's mean has variance s^2 / m (1 - m / size).
    """
    n, k = int(sizes.sum()), len(sizes)
    if n == k:
        return Score.undefined(ALONE), Score.undefined(ALONE)
    means = total / count
    if np.array_equal(count, sizes):
        return Score(float(total.sum() / n)), Score(float(means.sum() / k))
    variance = np.maximum(square - count * means**2, 0.0) / np.maximum(count - 1, 1)
    variance *= (1.0 - count / sizes) / count
    micro_error, macro_error = np.sqrt((variance * (sizes / n) ** 2).sum()), np.sqrt(variance.sum()) / k
    micro = Score(float((means * sizes).sum() / n), standard_error=float(micro_error))
    return micro, Score(float(means.sum() / k), standard_error=float(macro_error))


def rounding_bounds(count: Ints) -> tuple[float, float]:
    """Return how far float32 may move the micro and the macro silhouette, from the numbers of rows averaged (k,)."""
    return float(_ROW_ERROR / np.sqrt(count.sum())), float(_ROW_ERROR * np.sqrt((1.0 / count).sum()) / len(count))


def pearson_gamma(within: Floats, sizes: Ints, mean: float, square: float) -> Score:
    """Return the correlation, over pairs of rows, of their distance with whether their clusters differ.

    From the mean distance within each cluster and its size (k,), and the mean and mean square of all distances.
    """
    n, pairs = sizes.sum(), sizes * (sizes - 1.0)
    if not pairs.any():
        return Score.undefined(ALONE)
    variance = square - mean**2
    if variance <= _EQUAL * square:
        return Score.undefined("all distances are equal")
    share = pairs.sum() / (n * (n - 1.0))
    gap = mean - (pairs * within).sum() / pairs.sum()
    return Score(float(np.clip(gap * np.sqrt(share / (1.0 - share) / variance), -1.0, 1.0)))


def _mean_square(rows: Floats) -> float:
    """Return the mean squared distance of pairs of rows."""
    return float(rows.var(axis=0).sum() * 2.0 * len(rows) / max(len(rows) - 1, 1))
