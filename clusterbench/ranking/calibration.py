"""Calibration: every index against random partitions of the same rows and k, for each of their generators apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from clusterbench.metrics import MetricFacts, get_metric
from clusterbench.ranking.ranks import Axis
from clusterbench.ranking.score_matrix import BASELINE_COLUMNS, Matrix
from clusterbench.tables import Bools, Floats, require_columns

LEAST_PASSING = 10
"""Random partitions that must pass the gate for the others to be left out."""
ALL_K = 0
"""In place of k: random partitions of all k together."""

_KEY = ["generator", "dataset", "space", "metric"]


@dataclass(frozen=True, slots=True, eq=False)
class RandomScores:
    """The defined scores of a generator's partitions: `values`, `mean`, `sd` (NaN below two values).

    `gated` says whether they are those of partitions that pass the gate alone; where fewer than `LEAST_PASSING` pass,
    all are taken.
    """

    values: Floats
    mean: float
    sd: float
    gated: bool

    @classmethod
    def of(cls, part: pd.DataFrame) -> RandomScores:
        """Summarise the rows of one generator, dataset, space, metric and k."""
        values, passes = part["value"].to_numpy(dtype=np.float64), part["passes"].to_numpy(dtype=bool)
        gated = bool(passes.sum() >= LEAST_PASSING)
        values = values[passes] if gated else values
        return cls(values, float(values.mean()), float(values.std(ddof=1)) if len(values) > 1 else np.nan, gated)

    def z(self, scores: Floats, facts: MetricFacts) -> Floats:
        """Return how many standard deviations better than the mean the scores are.

        Where random partitions do not vary, there is a z, infinite, only for the best value that a metric can take.
        """
        if self.sd > 0:
            return np.asarray(facts.sign * (scores - self.mean) / self.sd)
        return np.where(scores == facts.best, np.inf, np.nan)

    def beaten(self, scores: Floats, facts: MetricFacts) -> Floats:
        """Return the share of the partitions with a worse score; NaN where a score is missing, or there are none."""
        ascending = np.sort(facts.sign * self.values)
        share = np.searchsorted(ascending, facts.sign * scores) / max(len(ascending), 1)
        return np.where(np.isnan(scores) | (len(ascending) == 0), np.nan, share)


NO_SCORES = RandomScores(np.empty(0), np.nan, np.nan, gated=True)


@dataclass(frozen=True, slots=True, eq=False)
class Baselines:
    """The scores of random partitions, by (generator, dataset, space, metric, k); k = `ALL_K` holds all k together."""

    lookup: Mapping[tuple[str, str, str, str, int], RandomScores]
    generators: tuple[str, ...]

    @classmethod
    def of(cls, baselines: pd.DataFrame) -> Baselines:
        """Summarise the scores of random partitions; undefined ones are left out."""
        require_columns(baselines, BASELINE_COLUMNS, "baselines")
        defined = baselines[np.isfinite(baselines["value"].to_numpy(dtype=np.float64, na_value=np.nan))]
        groups = defined.astype({"k": int}).groupby([*_KEY, "k"], sort=True)
        lookup = {tuple(key): RandomScores.of(part) for key, part in groups}
        pooled = {(*key, ALL_K): RandomScores.of(part) for key, part in defined.groupby(_KEY, sort=True)}
        return cls(lookup | pooled, tuple(sorted(pd.unique(baselines["generator"]))) or ("",))

    def get(self, generator: str, dataset: str, space: str, metric: str, k: float) -> RandomScores:
        """Return the scores of a generator; `NO_SCORES` where there are none."""
        return self.lookup.get((generator, dataset, space, metric, int(k)), NO_SCORES)

    def reason(self, dataset: str, space: str, metric: str, k: float) -> str:
        """Return why no generator gives a z-score, or "" if one could."""
        if not np.isfinite(k):
            return "the number of clusters is not known"
        known = [self.get(generator, dataset, space, metric, k) for generator in self.generators]
        n = max(len(scores.values) for scores in known)
        if n == 0:
            return f"no random baseline for {int(k)} clusters in space {space}"
        if n < 2:
            return f"only {n} random baseline for {int(k)} clusters in space {space}"
        varies = any(scores.sd > 0 for scores in known)
        return "" if varies else f"the random baselines for {int(k)} clusters do not vary in space {space}"

    def against(self, generator: str, axes: Sequence[Axis], ks: Floats, scores: Floats) -> Comparison:
        """Compare entries of ks (E,) clusters and scores (E, M) in the axes with a generator."""
        z, beaten, gated = np.full((3, *scores.shape), np.nan)
        for j, axis in enumerate(axes):
            for k in np.unique(ks[np.isfinite(ks)]):
                random = self.get(generator, axis.dataset, axis.space, axis.metric, k)
                here = ks == k
                z[here, j], gated[here, j] = random.z(scores[here, j], axis.facts), random.gated
                beaten[here, j] = random.beaten(scores[here, j], axis.facts)
        return Comparison(z.mean(axis=1), beaten.mean(axis=1), gated.all(axis=1))


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Entries against a generator, (E,): mean z and mean share beaten over their axes, NaN if one is missing.

    `gated` says whether only partitions that pass the gate were compared.
    """

    z: Floats
    beaten: Floats
    gated: Bools


def z_matrix(matrix: Matrix, baselines: Baselines, metrics: Iterable[MetricFacts], *, pooled: bool = False) -> Floats:
    """Return z-scores for the reference columns of a matrix, shape (cells, n_reference); positive is better.

    Each cell is compared with the generator against which its mean z over the ranked columns is smaller. With `pooled`
    the random partitions of all k together replace those of the cell's k, whose spread shrinks with k.
    """
    ranked = {
        metric.name: metric for metric in metrics
    }  # the silhouette may be needed to choose k without being ranked
    columns = matrix.columns[: matrix.n_reference]
    z = np.full((len(baselines.generators), len(matrix.cells), len(columns)), np.nan)
    clusters = matrix.cells["n_clusters"].to_numpy(dtype=np.float64, na_value=np.nan)
    dataset_code, datasets = pd.factorize(matrix.cells["dataset"])
    for d, dataset in enumerate(datasets):
        for k in np.unique(clusters[(dataset_code == d) & np.isfinite(clusters)]):
            rows = np.flatnonzero((dataset_code == d) & (clusters == k))
            for j, (metric, space) in enumerate(columns):
                facts, scores = ranked.get(metric) or get_metric(metric), matrix.scores[rows, j]
                for g, generator in enumerate(baselines.generators):
                    random = baselines.get(generator, dataset, space, metric, ALL_K if pooled else k)
                    z[g, rows, j] = random.z(scores, facts)
    means = z[:, :, [metric in ranked for metric, _ in columns]].mean(axis=2)
    smaller = np.where(np.isnan(means), np.inf, means).argmin(axis=0)
    return np.asarray(z[smaller, np.arange(len(matrix.cells))])
