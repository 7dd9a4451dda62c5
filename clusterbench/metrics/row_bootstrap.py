"""Row bootstrap of every index, with the same resampled rows for all labelings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from clusterbench.errors import RequestError
from clusterbench.metrics.batches import Batch, Use, as_labelings, as_policies, batches
from clusterbench.metrics.builtin_metrics import as_metrics
from clusterbench.metrics.computation import Replicates, Replicator, ScoringSettings, at_least, count_threads
from clusterbench.metrics.conditioning import ScoringTable
from clusterbench.metrics.influence import BYTES
from clusterbench.metrics.metric import Metric
from clusterbench.metrics.row_scores import ANCHORS, EXACT_ROWS
from clusterbench.metrics.scoring import by_computation, counts_coverage
from clusterbench.metrics.threads import in_threads
from clusterbench.seeding import stable_rng
from clusterbench.tables import Floats, Ints

BOOTSTRAP_ROWS = 20_000
_BLOCK = 64  # replicates that go through the table together
_SHARE = ""  # the key, beside the names of metrics, of the weight share of the clustered rows


def bootstrap_weights(n: int, n_bootstrap: int, *, seed: int = 0) -> Iterator[Ints]:
    """Yield how often each of n rows is drawn in each resample of n rows; resample r depends on (seed, n, r) alone."""
    for replicate in range(n_bootstrap):
        drawn = stable_rng(seed, "bootstrap", n, replicate).integers(n, size=n)
        yield np.bincount(drawn, minlength=n)


def bootstrap_scores(
    X: ArrayLike,
    labelings: ArrayLike | Sequence[ArrayLike],
    *,
    n_bootstrap: int = 200,
    weights: ArrayLike | None = None,
    metrics: Iterable[str | Metric] | str | Metric | None = None,
    noise: str | Iterable[str] = "zero",
    seed: int = 0,
    memory_mb: float = 512,
    exact_rows: int = EXACT_ROWS,
    anchors: int = ANCHORS,
    bootstrap_rows: int = BOOTSTRAP_ROWS,
    threads: int | None = None,
) -> pd.DataFrame:
    """Return the distribution of every metric under resampling of rows, labels kept.

    Davies-Bouldin and Calinski-Harabasz are computed anew from the weighted rows. A silhouette is expanded to first
    order in the weights: value + sum of (weight - 1) x influence, where the influence of a row holds its own s and its
    part in the mean distances of all others (infinitesimal jackknife; Efron 1982, chapter 6). That takes two passes
    over the rows for all replicates, and avoids the bias of a resampled silhouette from copies of a row at distance 0:
    about (1 - s) / (rows per cluster), so that more and smaller clusters would look better.

    It is an approximation. Against silhouettes computed anew from the resampled rows, its standard deviation was within
    about 5 % for real clusters; for nearly random labelings, whose rows change their nearest cluster all the time, it
    was 0.4 to 0.7 times as large at 60 rows and 1.2 to 1.6 times at 300.

    A metric of your own is computed by its `weighted_value`, for each replicate on the rows that it holds. Without that
    function its values are NaN, and `Metric.no_row_bootstrap` is the reason.

    Parameters
    ----------
    X, labelings, metrics, noise, seed, memory_mb, exact_rows, anchors, threads
        As for `score_labelings`. Rows sent to a cluster by ``nearest`` stay there.
    n_bootstrap : int
        Number of resamples.
    weights : array-like of float, shape (b, n), optional
        How often each row counts in each replicate (mean 1), instead of drawing.
    bootstrap_rows : int
        In longer tables, influences come from so many random rows, scaled to the whole.

    Returns
    -------
    DataFrame
        Columns labeling, metric, noise, replicate, value, reason. The value is NaN where a metric is undefined or
        fails; the reason of a labeling and metric says why no replicate has a value, or how one failed. A resample
        that misses a cluster is scored on the others.

    Raises
    ------
    RequestError
        For a table, labeling, weight or name that cannot be used.
    """
    table, policies, chosen = ScoringTable.of(X), as_policies(noise), as_metrics(metrics)
    n = len(table.space)
    given = as_labelings(labelings, n)
    settings = ScoringSettings("float64", memory_mb, exact_rows, anchors, seed, count_threads(threads))
    at_least("bootstrap_rows", bootstrap_rows, 2)
    drawn = None if weights is None else _check_weights(weights, n)
    replicates = n_bootstrap if drawn is None else len(drawn)
    if replicates < 1:
        raise RequestError(f"n_bootstrap = {replicates}", allowed="at least 1")
    replicates_of: dict[bytes, Replicates] = {}
    uses: list[Use] = []
    for batch in batches(table.space, given, policies, memory_mb * 1e6 / 2, settings.threads, row_bytes=BYTES):
        made = [each.replicator(table, batch.labels, settings, bootstrap_rows) for each, _ in by_computation(chosen)]
        replicators = [each for each in made if each is not None]
        blocks = [_replicate(batch, replicators, block, settings) for block in _blocks(n, replicates, drawn, settings)]
        for p, key in enumerate(batch.keys):
            replicates_of[key] = {name: _joined([block[p][name] for block in blocks]) for name in blocks[0][p]}
        uses += batch.uses
    return _frame(replicates_of, uses, chosen, replicates)


def _check_weights(weights: ArrayLike, n: int) -> Floats:
    given = np.asarray(weights, dtype=np.float64)
    if given.ndim != 2 or given.shape[1] != n or not (np.isfinite(given).all() and (given >= 0.0).all()):
        raise RequestError(f"weights of shape {given.shape}", allowed=f"(b, {n}), finite numbers of at least 0")
    if not given.any(axis=1).all():
        raise RequestError("a replicate without any weight", where="weights", allowed="one number above 0 in each row")
    return given


def _blocks(n: int, replicates: int, drawn: Floats | None, settings: ScoringSettings) -> Iterator[Floats]:
    """Yield the weights (n, r) of a few replicates at a time, within a quarter of the budget."""
    step = int(np.clip(settings.memory_mb * 1e6 / 4 / (8 * n), 1, _BLOCK))
    source = bootstrap_weights(n, replicates, seed=settings.seed) if drawn is None else iter(drawn)
    for start in range(0, replicates, step):
        block = np.empty((n, min(step, replicates - start)))
        for column in block.T:
            column[:] = next(source)
        yield block


def _replicate(
    batch: Batch, replicators: Sequence[Replicator], weights: Floats, settings: ScoringSettings
) -> list[Replicates]:
    """Return per partition the values at the given weights (n, r), and the weight share of its clustered rows."""
    total = weights.sum(axis=0)

    def work(p: int) -> Replicates:
        part = batch.labels[p] >= 0
        values: Replicates = {_SHARE: (np.ones(len(total)) if part.all() else weights[part].sum(axis=0) / total, "")}
        for replicator in replicators:
            values |= replicator(p, weights)
        return values

    return in_threads(work, range(len(batch.keys)), settings.threads)


def _joined(blocks: Sequence[tuple[Floats, str]]) -> tuple[Floats, str]:
    failures = [failure for _, failure in blocks if failure]
    return np.concatenate([values for values, _ in blocks]), failures[0] if failures else ""


def _frame(
    replicates_of: dict[bytes, Replicates], uses: list[Use], metrics: Sequence[Metric], replicates: int
) -> pd.DataFrame:
    nothing = np.full(replicates, np.nan)
    heads, columns = [], []
    for use in uses:
        known = {} if use.reason else replicates_of[use.key]
        for metric in metrics:
            values, failure = known.get(metric.name, (nothing, metric.no_row_bootstrap))
            columns.append(values * known[_SHARE][0] if known and counts_coverage(metric, use) else values)
            heads.append((use.labeling, metric.name, str(use.policy), use.reason or failure))
    frame = pd.DataFrame(heads, columns=["labeling", "metric", "noise", "reason"])
    frame = frame.loc[np.repeat(frame.index, replicates)].reset_index(drop=True)
    frame["replicate"] = np.tile(np.arange(replicates), len(heads))
    frame["value"] = np.concatenate(columns) if columns else np.empty(0)
    return frame[["labeling", "metric", "noise", "replicate", "value", "reason"]]
