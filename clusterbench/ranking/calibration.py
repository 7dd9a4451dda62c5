"""Calibration: every index as a z-score against random clusterings of the same data and the same k."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from clusterbench.errors import RequestError
from clusterbench.metrics import METRICS, Direction
from clusterbench.ranking.score_matrix import BASELINE_COLUMNS, Matrix
from clusterbench.tables import CELL_KEY, Floats, require_columns

_KEY = ["dataset", "space", "metric", "k"]


@dataclass(frozen=True, slots=True)
class Baselines:
    """Mean and standard deviation of each index over random partitions.

    `table` is indexed by (dataset, space, metric, k) and has the columns mean, sd, n.
    """

    table: pd.DataFrame
    lookup: Mapping[tuple[str, str, str, int], tuple[float, float, int]]

    @classmethod
    def of(cls, baselines: pd.DataFrame) -> Baselines:
        """Summarise the scores of random partitions; undefined ones are left out."""
        require_columns(baselines, BASELINE_COLUMNS, "baselines")
        defined = baselines[np.isfinite(baselines["value"].to_numpy(dtype=np.float64, na_value=np.nan))]
        groups = defined.astype({"k": int}).groupby(_KEY, sort=True)["value"]
        table = groups.agg(mean="mean", sd="std", n="count")
        numbers = zip(table["mean"].tolist(), table["sd"].tolist(), table["n"].tolist(), strict=True)
        return cls(table, dict(zip(table.index.tolist(), numbers, strict=True)))

    def reason(self, dataset: str, space: str, metric: str, k: float) -> str:
        """Return why there is no z-score, or "" if there could be one."""
        if not np.isfinite(k):
            return "the number of clusters is not known"
        found = self.lookup.get((dataset, space, metric, int(k)))
        if found is None:
            return f"no random baseline for {int(k)} clusters in space {space}"
        if found[2] < 2:
            return f"only {found[2]} random baseline for {int(k)} clusters in space {space}"
        return "" if found[1] > 0 else f"the random baselines for {int(k)} clusters do not vary in space {space}"


def z_matrix(matrix: Matrix, baselines: Baselines) -> Floats:
    """Return z-scores for the reference columns of a matrix, shape (cells, n_reference); positive is better."""
    z = np.full((len(matrix.cells), matrix.n_reference), np.nan)
    clusters = matrix.cells["n_clusters"].to_numpy(dtype=np.float64, na_value=np.nan)
    dataset_code, datasets = pd.factorize(matrix.cells["dataset"])
    for d, dataset in enumerate(datasets):
        for k in np.unique(clusters[dataset_code == d]):
            rows = np.flatnonzero((dataset_code == d) & (clusters == k))
            for j, (metric, space) in enumerate(matrix.columns[: matrix.n_reference]):
                if len(rows) and not baselines.reason(dataset, space, metric, k):
                    mean, sd, _ = baselines.lookup[(dataset, space, metric, int(k))]
                    sign = 1.0 if METRICS[metric].direction is Direction.HIGHER else -1.0
                    z[rows, j] = sign * (matrix.scores[rows, j] - mean) / sd
    return z


def calibrated_scores(
    scores: pd.DataFrame, baselines: pd.DataFrame, *, cells: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Return the scores with their z against random partitions of the same dataset, space and k.

    ``z = sign * (value - mean) / sd`` with the sign of the metric's direction, so that positive is better than
    random. Both generators of random partitions are pooled (Hennig 2019, doi:10.1007/978-981-13-5716-1; Akhanli &
    Hennig 2020, doi:10.1007/s11222-020-09958-2).

    Parameters
    ----------
    scores : DataFrame
        The long table of scores.
    baselines : DataFrame
        dataset, space, k, generator, replicate, metric, value.
    cells : DataFrame, optional
        Gives n_clusters of each labeling, where `scores` has no such column.

    Returns
    -------
    DataFrame
        `scores` with n_clusters, baseline_mean, baseline_sd, z and z_reason ("" where z is a number).
    """
    table = Baselines.of(baselines)
    result = _with_clusters(scores, cells)
    k = result["n_clusters"].to_numpy(dtype=np.float64, na_value=np.nan)
    keys = pd.DataFrame({name: result[name].to_numpy() for name in ("dataset", "space", "metric")})
    keys["k"] = np.where(np.isfinite(k), k, -1).astype(np.int64)
    joined = keys.merge(table.table.reset_index(), on=_KEY, how="left")
    unknown_metrics = sorted(set(keys["metric"]) - set(METRICS))
    if unknown_metrics:
        raise RequestError(f"unknown metric {', '.join(unknown_metrics)}", where="scores", allowed=", ".join(METRICS))
    sign = keys["metric"].map({m.name: 1.0 if m.direction is Direction.HIGHER else -1.0 for m in METRICS.values()})
    value = result["value"].to_numpy(dtype=np.float64, na_value=np.nan)
    sd = joined["sd"].to_numpy(dtype=np.float64)
    usable = np.isfinite(sd) & (sd > 0)
    z = np.full(len(result), np.nan)
    z[usable] = sign.to_numpy(dtype=np.float64)[usable] * (value - joined["mean"].to_numpy())[usable] / sd[usable]
    result["baseline_mean"], result["baseline_sd"], result["z"] = joined["mean"].to_numpy(), sd, z
    reasons = np.full(len(result), "", dtype=object)
    lost = np.flatnonzero(~np.isfinite(z))
    names = [keys[name].to_numpy(dtype=object)[lost] for name in ("dataset", "space", "metric")]
    for row, dataset, space, metric in zip(lost, *names, strict=True):
        reasons[row] = table.reason(dataset, space, metric, k[row]) or "there is no score"
    result["z_reason"] = reasons
    return result


def _with_clusters(scores: pd.DataFrame, cells: pd.DataFrame | None) -> pd.DataFrame:
    result = scores.reset_index(drop=True)
    if "n_clusters" in result.columns:
        return result.copy()
    if cells is None:
        raise RequestError("n_clusters is needed to find the baseline", where="scores", allowed="give cells as well")
    require_columns(cells, (*CELL_KEY, "n_clusters"), "cells")
    return result.merge(cells[[*CELL_KEY, "n_clusters"]], on=CELL_KEY, how="left", validate="many_to_one")
