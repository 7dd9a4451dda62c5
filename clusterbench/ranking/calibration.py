"""Calibration: every index as a z-score against random clusterings of the same data and the same k."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from clusterbench.metrics import MetricFacts, get_metric
from clusterbench.ranking.score_matrix import BASELINE_COLUMNS, Matrix
from clusterbench.tables import Floats, require_columns

_KEY = ["dataset", "space", "metric", "k"]


@dataclass(frozen=True, slots=True)
class Baselines:
    """Mean, standard deviation and number of the scores of random partitions, by (dataset, space, metric, k)."""

    lookup: Mapping[tuple[str, str, str, int], tuple[float, float, int]]

    @classmethod
    def of(cls, baselines: pd.DataFrame) -> Baselines:
        """Summarise the scores of random partitions; undefined ones are left out."""
        require_columns(baselines, BASELINE_COLUMNS, "baselines")
        defined = baselines[np.isfinite(baselines["value"].to_numpy(dtype=np.float64, na_value=np.nan))]
        groups = defined.astype({"k": int}).groupby(_KEY, sort=True)["value"]
        table = groups.agg(mean="mean", sd="std", n="count")
        numbers = zip(table["mean"].tolist(), table["sd"].tolist(), table["n"].tolist(), strict=True)
        return cls(dict(zip(table.index.tolist(), numbers, strict=True)))

    def reason(self, dataset: str, space: str, metric: str, k: float) -> str:
        """Return why there is no z-score, or "" if there could be one."""
        if not np.isfinite(k):
            return "the number of clusters is not known"
        _, sd, n = self.lookup.get((dataset, space, metric, int(k)), (np.nan, np.nan, 0))
        if n == 0:
            return f"no random baseline for {int(k)} clusters in space {space}"
        if n < 2:
            return f"only {n} random baseline for {int(k)} clusters in space {space}"
        return "" if sd > 0 else f"the random baselines for {int(k)} clusters do not vary in space {space}"


def z_matrix(matrix: Matrix, baselines: Baselines, metrics: Iterable[MetricFacts]) -> Floats:
    """Return z-scores for the reference columns of a matrix, shape (cells, n_reference); positive is better.

    Where random partitions do not vary, there is a z, infinite, only for the best value that a metric can take.
    """
    z = np.full((len(matrix.cells), matrix.n_reference), np.nan)
    known = {metric.name: metric for metric in metrics}  # the silhouette may be needed to choose k without being ranked
    clusters = matrix.cells["n_clusters"].to_numpy(dtype=np.float64, na_value=np.nan)
    dataset_code, datasets = pd.factorize(matrix.cells["dataset"])
    for d, dataset in enumerate(datasets):
        for k in np.unique(clusters[dataset_code == d]):
            rows = np.flatnonzero((dataset_code == d) & (clusters == k))
            for j, (metric, space) in enumerate(matrix.columns[: matrix.n_reference]):
                facts, scores = known.get(metric) or get_metric(metric), matrix.scores[rows, j]
                if not baselines.reason(dataset, space, metric, k):
                    mean, sd, _ = baselines.lookup[(dataset, space, metric, int(k))]
                    z[rows, j] = facts.sign * (scores - mean) / sd
                else:
                    z[rows, j] = np.where(scores == facts.best, np.inf, np.nan)
    return z
