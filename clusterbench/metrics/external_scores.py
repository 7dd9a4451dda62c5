"""Scores of labelings against known classes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from clusterbench.errors import RequestError, unknown
from clusterbench.labeling import Labels, canonical
from clusterbench.metrics.batches import as_labelings, as_policies
from clusterbench.metrics.contingency import Contingency, contingency
from clusterbench.metrics.external_metrics import EXTERNAL_METRICS
from clusterbench.metrics.function_metrics import checked_score
from clusterbench.metrics.metric import Metric, MetricKind
from clusterbench.metrics.score import NoisePolicy, Score, UndefinedScore


def external_scores(
    labelings: ArrayLike | Sequence[ArrayLike],
    references: Mapping[str, ArrayLike] | ArrayLike,
    *,
    metrics: Iterable[str | Metric] | str | Metric | None = None,
    noise: str = "zero",
) -> pd.DataFrame:
    """Score labelings against known classes.

    Parameters
    ----------
    labelings : array-like of int, shape (m, n), or sequence of m arrays (n,)
        Any integers; every negative one is noise.
    references : mapping of str to array-like of int, shape (n,), or one such array
        Known classes by name (one array is called ``classes``); rows with a negative number have no class and are left
        out. Of several references, the best score counts, for each metric by itself.
    metrics : iterable of str or Metric, optional
        Names from `EXTERNAL_METRICS`, by default all of them, or metrics of your own of kind external.
    noise : {"zero", "drop", "cluster"}
        A noise row agrees with nothing: it is a group of its own, and matches no class (``zero``); is left out
        (``drop``); or is in one more cluster with the others (``cluster``).

    Returns
    -------
    DataFrame
        One row per labeling and metric: labeling (position), metric, value, status (``ok``, ``undefined`` or
        ``failed``), reason, reference (name of the classes that gave the value; of equal ones, the first).

    Raises
    ------
    RequestError
        For labels, classes or a name that cannot be used.

    Examples
    --------
    >>> table = external_scores([[0, 0, 1, 1, 1]], [5, 5, 7, 7, 8], metrics=["ari", "pair_recall"])
    >>> table[["metric", "value", "reference"]].round(6).values.tolist()
    [['ari', 0.545455, 'classes'], ['pair_recall', 1.0, 'classes']]
    """
    chosen = _external_metrics(metrics)
    (policy,) = as_policies(noise)
    if policy is NoisePolicy.NEAREST:
        raise RequestError("noise policy 'nearest' needs a space", allowed="zero, drop, cluster")
    classes = _classes(references)
    n = len(next(iter(classes.values())))
    rows = []
    for position, given in enumerate(as_labelings(labelings, n)):
        labels = canonical(given)
        scores = {name: _scores(labels, codes, chosen, policy) for name, codes in classes.items()}
        for at, metric in enumerate(chosen):
            ranks = {name: np.nan_to_num(found[at].value * metric.sign, nan=-np.inf) for name, found in scores.items()}
            best = max(ranks, key=lambda name: ranks[name])
            score = scores[best][at]
            rows.append((position, metric.name, score.value, str(score.status), score.reason, best))
    return pd.DataFrame(rows, columns=["labeling", "metric", "value", "status", "reason", "reference"])


def _classes(references: Mapping[str, ArrayLike] | ArrayLike) -> dict[str, Labels]:
    named = references if isinstance(references, Mapping) else {"classes": references}
    classes = {}
    for name, given in named.items():
        try:
            classes[name] = canonical(given)
        except RequestError as error:
            raise error.within(f"known classes {name!r}") from error
    if len({len(codes) for codes in classes.values()}) != 1:
        lengths = ", ".join(f"{name!r} {len(codes)}" for name, codes in classes.items())
        raise RequestError(f"known classes of {lengths or 'no'} rows", allowed="references of one length")
    return classes


def _external_metrics(metrics: Iterable[str | Metric] | str | Metric | None) -> tuple[Metric, ...]:
    asked = EXTERNAL_METRICS if metrics is None else [metrics] if isinstance(metrics, str | Metric) else metrics
    chosen = []
    for each in asked:
        if isinstance(each, str) and each not in EXTERNAL_METRICS:
            raise unknown("external metric", each, EXTERNAL_METRICS)
        metric = each if isinstance(each, Metric) else EXTERNAL_METRICS[each]
        if metric.kind is not MetricKind.EXTERNAL:
            raise RequestError(f"metric {metric.name!r} is of kind {metric.kind}", allowed="external metrics")
        chosen.append(metric)
    return tuple(chosen)


def _scores(labels: Labels, classes: Labels, metrics: Sequence[Metric], noise: NoisePolicy) -> list[Score]:
    try:
        table = contingency(labels, classes, noise)
        if table.n_rows < 2:
            raise UndefinedScore("fewer than 2 rows with a known class")
    except UndefinedScore as error:
        return [Score.undefined(str(error))] * len(metrics)
    return [_score(metric, table) for metric in metrics]


def _score(metric: Metric, table: Contingency) -> Score:
    assert metric.agreement is not None
    try:
        return checked_score(metric.agreement(table), (metric.lower, metric.upper))
    except UndefinedScore as error:
        return Score.undefined(str(error))
    except Exception as error:  # noqa: BLE001 - the message is the reason
        return Score.failed(f"{type(error).__name__}: {error}")
