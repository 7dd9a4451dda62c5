"""All scores of all labelings of a space, in one pass over its rows."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from clusterbench.errors import RequestError, unknown
from clusterbench.metrics.anchors import ANCHORS, EXACT_ROWS, Sample, draw
from clusterbench.metrics.batches import Batch, Use, batches
from clusterbench.metrics.builtin_metrics import DEFAULT_METRICS, get_metric
from clusterbench.metrics.conditioning import condition
from clusterbench.metrics.device import BlockProducts, resolve_device
from clusterbench.metrics.engine import cluster_totals, count_threads, in_threads
from clusterbench.metrics.indices import Estimate, Geometry, calinski_harabasz, davies_bouldin, silhouette_means
from clusterbench.metrics.noise_policies import as_labelings, as_policies
from clusterbench.metrics.partition_layout import lay_out
from clusterbench.metrics.precision import DTYPES, PROMISE, kept_dtype, rounding_bounds
from clusterbench.metrics.score import NoisePolicy
from clusterbench.statuses import ScoreStatus

SILHOUETTES = frozenset({"silhouette", "silhouette_macro"})
COLUMNS = ["labeling", "metric", "noise", "value", "status", "reason", "standard_error"]


@dataclass(frozen=True, slots=True)
class Settings:
    """How the engine works, checked: see `score_labelings`."""

    metrics: tuple[str, ...]
    dtype: str
    memory_bytes: float
    exact_rows: int
    anchors: int
    seed: int
    threads: int
    device: str = "cpu"

    @classmethod
    def check(
        cls,
        metrics: Iterable[str] | None,
        dtype: str,
        memory_mb: float,
        exact_rows: int,
        anchors: int,
        seed: int,
        threads: int | None,
        device: str = "cpu",
    ) -> Settings:
        """Return the settings.

        Raises
        ------
        RequestError
            For an unknown metric or dtype, or a number that is too small.
        """
        names = DEFAULT_METRICS if metrics is None else [metrics] if isinstance(metrics, str) else metrics
        chosen = tuple(dict.fromkeys(get_metric(name).name for name in names))
        if dtype not in DTYPES:
            raise unknown("dtype", dtype, DTYPES)
        at_least("memory_mb", memory_mb, 1)
        at_least("anchors", anchors, 2)
        at_least("threads", 1 if threads is None else threads, 1)
        limits = (memory_mb * 1e6, exact_rows, anchors, seed, count_threads(threads))
        return cls(chosen, dtype, *limits, resolve_device(device))


def at_least(name: str, value: float, least: float) -> None:
    """Refuse an argument below `least`, or one that is no number."""
    if not value >= least:
        raise RequestError(f"{name} = {value}", allowed=f"at least {least}")


def score_labelings(
    X: ArrayLike,
    labelings: ArrayLike | Sequence[ArrayLike],
    *,
    metrics: Iterable[str] | None = None,
    noise: str | Iterable[str] = "zero",
    dtype: str = "auto",
    memory_mb: float = 512,
    exact_rows: int = EXACT_ROWS,
    anchors: int = ANCHORS,
    seed: int = 0,
    threads: int | None = None,
    device: str = "auto",
) -> pd.DataFrame:
    """Score many labelings of one space at once.

    Parameters
    ----------
    X : array-like of float, shape (n, d)
        The space.
    labelings : array-like of int, shape (m, n), or sequence of m arrays (n,)
        Any whole numbers; every negative one is noise. Equal partitions are scored once.
    metrics : iterable of str, optional
        Names from `METRICS`; by default silhouette, Davies-Bouldin and Calinski-Harabasz.
    noise : str or iterable of str
        ``drop``: noise rows take no part. ``zero``: as ``drop``, but they count as rows of silhouette 0 (the macro
        average is multiplied by the share of clustered rows). ``cluster``: they are one more cluster. ``nearest``:
        each joins the cluster with the nearest centroid.
    dtype : {"auto", "float64", "float32"}
        Precision in which distances are added up; ``auto`` takes float32 where that keeps 1e-6 relative: see
        `_precision`.
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
    device : {"auto", "cpu", "gpu", "tensorflow"}
        Where silhouettes are computed: see `resolve_device`. Off the CPU they agree to 1e-5.

    Returns
    -------
    DataFrame
        One row per labeling, policy and metric: labeling (position), metric, noise, value, status (``ok`` or
        ``undefined``), reason, standard_error. A score moves by no bit when other labelings are added.

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
    space = condition(X)
    given = as_labelings(labelings, len(space))
    policies = as_policies(noise)
    settings = Settings.check(metrics, dtype, memory_mb, exact_rows, anchors, seed, threads, device)
    found: dict[bytes, dict[str, Estimate]] = {}
    uses: list[Use] = []
    on_device = settings.device != "cpu"
    limits = (settings.memory_bytes * (0.75 if on_device else 1.0), settings.threads)  # a quarter for its distances
    for batch in batches(space, given, policies, *limits, on_device=on_device):
        found.update(score_batch(space, batch, settings))
        uses += batch.uses
    rows = [
        (use.labeling, name, str(use.policy), *_outcome(name, found.get(use.key, {}), use))
        for use in uses
        for name in settings.metrics
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def score_batch(space: NDArray[np.float64], batch: Batch, settings: Settings) -> dict[bytes, dict[str, Estimate]]:
    """Return, per partition key, the estimate of each metric, before coverage."""
    found: dict[bytes, dict[str, Estimate]] = {key: {} for key in batch.keys}
    if batch.keys and SILHOUETTES.intersection(settings.metrics):
        for key, both in zip(batch.keys, _silhouettes(space, batch, settings), strict=True):
            found[key] |= both
    if not SILHOUETTES.issuperset(settings.metrics):

        def geometry(p: int) -> dict[str, Estimate]:
            shape = Geometry.of(space, batch.labels[p], batch.ks[p])
            both = {"davies_bouldin": davies_bouldin(shape), "calinski_harabasz": calinski_harabasz(shape)}
            return {name: Estimate(score) for name, score in both.items()}

        for key, scores in zip(batch.keys, in_threads(geometry, range(len(batch.keys)), settings.threads), strict=True):
            found[key] |= scores
    return found


def _silhouettes(space: NDArray[np.float64], batch: Batch, settings: Settings) -> list[dict[str, Estimate]]:
    """Return both silhouettes of each partition of the batch, in the precision that keeps the promise."""
    on_cpu = settings.device == "cpu"
    kept = kept_dtype(space, settings.dtype if on_cpu or settings.dtype != "auto" else "float64")
    found = _averages(space, batch, kept, settings)
    if settings.dtype == "auto" and kept is np.float32:
        doubtful = [p for p, averages in enumerate(found) if _doubtful(averages, settings)]
        if doubtful:
            again = _averages(space, batch.part(doubtful), np.float64, settings)
            for p, better in zip(doubtful, again, strict=True):
                # Metric by metric, so that asking for one moves no bit of the other.
                found[p] |= {name: better[name] for name in _doubtful(found[p], settings)}
    return [{name: average.estimate for name, average in averages.items()} for averages in found]


@dataclass(frozen=True, slots=True)
class _Average:
    """A silhouette and how far float32 may have moved it."""

    estimate: Estimate
    rounding: float


def _averages(
    space: NDArray[np.float64], batch: Batch, kept: type[np.floating[Any]], settings: Settings
) -> list[dict[str, _Average]]:
    partitions = lay_out(batch.labels, batch.ks)
    exact = len(space) <= settings.exact_rows
    sample = Sample.everything(partitions) if exact else draw(partitions, settings.anchors, settings.seed)
    products = None
    if settings.device != "cpu":
        products = BlockProducts(space, partitions, kept, settings.memory_bytes)
    total, square = cluster_totals(space, partitions, sample, kept, settings.threads, products)
    found = []
    for p in range(len(batch.keys)):
        pairs = partitions.pairs(p)
        count = sample.count[pairs]
        both = silhouette_means(total[pairs], square[pairs], count, partitions.pair_sizes[pairs])
        rounding = rounding_bounds(count)
        found.append({"silhouette": _Average(both[0], rounding[0]), "silhouette_macro": _Average(both[1], rounding[1])})
    return found


def _doubtful(averages: dict[str, _Average], settings: Settings) -> list[str]:
    """Return the wanted silhouettes that float32 may have moved by more than is promised."""
    return [
        name
        for name, average in averages.items()
        if name in settings.metrics and average.rounding > PROMISE * abs(average.estimate.score.value)
    ]


def _outcome(name: str, found: dict[str, Estimate], use: Use) -> tuple[float, str, str, float]:
    """Return value, status, reason and standard error of one metric."""
    if use.reason:
        return math.nan, str(ScoreStatus.UNDEFINED), use.reason, math.nan
    score, error = found[name].score, found[name].standard_error
    if score.status is not ScoreStatus.OK:
        return math.nan, str(score.status), score.reason, math.nan
    factor = use.coverage if use.policy is NoisePolicy.ZERO and name in SILHOUETTES else 1.0
    return score.value * factor, str(score.status), "", error * factor
