"""All scores of all labelings of a space, in one pass over its rows."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from clusterbench.metrics.anchors import ANCHORS, EXACT_ROWS
from clusterbench.metrics.batches import Use, as_labelings, as_policies, batches
from clusterbench.metrics.builtin_metrics import as_metrics
from clusterbench.metrics.computation import Computation, Estimates, Settings
from clusterbench.metrics.conditioning import Table
from clusterbench.metrics.metric import Metric, NoiseRule
from clusterbench.metrics.score import NoisePolicy
from clusterbench.statuses import ScoreStatus

COLUMNS = ["labeling", "metric", "noise", "value", "status", "reason", "standard_error"]


def score_labelings(
    X: ArrayLike,
    labelings: ArrayLike | Sequence[ArrayLike],
    *,
    metrics: Iterable[str | Metric] | str | Metric | None = None,
    noise: str | Iterable[str] = "zero",
    dtype: str = "auto",
    memory_mb: float = 512,
    exact_rows: int = EXACT_ROWS,
    anchors: int = ANCHORS,
    seed: int = 0,
    threads: int | None = None,
) -> pd.DataFrame:
    """Score many labelings of one space at once.

    Parameters
    ----------
    X : array-like of float, shape (n, d)
        The space.
    labelings : array-like of int, shape (m, n), or sequence of m arrays (n,)
        Any integers; every negative one is noise. Equal partitions are scored once.
    metrics : iterable of str or Metric, optional
        Names from `METRICS`, or metrics of your own; by default silhouette, Davies-Bouldin and Calinski-Harabasz.
    noise : str or iterable of str
        ``drop``: noise rows are left out. ``zero``: as ``drop``, and the value is multiplied by the share of clustered
        rows where the metric's noise rule is ``coverage``: noise rows count as rows of silhouette 0. ``cluster``:
        noise rows are one more cluster. ``nearest``: each joins the cluster with the nearest centroid.
    dtype : {"auto", "float64", "float32"}
        Precision in which distances are added up; ``auto`` takes float32 where that keeps 1e-6 relative: see
        `Table.kept_dtype`.
    memory_mb : float
        Budget for what the engine holds at once, apart from one copy of X; labelings are taken in as many rounds as
        it asks for. There is never an n x n matrix.
    exact_rows : int
        Longer tables are scored on `anchors` random rows, the same for all labelings, and at least 64 per cluster,
        each against all rows; `standard_error` is then positive for silhouettes. The other indices stay exact.
    anchors, seed : int
        Number of those rows and seed of their choice.
    threads : int, optional
        Default: the processors of this process. The numbers do not depend on it.

    Returns
    -------
    DataFrame
        One row per labeling, policy and metric: labeling (position), metric, noise, value, status (``ok``,
        ``undefined`` or ``failed``), reason, standard_error. A score moves by no bit when other labelings are added.

    Raises
    ------
    RequestError
        For a table, labeling or name that cannot be used.

    Examples
    --------
    >>> table = score_labelings([[0.0], [1.0], [10.0], [11.0]], [[0, 0, 1, 1]])
    >>> table[["metric", "value"]].round(6).values.tolist()
    [['silhouette', 0.899749], ['davies_bouldin', 0.1], ['calinski_harabasz', 200.0]]
    """
    table = Table.of(X)
    settings = Settings.check(
        dtype=dtype, memory_mb=memory_mb, exact_rows=exact_rows, anchors=anchors, seed=seed, threads=threads
    )
    return score_table(
        table, as_labelings(labelings, len(table.space)), as_metrics(metrics), as_policies(noise), settings
    )


def score_table(
    table: Table,
    labelings: Sequence[NDArray[np.integer[Any]]],
    metrics: Sequence[Metric],
    policies: Sequence[NoisePolicy],
    settings: Settings,
) -> pd.DataFrame:
    """Return what `score_labelings` does, of arguments that were checked."""
    estimates: dict[bytes, Estimates] = {}
    uses: list[Use] = []
    groups = by_computation(metrics)
    for batch in batches(table.space, labelings, policies, settings.memory_bytes, settings.threads):
        estimates.update((key, {}) for key in batch.keys)
        if batch.keys:
            for computation, names in groups:
                for key, some in zip(batch.keys, computation.estimates(table, batch, names, settings), strict=True):
                    estimates[key] |= some
        uses += batch.uses
    rows = [
        (use.labeling, metric.name, str(use.policy), *_outcome(metric, estimates.get(use.key, {}), use))
        for use in uses
        for metric in metrics
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def by_computation(metrics: Sequence[Metric]) -> list[tuple[Computation, list[str]]]:
    """Return each computation once, with the names of the metrics that it is to compute."""
    groups: dict[int, tuple[Computation, list[str]]] = {}
    for metric in metrics:
        computation = metric.computation
        groups.setdefault(id(computation), (computation, []))[1].append(metric.name)
    return list(groups.values())


def coverage(metric: Metric, use: Use) -> bool:
    """Return whether a value of the metric is to be multiplied by the share of clustered rows."""
    return use.policy is NoisePolicy.ZERO and metric.noise is NoiseRule.COVERAGE


def _outcome(metric: Metric, estimates: Estimates, use: Use) -> tuple[float, str, str, float]:
    """Return value, status, reason and standard error of one metric."""
    if use.reason:
        return math.nan, str(ScoreStatus.UNDEFINED), use.reason, math.nan
    score, error = estimates[metric.name].score, estimates[metric.name].standard_error
    if score.status is not ScoreStatus.OK:
        return math.nan, str(score.status), score.reason, math.nan
    factor = use.coverage if coverage(metric, use) else 1.0
    return score.value * factor, str(score.status), "", error * factor
