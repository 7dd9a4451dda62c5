"""Metrics given as plain functions: every value is checked, and a failure concerns one labeling alone."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clusterbench.labeling import Labels
from clusterbench.metrics.computation import Scores, ScoringSettings
from clusterbench.metrics.conditioning import ScoringTable, read_only
from clusterbench.metrics.score import Score
from clusterbench.tables import Floats

_ROUNDING = 1e-9  # a value may leave the declared range by so much of its size


@dataclass(frozen=True, slots=True, eq=False)
class FunctionComputation:
    """The computation of one metric by the functions of its `Metric`."""

    name: str
    bounds: tuple[float, float]
    value: Callable[[Floats, Labels], float] | None
    values: Callable[[Floats, Labels], Sequence[float] | NDArray[Any]] | None

    def scores(
        self, table: ScoringTable, labelings: Sequence[Labels], names: Collection[str], settings: ScoringSettings
    ) -> list[Scores]:
        """Return the value of each partition: all at once where the metric has a function for that."""
        try:
            results = self._together(table.values, labelings) if self.values is not None else []
        except Exception:  # noqa: BLE001 - computed one by one below, where the message is the reason
            results = []
        scores = [checked_score(result, self.bounds) for result in results]
        if not results:
            scores = [self._score(self._alone, table.values, labels) for labels in labelings]
        return [{self.name: score} for score in scores]

    def _together(self, X: Floats, labelings: Sequence[Labels]) -> list[object]:
        assert self.values is not None
        results = list(self.values(X, read_only(np.stack(labelings))))
        if len(results) != len(labelings):
            raise ValueError(f"{len(results)} values for {len(labelings)} labelings")
        return results

    def _alone(self, X: Floats, labels: Labels) -> object:
        if self.value is None:
            return self._together(X, [labels])[0]
        part = labels >= 0
        return self.value(read_only(X[part]), read_only(labels[part]))

    def _score(self, compute: Callable[..., object], *arrays: NDArray[Any]) -> Score:
        try:
            return checked_score(compute(*map(read_only, arrays)), self.bounds)
        except Exception as error:  # noqa: BLE001 - the message is the reason
            return Score.failed(f"{type(error).__name__}: {error}")


def checked_score(result: object, bounds: tuple[float, float]) -> Score:
    """Return the value that a metric gave as a score: undefined where not finite, failed where no such value can be."""
    if isinstance(result, np.ndarray) and result.ndim == 0:
        result = result.item()
    if not isinstance(result, numbers.Real | np.bool_):
        return Score.failed(f"the metric returned {type(result).__name__}, not a number")
    value = float(result)
    if not math.isfinite(value):
        return Score.undefined(f"the metric returned {value}")
    lower, upper = bounds
    slack = _ROUNDING * abs(value)
    if not lower - slack <= value <= upper + slack:
        return Score.failed(f"the metric returned {value:.6g}, outside its range {lower:g} to {upper:g}")
    return Score(value)
