"""Rank arithmetic on dense arrays: column ranks, the weighted mean rank, the final rank.

The ranks of contenders depend on contenders only. A control gets the rank that it would have among them, by the
same formula: ``1/2 + better contenders + 1/2 equal contenders`` (a contender equals itself).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from clusterbench.metrics import MetricFacts
from clusterbench.tables import Bools, Floats, Ints

_MEAN_DECIMALS = 9
"""Mean ranks are rounded to these digits: further ones are rounding errors of the sum."""


@dataclass(frozen=True, slots=True)
class Axis:
    """One ranked column: a metric in a space of a dataset, or the stability in a dataset, which has no space."""

    dataset: str
    facts: MetricFacts
    space: str = ""

    @property
    def metric(self) -> str:
        return self.facts.name

    @property
    def family(self) -> str:
        return self.facts.family

    @property
    def name(self) -> str:
        """The name of the column in a leaderboard."""
        return f"{self.metric}@{self.space}" if self.space else self.metric


def signed(values: Floats, axes: Sequence[Axis]) -> Floats:
    """Return values rounded to the reproducible digits of their axis and signed so that higher is better.

    A missing value becomes -inf: it ranks last, tied with the other missing ones, below any score. `values` are of
    shape (..., M), one axis for each of the M columns.
    """
    result = np.empty_like(values)
    for j, axis in enumerate(axes):
        result[..., j] = axis.facts.sign * np.round(values[..., j], axis.facts.digits)
    return np.where(np.isnan(result), -np.inf, np.maximum(result, np.finfo(np.float64).min))


def column_ranks(oriented: Floats, contender: Bools) -> Floats:
    """Rank every column of values (..., E, M), of which higher is better; equal ones share the average rank."""
    columns = np.ascontiguousarray(np.moveaxis(oriented, -2, -1))
    flat = columns.reshape(math.prod(columns.shape[:-1]), columns.shape[-1])
    field = np.sort(flat[:, contender], axis=1)
    ranks = np.empty(flat.shape)
    for values, others, row in zip(flat, field, ranks, strict=True):
        not_better = np.searchsorted(others, values, side="right")
        worse = np.searchsorted(others, values, side="left")
        # 1/2 + better + equal / 2, where better = n - not_better and equal = not_better - worse.
        row[:] = 0.5 + len(others) - 0.5 * (not_better + worse)
    return np.moveaxis(ranks.reshape(columns.shape), -1, -2)


def mean_ranks(ranks: Floats, families: Sequence[str], weights: dict[str, float]) -> Floats:
    """Return the weighted mean over families, (..., E), of the mean over each family's columns of ranks (..., E, M)."""
    total = np.zeros(ranks.shape[:-1])
    weight_sum = 0.0
    for family in dict.fromkeys(families):
        weight = weights.get(family, 1.0)
        if weight > 0:
            members = [j for j, name in enumerate(families) if name == family]
            total += weight * (ranks[..., members].sum(axis=-1) / len(members))
            weight_sum += weight
    return np.round(total / weight_sum, _MEAN_DECIMALS) if weight_sum else np.full(ranks.shape[:-1], np.nan)


def finite_mean(values: Floats, axis: int) -> Floats:
    """Return the mean of the finite values along an axis; NaN where there are none."""
    finite = np.isfinite(values)
    total, count = np.where(finite, values, 0.0).sum(axis=axis), finite.sum(axis=axis)
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan))


def final_ranks(means: Floats, contender: Bools) -> Ints:
    """Return ``1 + contenders with a lower mean``, for means (E,) or (B, E): equal ones share the better rank."""
    rows = np.atleast_2d(means)
    field = np.sort(rows[:, contender], axis=1)
    ranks = np.empty(rows.shape, dtype=np.int64)
    for b in range(len(rows)):
        ranks[b] = np.searchsorted(field[b], rows[b], side="left") + 1
    return ranks.reshape(means.shape)


def pareto_mask(values: Floats) -> Bools:
    """Return which rows of values (n, d), of which higher is better and NaN the worst, no other row dominates.

    A row is dominated if another is at least as good everywhere and better somewhere.

    Examples
    --------
    >>> pareto_mask(np.array([[1.0, 2.0], [2.0, 1.0], [0.0, 0.0]])).tolist()
    [True, True, False]
    """
    table = np.where(np.isnan(values), -np.inf, np.asarray(values, dtype=np.float64))
    mask = np.ones(len(table), dtype=bool)
    for i, row in enumerate(table):
        no_worse = (table >= row).all(axis=1)
        mask[i] = not bool((no_worse & (table > row).any(axis=1)).any())
    return mask
