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


def contributions(values: Floats, ranks: Floats, axes: Sequence[Axis], spec: RankingSpec) -> Floats:
    """Return what each axis adds to the score or the mean rank of entries, shape (E, M).

    Over the axes they add up to that number. An axis without weight has NaN throughout, a metric that is not the better
    one of its part in a space 0. `values` and their `ranks` have shape (E, M).
    """
    added = np.full(values.shape, np.nan)
    if spec.order is not OrderRule.SCORE:
        families = np.array([axis.family for axis in axes])
        weights = {family: spec.weight(family) for family in dict.fromkeys(families.tolist())}
        for family, weight in weights.items():
            if weight > 0:
                added[:, families == family] = weight / (families == family).sum() / sum(weights.values())
        return added * ranks
    for part, weight in spec.score.items():
        spaces = _columns_by_space(axes, part.split(BETTER_OF))
        for columns in spaces:
            oriented = np.column_stack([_oriented(values, column, axes) for column in columns])
            is_best = np.arange(len(columns)) == oriented.argmax(axis=1)[:, None]
            part_added = np.where(is_best, weight / len(spaces) * oriented, 0.0)
            added[:, columns] = np.where(np.isnan(added[:, columns]), 0.0, added[:, columns]) + part_added
    return added


def _part_scores(values: Floats, axes: Sequence[Axis], metrics: Sequence[str]) -> Floats:
    """Return the best of some metrics in each space, averaged over the spaces; 0 where none has an axis."""
    spaces = _columns_by_space(axes, metrics)
    best = [np.maximum.reduce([_oriented(values, column, axes) for column in columns]) for columns in spaces]
    return np.asarray(sum(best, np.zeros(values.shape[:-1])) / max(len(best), 1))


def _columns_by_space(axes: Sequence[Axis], metrics: Sequence[str]) -> list[list[int]]:
    """Return the columns of some metrics, those of one space together."""
    by_space: dict[tuple[str, str], list[int]] = {}
    for column, axis in enumerate(axes):
        if axis.metric in metrics:
            by_space.setdefault((axis.dataset, axis.space), []).append(column)
    return list(by_space.values())


def _oriented(values: Floats, column: int, axes: Sequence[Axis]) -> Floats:
    """Return the values of an axis, rounded to its digits and signed so that higher is better."""
    return np.asarray(axes[column].facts.sign * np.round(values[..., column], axes[column].facts.digits))
