"""Columns that are sums of others, or equal to another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

_LEAST_SHARE = 0.99  # of the rows in which a sum holds
_TOLERANCE = 1e-4  # of the standard deviation of the sum
_PROBED = 60  # rows in which all pairs are tried first
_FITTED = 1000  # rows of a least-squares fit
_MOST_COLUMNS = 150
_FEWEST_ROWS = 20  # of fewer, sums hold by chance
_LEAST_VARIED = 0.05  # share of rows in which an addend differs from zero


@dataclass(frozen=True, slots=True)
class ColumnSum:
    """A column that is the sum of others; of a single one: equal to it."""

    total: str
    addends: tuple[str, ...]
    share: float  # of the rows without missing values in these columns, in which it holds

    @property
    def text(self) -> str:
        return f"{self.total} = {' + '.join(self.addends)}"


def column_sums(frame: pd.DataFrame) -> list[ColumnSum]:
    """Return the columns of numbers that equal another or are the sum of two or more others, in 99 % of the rows.

    Pairs are all tried; sums of more columns are those that a non-negative least-squares fit finds. A table of more
    than 150 columns, or of fewer than 20 rows, is not searched.
    """
    varied = [name for name in frame.columns if frame[name].nunique() > 2 and (frame[name] != 0).mean() > _LEAST_VARIED]
    if not 2 <= len(varied) <= _MOST_COLUMNS or len(frame) < _FEWEST_ROWS:
        return []
    equal = [*_equal(frame[varied])]
    left = [name for name in varied if name not in {one.total for one in equal}]
    values = frame[left].to_numpy(dtype=np.float64)
    return [*equal, *(one for at in range(len(left)) if (one := _sum_of(values, at, left)) is not None)]


def _equal(frame: pd.DataFrame) -> Iterator[ColumnSum]:
    seen: dict[int, str] = {}
    for name, column in frame.items():
        key = hash(column.to_numpy(dtype=np.float64).tobytes())
        if (first := seen.setdefault(key, str(name))) != name and column.equals(frame[first]):
            yield ColumnSum(str(name), (first,), 1.0)


def _sum_of(values: NDArray[np.float64], at: int, names: list[str]) -> ColumnSum | None:
    others = [place for place in range(len(names)) if place != at]
    found = [*_pairs(values, at, others)] or [_fitted(values, at, others)]
    sums = [ColumnSum(names[at], tuple(names[one] for one in parts), _share(values, at, parts)) for parts in found]
    best = max(sums, key=lambda one: one.share, default=None)
    return best if best is not None and len(best.addends) > 1 and best.share >= _LEAST_SHARE else None


def _pairs(values: NDArray[np.float64], at: int, others: list[int]) -> Iterator[tuple[int, ...]]:
    """Yield the pairs of columns whose sum is column `at` in almost all of the probed rows."""
    probed = values[np.linspace(0, len(values) - 1, min(_PROBED, len(values))).astype(int)]
    complete = ~np.isnan(probed[:, at])
    addends, total = probed[complete][:, others], probed[complete, at]
    holds = np.abs(addends[:, :, None] + addends[:, None, :] - total[:, None, None]) <= _tolerance(values[:, at])
    known = ~np.isnan(addends)
    counted = (known[:, :, None] & known[:, None, :]).sum(axis=0)
    good = (holds.sum(axis=0) >= 0.9 * counted) & (counted >= _FEWEST_ROWS / 2)
    for one, other in combinations(range(len(others)), 2):
        if good[one, other]:
            yield others[one], others[other]


def _fitted(values: NDArray[np.float64], at: int, others: list[int]) -> tuple[int, ...]:
    """Return the columns with a coefficient near 1 in a non-negative least-squares fit of column `at`."""
    from scipy.optimize import nnls

    complete = values[~np.isnan(values).any(axis=1)][:_FITTED]
    if len(complete) < _FEWEST_ROWS:
        return ()
    try:
        coefficients, _ = nnls(complete[:, others], complete[:, at])
    except RuntimeError:  # no convergence
        return ()
    return tuple(place for place, weight in zip(others, coefficients, strict=True) if abs(weight - 1) < 0.05)


def _share(values: NDArray[np.float64], at: int, parts: tuple[int, ...]) -> float:
    if not parts:
        return 0.0
    difference = values[:, list(parts)].sum(axis=1) - values[:, at]
    known = difference[~np.isnan(difference)]
    return float((np.abs(known) <= _tolerance(values[:, at])).mean()) if len(known) else 0.0


def _tolerance(total: NDArray[np.float64]) -> float:
    return float(_TOLERANCE * np.nanstd(total))
