"""All scores of all labelings of a space, in one pass over its rows, and the mean silhouettes of their clusters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from clusterbench.labeling import Labels, canonical
from clusterbench.metrics.batches import Use, as_labelings, as_policies, batches
from clusterbench.metrics.builtin_metrics import as_metrics
from clusterbench.metrics.computation import Computation, Scores, ScoringSettings, count_threads
from clusterbench.metrics.conditioning import ScoringTable
from clusterbench.metrics.metric import Metric, NoiseRule
from clusterbench.metrics.partitions import lay_out
from clusterbench.metrics.row_scores import ANCHORS, EXACT_ROWS, Sample, cluster_totals
from clusterbench.metrics.score import NoisePolicy, Score
from clusterbench.metrics.threads import in_threads
from clusterbench.tables import Floats


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
        `ScoringTable.kept_dtype`.
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
    settings = ScoringSettings(dtype, memory_mb, exact_rows, anchors, seed, count_threads(threads))
    table = ScoringTable.of(X)
    given = as_labelings(labelings, len(table.space))
    return score_table(table, given, as_metrics(metrics), as_policies(noise), settings)


def score_table(
    table: ScoringTable,
    labelings: Sequence[NDArray[np.integer[Any]]],
    metrics: Sequence[Metric],
    policies: Sequence[NoisePolicy],
    settings: ScoringSettings,
) -> pd.DataFrame:
    """Return what `score_labelings` does, of arguments that were checked."""
    scores: dict[bytes, Scores] = {}
    uses: list[Use] = []
    for batch in batches(table.space, labelings, policies, settings.memory_mb * 1e6, settings.threads):
        scores |= {key: {} for key in batch.keys}
        for each in _computed(table, batch.labels, metrics, settings) if batch.keys else ():
            for key, some in zip(batch.keys, each, strict=True):
                scores[key] |= some
        uses += batch.uses
    rows = []
    for use in uses:
        for metric in metrics:
            score = Score.undefined(use.reason) if use.reason else scores[use.key][metric.name]
            factor = use.coverage if counts_coverage(metric, use) else 1.0
            what = (score.value * factor, str(score.status), score.reason, score.standard_error * factor)
            rows.append((use.labeling, metric.name, str(use.policy), *what))
    columns = ["labeling", "metric", "noise", "value", "status", "reason", "standard_error"]
    return pd.DataFrame(rows, columns=columns)


def _computed(
    table: ScoringTable, labelings: Sequence[Labels], metrics: Sequence[Metric], settings: ScoringSettings
) -> list[list[Scores]]:
    """Return what each computation gives, those of this package side by side: the graph of a space takes one core."""

    def compute(group: tuple[Computation, list[str]]) -> list[Scores]:
        return group[0].scores(table, labelings, group[1], settings)

    shared = by_computation([metric for metric in metrics if metric.shared is not None])
    functions = by_computation([metric for metric in metrics if metric.shared is None])  # may need this thread
    return [*in_threads(compute, shared, settings.threads), *map(compute, functions)]


def by_computation(metrics: Sequence[Metric]) -> list[tuple[Computation, list[str]]]:
    """Return each computation once, with the names of the metrics that it is to compute."""
    groups: dict[int, tuple[Computation, list[str]]] = {}
    for metric in metrics:
        computation = metric.computation
        groups.setdefault(id(computation), (computation, []))[1].append(metric.name)
    return list(groups.values())


def counts_coverage(metric: Metric, use: Use) -> bool:
    """Return whether a value of the metric is to be multiplied by the share of clustered rows."""
    return use.policy is NoisePolicy.ZERO and metric.noise is NoiseRule.COVERAGE


def cluster_silhouettes(X: ArrayLike, labelings: ArrayLike | Sequence[ArrayLike]) -> pd.DataFrame:
    """Return the mean silhouette of each cluster, over all its rows; noise rows are left out.

    Parameters
    ----------
    X, labelings
        As for `score_labelings`.

    Returns
    -------
    DataFrame
        Columns labeling, cluster (as given), size, silhouette (NaN where undefined).
    """
    space, threads = ScoringTable.of(X).space, count_threads(None)
    given = as_labelings(labelings, len(space))
    means: dict[bytes, Floats] = {}
    frames = [pd.DataFrame(columns=["labeling", "cluster", "size", "silhouette"], dtype=np.float64)]
    for batch in batches(space, given, [NoisePolicy.DROP], 512e6, threads):
        if batch.keys:
            partitions = lay_out(batch.labels)
            sizes = partitions.pair_sizes
            total, *_ = cluster_totals(space, partitions, Sample.everything(partitions), np.float64, threads)
            for p, key in enumerate(batch.keys):
                pairs = partitions.pairs(p)
                means[key] = np.where(sizes[pairs].max() == 1, np.nan, total[pairs] / sizes[pairs])
        for use in batch.uses:
            labels = given[use.labeling]
            names, first, counts = np.unique(labels, return_index=True, return_counts=True)
            part = names >= 0
            values = np.nan if use.reason else means[use.key][canonical(labels)[first[part]]]
            columns = {"labeling": use.labeling, "cluster": names[part], "size": counts[part], "silhouette": values}
            frames.append(pd.DataFrame(columns))
    return pd.concat(frames[1:] or frames, ignore_index=True)
