"""The micro and macro silhouette of partitions: one pass over the rows gives both."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np

from clusterbench.metrics.anchors import Sample, draw
from clusterbench.metrics.batches import Batch
from clusterbench.metrics.computation import Estimates, Replicator, Settings
from clusterbench.metrics.conditioning import Table
from clusterbench.metrics.engine import cluster_totals
from clusterbench.metrics.influence import influences
from clusterbench.metrics.noise_policies import compact
from clusterbench.metrics.partition_layout import lay_out
from clusterbench.metrics.precision import PROMISE, kept_dtype, rounding_bounds
from clusterbench.metrics.score import Estimate, Score
from clusterbench.seeding import stable_rng
from clusterbench.tables import Floats, Ints

MICRO, MACRO = "silhouette", "silhouette_macro"


class Silhouettes:
    """The computation of both silhouettes."""

    def estimates(self, table: Table, batch: Batch, names: Collection[str], settings: Settings) -> list[Estimates]:
        """Return both silhouettes of each partition, in the precision that keeps the promised digits."""
        kept = kept_dtype(table.space, settings.dtype) if table.centred else np.float64
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
        expansions = self._expansions(table, batch, names, settings, min(rows, len(table.space)))
        return lambda p, weights: {name: (each.at(weights), "") for name, each in expansions[p].items()}

    def _expansions(
        self, table: Table, batch: Batch, names: Collection[str], settings: Settings, size: int
    ) -> list[dict[str, _Expansion]]:
        """Return the expansions for each partition, none where the silhouettes are undefined."""
        found: list[dict[str, _Expansion]] = [{} for _ in batch.keys]
        n = len(table.space)
        rows = np.arange(n)
        if size < n:
            rows = np.sort(stable_rng(settings.seed, "bootstrap rows", n).choice(n, size, replace=False))
        labels = [compact(each[rows]) for each in batch.labels] if size < n else batch.labels
        ks = [int(each.max()) + 1 for each in labels]
        wanted = [p for p, k in enumerate(ks) if 1 < k < np.count_nonzero(labels[p] >= 0)]
        if not wanted:
            return found
        part = Batch([batch.keys[p] for p in wanted], [labels[p] for p in wanted], [ks[p] for p in wanted])
        centres = self.estimates(table, batch, names, settings) if size < n else []
        scale = math.sqrt(size / n)
        for p, each in zip(wanted, influences(table.space[rows], part, settings.threads), strict=True):
            values = {MICRO: each.micro_value, MACRO: each.macro_value}
            if size < n:
                values = {name: centres[p][name].score.value for name in values}
            found[p] = {
                MICRO: _Expansion(values[MICRO], rows, each.micro * scale),
                MACRO: _Expansion(values[MACRO], rows, each.macro * scale),
            }
        return found


@dataclass(frozen=True, slots=True, eq=False)
class _Expansion:
    """A silhouette to first order in the weights: value + sum over rows of (weight - 1) * influence * scale."""

    value: float
    rows: Ints
    influence: Floats

    def at(self, weights: Floats) -> Floats:
        from clusterbench.metrics.bootstrap_kernel import shifts

        moved = np.empty(weights.shape[1])
        shifts(weights if len(self.rows) == len(weights) else weights[self.rows], self.influence, moved)
        return self.value + moved


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
