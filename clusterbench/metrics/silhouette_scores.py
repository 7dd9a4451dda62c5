"""The micro and macro silhouette of partitions: one pass over the rows gives both."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np

from clusterbench.metrics.anchors import Sample, draw
from clusterbench.metrics.batches import Batch
from clusterbench.metrics.computation import Estimates, Replicates, Replicator, Settings
from clusterbench.metrics.conditioning import Table
from clusterbench.metrics.influence import expand
from clusterbench.metrics.partition_layout import lay_out
from clusterbench.metrics.row_scores import cluster_totals
from clusterbench.metrics.score import Estimate, Score
from clusterbench.tables import Floats, Ints

MICRO, MACRO = "silhouette", "silhouette_macro"
PROMISE = 1e-6  # relative error of a score; what float32 may have moved further is scored again in float64
_ROW_ERROR = 2e-7


class Silhouettes:
    """The computation of both silhouettes."""

    def estimates(self, table: Table, batch: Batch, names: Collection[str], settings: Settings) -> list[Estimates]:
        """Return both silhouettes of each partition, in the precision that keeps the promised digits."""
        kept = table.kept_dtype(settings.dtype)
        averages = _averages(table.space, batch, kept, settings)
        if settings.dtype == "auto" and kept is np.float32:
            doubtful = [p for p, each in enumerate(averages) if _doubtful(each, names)]
            if doubtful:
                again = _averages(table.space, batch.part(doubtful), np.float64, settings)
                for p, better in zip(doubtful, again, strict=True):
                    # Metric by metric, so that asking for one moves no bit of the other.
                    averages[p] |= {name: better[name] for name in _doubtful(averages[p], names)}
        return [{name: average.estimate for name, average in each.items()} for each in averages]

    def replicator(
        self, table: Table, batch: Batch, names: Collection[str], settings: Settings, rows: int
    ) -> Replicator | None:
        """Return the first-order expansion of both silhouettes in the weights: see `bootstrap_scores`."""
        sampled = rows < len(table.space)
        centres = None
        if sampled:
            both = self.estimates(table, batch, (MICRO, MACRO), settings)
            centres = [(each[MICRO].score.value, each[MACRO].score.value) for each in both]
        expansions = expand(table.space, batch, rows if sampled else None, centres, settings)

        def replicate(p: int, weights: Floats) -> Replicates:
            pair = expansions[p]
            return {} if pair is None else {MICRO: (pair[0].at(weights), ""), MACRO: (pair[1].at(weights), "")}

        return replicate


@dataclass(frozen=True, slots=True)
class _Average:
    """A silhouette and how far float32 may have moved it."""

    estimate: Estimate
    rounding: float


def _averages(
    space: Floats, batch: Batch, kept: type[np.floating[Any]], settings: Settings
) -> list[dict[str, _Average]]:
    partitions = lay_out(batch.labels, batch.ks)
    exact = len(space) <= settings.exact_rows
    sample = Sample.everything(partitions) if exact else draw(partitions, settings.anchors, settings.seed)
    total, square = cluster_totals(space, partitions, sample, kept, settings.threads)
    averages = []
    for p in range(len(batch.keys)):
        pairs = partitions.pairs(p)
        count = sample.count[pairs]
        micro, macro = silhouette_means(total[pairs], square[pairs], count, partitions.pair_sizes[pairs])
        rounding = rounding_bounds(count)
        averages.append({MICRO: _Average(micro, rounding[0]), MACRO: _Average(macro, rounding[1])})
    return averages


def _doubtful(averages: dict[str, _Average], names: Collection[str]) -> list[str]:
    """Return the wanted silhouettes that float32 may have moved by more than is promised."""
    return [
        name
        for name, average in averages.items()
        if name in names and average.rounding > PROMISE * abs(average.estimate.score.value)
    ]


def silhouette_means(total: Floats, square: Floats, count: Ints, sizes: Ints) -> tuple[Estimate, Estimate]:
    """Return the micro and macro average, from sums of s and s squared over `count` of each cluster's rows.

    Stratified sampling (Cochran 1977, section 5.3): a cluster's mean has variance s^2 / m (1 - m / size).
    """
    n, k = int(sizes.sum()), len(sizes)
    if n == k:
        alone = Score.undefined("every row is a cluster of its own")
        return Estimate(alone, float("nan")), Estimate(alone, float("nan"))
    means = total / count
    if np.array_equal(count, sizes):
        return Estimate(Score(float(total.sum() / n))), Estimate(Score(float(means.sum() / k)))
    variance = np.maximum(square - count * means**2, 0.0) / np.maximum(count - 1, 1)
    variance *= (1.0 - count / sizes) / count
    micro = Estimate(Score(float((means * sizes).sum() / n)), float(np.sqrt((variance * (sizes / n) ** 2).sum())))
    macro = Estimate(Score(float(means.sum() / k)), float(np.sqrt(variance.sum()) / k))
    return micro, macro


def rounding_bounds(count: Ints) -> tuple[float, float]:
    """Return how far float32 may move the micro and the macro silhouette, from the numbers of rows averaged (k,).

    That is twice to four times what was measured on the credit-card table.
    """
    micro = _ROW_ERROR / np.sqrt(count.sum())
    macro = _ROW_ERROR * np.sqrt((1.0 / count).sum()) / len(count)
    return float(micro), float(macro)
