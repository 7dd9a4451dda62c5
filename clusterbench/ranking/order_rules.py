"""The order of entries: from the scores of their chosen cuts to one criterion, and the score of a cut by itself."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from clusterbench.metrics import STABILITY_METRIC
from clusterbench.ranking.ranks import Axis, column_ranks, mean_ranks, signed
from clusterbench.ranking.rules import BETTER_OF, OrderRule, RankingSpec
from clusterbench.tables import Bools, Floats

_DECIMALS = 9
"""Scores are rounded to these digits: further ones are rounding errors of the sum."""


def criterion(values: Floats, axes: Sequence[Axis], contender: Bools, spec: RankingSpec) -> Floats:
    """Return the number by which the rule of `spec` orders entries, shape (..., E): lower is better.

    `values`, shape (..., E, M), are the scores of the chosen cut of each entry in M axes, NaN where one is missing. By
    ``mean_rank`` it is the mean rank; by ``score`` the negative score, infinite where a part of it is missing. Entries
    that are no `contender`, shape (E,), change no criterion but their own.
    """
    if spec.order is OrderRule.SCORE:
        return -cut_scores(values, axes, spec)
    families = [axis.family for axis in axes]
    weights = {family: spec.weight(family) for family in families}
    return mean_ranks(column_ranks(signed(values, axes), contender), families, weights)


def counts(axes: Sequence[Axis], spec: RankingSpec) -> bool:
    """Return whether the rule of `spec` orders by any of some axes."""
    if spec.order is OrderRule.SCORE:
        return any(axis.metric in spec.score_metrics for axis in axes)
    return any(spec.weight(axis.family) > 0 for axis in axes)


def ranked_axes(spec: RankingSpec, dataset: str = "") -> tuple[Axis, ...]:
    """Return the axes of the ranked metrics in the reference spaces, that of stability last."""
    axes = [Axis(dataset, metric, space) for metric in spec.facts for space in spec.reference_spaces]
    return (*axes, Axis(dataset, STABILITY_METRIC.facts))


def cut_scores(values: Floats, axes: Sequence[Axis], spec: RankingSpec) -> Floats:
    """Return the weighted sum of the parts of ``spec.score``, averaged over reference spaces; higher is better.

    The score depends on the values of a cut alone: no other entry moves it. A part such as ``silhouette|dbcv`` is the
    better of several metrics in each space. Values are rounded to the reproducible digits of their metric. Metrics of
    which lower is better count negatively; one without an axis takes no part.
    """
    total = np.zeros(values.shape[:-1])
    for part, weight in spec.score.items():
        total += weight * _part_scores(values, axes, part.split(BETTER_OF))
    return np.where(np.isnan(total), -np.inf, np.round(total, _DECIMALS))


def _part_scores(values: Floats, axes: Sequence[Axis], metrics: Sequence[str]) -> Floats:
    """Return the best of some metrics in each space, averaged over the spaces; 0 where none has an axis."""
    by_space: dict[tuple[str, str], list[Floats]] = {}
    for column, axis in enumerate(axes):
        if axis.metric in metrics:
            signed_values = axis.facts.sign * np.round(values[..., column], axis.facts.digits)
            by_space.setdefault((axis.dataset, axis.space), []).append(signed_values)
    best = [np.maximum.reduce(in_space) for in_space in by_space.values()]
    return np.asarray(sum(best, np.zeros(values.shape[:-1])) / max(len(best), 1))
