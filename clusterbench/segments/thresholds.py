"""Conditions on single columns in the units of the table, at thresholds that are short to write."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clusterbench.segments.column_source import MarkedLevel
from clusterbench.text import printable

_QUANTILES = np.arange(1, 16) / 16
_MOVED = 0.005  # largest share of rows that shortening a threshold may move to its other side


@dataclass(frozen=True, slots=True)
class Condition:
    """A value is above one threshold, up to another, or both; a missing value meets no condition."""

    column: str
    above: float | None = None
    up_to: float | None = None
    marked: MarkedLevel | None = None  # the level that a column of 0 and 1 marks

    @property
    def text(self) -> str:
        """The condition as it is printed, such as ``0 < CASH_ADVANCE ≤ 1,200`` or ``REGION is north``."""
        if self.marked is not None:
            verb = "is not" if self.above is None else "is"
            return printable(f"{self.marked.column} {verb} {self.marked.words}")
        name = printable(self.column)
        if self.above is None:
            return f"{name} ≤ {self.up_to:,.12g}"
        if self.up_to is None:
            return f"{name} > {self.above:,.12g}"
        return f"{self.above:,.12g} < {name} ≤ {self.up_to:,.12g}"

    def holds(self, table: pd.DataFrame) -> NDArray[np.bool_]:
        """Return for each row whether its value meets the condition, shape (n,)."""
        values = table[self.column].to_numpy(dtype=np.float64)
        low = -np.inf if self.above is None else self.above
        high = np.inf if self.up_to is None else self.up_to
        with np.errstate(invalid="ignore"):
            return np.asarray((values > low) & (values <= high), dtype=np.bool_)


def conjunction(literals: Iterable[tuple[str, float, bool]]) -> tuple[Condition, ...]:
    """Return one condition per column that is equal to all literals (column, threshold, whether above) together."""
    limits: dict[str, list[float | None]] = {}
    for column, threshold, is_above in literals:
        pair = limits.setdefault(column, [None, None])
        other = pair[0 if is_above else 1]
        tighter = max if is_above else min
        pair[0 if is_above else 1] = threshold if other is None else tighter(other, threshold)
    return tuple(Condition(column, above, up_to) for column, (above, up_to) in limits.items())


def column_thresholds(values: NDArray[np.float64]) -> tuple[float, ...]:
    """Return ascending thresholds near the 16-quantiles of a column, each with as few digits as possible.

    A threshold is shortened as long as at most 0.5 % of the values change sides, so that what is printed is what was
    measured. Where a quantile is the largest value, the next smaller one is taken. Columns of one value have none.
    """
    known = np.sort(values[~np.isnan(values)])
    if not len(known) or known[0] == known[-1]:
        return ()
    highest = known[np.searchsorted(known, known[-1]) - 1]  # that leaves values above it
    quantiles = np.minimum(np.quantile(known, _QUANTILES, method="lower"), highest)
    chosen = {_shortened(known, float(value)) for value in quantiles}
    return tuple(sorted(value for value in chosen if known[0] <= value < known[-1]))


def _shortened(known: NDArray[np.float64], value: float) -> float:
    place = int(np.searchsorted(known, value, "right"))
    middle = (value + float(known[min(place, len(known) - 1)])) / 2
    for digits in range(1, 17):
        for start in (value, middle):
            short = float(f"{start:.{digits}g}")
            if abs(int(np.searchsorted(known, short, "right")) - place) <= _MOVED * len(known):
                return short
    return value


def all_thresholds(table: pd.DataFrame, columns: Sequence[str]) -> dict[str, tuple[float, ...]]:
    """Return the thresholds of each column."""
    return {column: column_thresholds(table[column].to_numpy(dtype=np.float64)) for column in columns}


def stratified_folds(segment: NDArray[np.int64], n_folds: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return a fold 0..n_folds-1 for every row, shape (n,); each segment is spread evenly over the folds."""
    order = rng.permutation(len(segment))
    order = order[np.argsort(segment[order], kind="stable")]
    folds = np.empty(len(segment), dtype=np.int64)
    folds[order] = np.arange(len(segment)) % n_folds
    return folds


def stratified_sample(segment: NDArray[np.int64], most: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return at most `most` row numbers, ascending, of each segment its share, at least ten rows where it has them."""
    if len(segment) <= most:
        return np.arange(len(segment))
    parts = []
    for one in np.unique(segment):
        rows = np.flatnonzero(segment == one)
        size = min(len(rows), max(10, int(most * len(rows) / len(segment))))
        parts.append(rng.choice(rows, size, replace=False))
    return np.sort(np.concatenate(parts))
