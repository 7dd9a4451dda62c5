"""The micro and macro silhouette of partitions: one pass over the rows gives both."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from clusterbench.labeling import Labels, canonical
from clusterbench.metrics.computation import Replicates, Replicator, Scores, ScoringSettings
from clusterbench.metrics.conditioning import ScoringTable
from clusterbench.metrics.influence import expansions
from clusterbench.metrics.partitions import lay_out
from clusterbench.metrics.row_scores import Sample, cluster_totals, draw
from clusterbench.metrics.score import Score
from clusterbench.seeding import stable_rng
from clusterbench.tables import Floats, Ints

MICRO, MACRO = "silhouette", "silhouette_macro"
RELATIVE_ERROR = 1e-6  # largest one of a score; where float32 may cause more, float64 scores again
_ROW_ERROR = 2e-7  # twice to four times what was measured on the credit-card table


class Silhouettes:
    """The computation of both silhouettes."""

    def scores(
        self, table: ScoringTable, labelings: Sequence[Labels], names: Collection[str], settings: ScoringSettings
    ) -> list[Scores]:
        """Return both silhouettes of each partition, in the precision that keeps `RELATIVE_ERROR`."""
        kept = table.kept_dtype(settings.dtype)
        scores, doubtful = _both(table.space, labelings, kept, settings)
        if settings.dtype == "auto" and kept is np.float32:
            # Metric by metric, so that asking for one moves no bit of the other.
            again = [p for p, each in enumerate(doubtful) if not each.isdisjoint(names)]
            better, _ = _both(table.space, [labelings[p] for p in again], np.float64, settings) if again else ([], [])
            for p, exact in zip(again, better, strict=True):
                scores[p] |= {name: exact[name] for name in doubtful[p].intersection(names)}
        return scores

    def replicator(
        self, table: ScoringTable, labelings: Sequence[Labels], settings: ScoringSettings, rows: int
    ) -> Replicator | None:
        """Return the first-order expansion of both silhouettes in the weights: see `bootstrap_scores`."""
        from clusterbench.metrics.kernels import shifts

        n = len(table.space)
        if rows >= n:
            drawn, scores = np.arange(n), None
            found = expansions(table.space, labelings, settings.threads)
        else:
            drawn = np.sort(stable_rng(settings.seed, "bootstrap rows", n).choice(n, rows, replace=False))
            scores = self.scores(table, labelings, (MICRO, MACRO), settings)
            parts = [canonical(labels[drawn]) for labels in labelings]
            found = expansions(table.space[drawn], parts, settings.threads)
        scale = math.sqrt(len(drawn) / n)

        def replicate(p: int, weights: Floats) -> Replicates:
            expansion, replicates = found[p], Replicates()
            if expansion is not None:
                for name, value, influence in zip((MICRO, MACRO), expansion.values, expansion.influence, strict=True):
                    moved = np.zeros(weights.shape[1])
                    shifts(weights if scores is None else weights[drawn], influence * scale, moved)
                    replicates[name] = ((value if scores is None else scores[p][name].value) + moved, "")
            return replicates

        return replicate


def _both(
    space: Floats, labelings: Sequence[Labels], kept: type[np.floating[Any]], settings: ScoringSettings
) -> tuple[list[Scores], list[set[str]]]:
    """Return both silhouettes of each partition, and those that float32 may move by more than `RELATIVE_ERROR`."""
    partitions = lay_out(labelings)
    exact = len(space) <= settings.exact_rows
    sample = Sample.everything(partitions) if exact else draw(partitions, settings.anchors, settings.seed)
    total, square = cluster_totals(space, partitions, sample, kept, settings.threads)
    scores, doubtful = [], []
    for pairs in map(partitions.pairs, range(len(labelings))):
        count = sample.count[pairs]
        micro, macro = silhouette_means(total[pairs], square[pairs], count, partitions.pair_sizes[pairs])
        scores.append({MICRO: micro, MACRO: macro})
        bounds = zip(scores[-1].items(), rounding_bounds(count), strict=True)
        doubtful.append({name for (name, score), bound in bounds if bound > RELATIVE_ERROR * abs(score.value)})
    return scores, doubtful


def silhouette_means(total: Floats, square: Floats, count: Ints, sizes: Ints) -> tuple[Score, Score]:
    """Return the micro and macro average, from sums of s and s squared over `count` of each cluster's rows.

    Stratified sampling (Cochran 1977, section 5.3): a cluster's mean has variance s^2 / m (1 - m / size).
    """
    n, k = int(sizes.sum()), len(sizes)
    if n == k:
        alone = Score.undefined("every row is a cluster of its own")
        return alone, alone
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
