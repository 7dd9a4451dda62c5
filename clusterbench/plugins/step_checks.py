"""The conformance checks of a preprocessing step."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import cached_property

import numpy as np
import pandas as pd

from clusterbench.datasets import ColumnRole, Dataset, DatasetSpec, dataset_from
from clusterbench.errors import RequestError
from clusterbench.plugins.check_suite import Suite
from clusterbench.plugins.process_state import changed_state
from clusterbench.plugins.standard_tables import small_table, timing_table, usable_tables
from clusterbench.preprocessing import Space, Step, fit_space, parse_steps
from clusterbench.preprocessing.column_selection import Scope

_SLOW_SECONDS = 10.0
_CLOSE = 1e-9


class StepChecks(Suite):
    """The checks of one step with its default arguments, or those of its class attribute `example`, on a small table.

    The columns are x1 ... x4, positive numbers; for steps that take categories or dates also ``kind`` and ``day``.
    """

    kind = "step"
    essential = ("arguments", "fits")

    def __init__(self, step: type[Step]) -> None:
        self._type = step

    def arguments(self) -> str:
        """The step can be made from its default arguments, or its `example`, and read again as written."""
        [again] = parse_steps([self._step.resolved()], where="resolved", known={self._type.name: self._type})
        return "" if again.resolved() == self._step.resolved() else "other arguments after it is written and read"

    def fits(self) -> str:
        """It gives a space of finite numbers, a row for each row."""
        return "" if self._space.values.shape[0] == self._dataset.n_rows else "other rows"

    def columns(self) -> str:
        """The columns are those that `columns_after` declares."""
        scope = Scope.of(self._dataset)
        after = self._step.bound(scope).scope_after(scope, self._dataset.n_rows)
        declared, made = set(after.present), set(self._space.columns)
        wrong = made - declared if not after.exact else made ^ declared
        return f"made {', '.join(self._space.columns)}, declared {', '.join(after.present)}" if wrong else ""

    def repeatable(self) -> str:
        """Equal tables give equal spaces."""
        again = self._fitted(self._dataset)
        return "" if np.array_equal(again.values, self._space.values) else "the values differ"

    def table_untouched(self) -> str:
        """The table is left as it is."""
        frame = self._dataset.frame.copy()
        self._space.pipeline.fit_transform(frame)
        return "" if frame.equals(self._dataset.frame) else "values of the table were changed"

    def global_state(self) -> str:
        """Global state is left as it is."""
        with changed_state() as changed:
            self._fitted(self._dataset)
        return f"changes {', '.join(changed)}" if changed else ""

    def rows_alone(self) -> str:
        """A row is transformed alone as it is among others."""
        few = np.asarray(self._space.pipeline.transform(self._dataset.frame.iloc[:5]), dtype=np.float64)
        close = np.allclose(few, self._space.values[:5], rtol=_CLOSE, atol=_CLOSE)
        return "" if close else "other values than among all rows"

    def missing_values(self) -> str:
        """A missing value is kept, filled, or refused by the name of its column."""
        frame = self._dataset.frame.copy()
        frame.loc[3, "x2"] = np.nan
        try:
            fit_space(self._with(frame), [self._step], where="step")
        except RequestError as error:
            return "" if "x2" in str(error) else f"refused without its column: {error}"
        return ""

    def degenerate_tables(self) -> str:
        """Degenerate tables give finite numbers, or are refused with a message of the step's own."""
        faults = []
        for name, rows in usable_tables(np.abs(small_table())).items():
            frame = pd.DataFrame(rows, columns=[f"x{j + 1}" for j in range(rows.shape[1])])
            frame = frame.join(self._dataset.frame[list(self._dataset.coded)].iloc[: len(frame)]).ffill()
            try:
                fit_space(self._with(frame), [self._step], where="step")
            except RequestError as error:
                if isinstance(error.__cause__, Exception) and not isinstance(error.__cause__, ValueError):
                    faults.append(f"{name}: {error.what}")
        return "; ".join(faults)

    def speed(self) -> str:
        """1,000 rows of 8 columns take less than 10 s."""
        rows = np.abs(timing_table())
        frame = pd.DataFrame(rows, columns=[f"x{j + 1}" for j in range(8)])
        for name, column in self._dataset.coded.items():
            frame[name] = np.arange(len(frame)) % max(len(column.levels), 3)
        start = time.perf_counter()
        fit_space(self._with(frame), [self._step], where="step")
        seconds = time.perf_counter() - start
        return f"took {seconds:.1f} s" if seconds > _SLOW_SECONDS else ""

    @cached_property
    def _step(self) -> Step:
        table = {"step": self._type.name, **self._type.example}
        return parse_steps([table], where="step", known={self._type.name: self._type})[0]

    @cached_property
    def _dataset(self) -> Dataset:
        frame = pd.DataFrame(np.abs(small_table()) + 0.1, columns=["x1", "x2", "x3", "x4"])
        roles = {}
        if self._type.takes not in (ColumnRole.NUMERIC, None):
            frame["kind"] = ["red", "green", "blue"] * 40
            frame["day"] = pd.date_range("2024-01-01", periods=len(frame)).astype(str)
            roles = {"kind": "category", "day": "date"}
            other = "day" if self._type.takes is ColumnRole.CATEGORY else "kind"
            frame, roles = frame.drop(columns=other), {name: role for name, role in roles.items() if name != other}
        return dataset_from(frame, DatasetSpec.model_validate({"memory": "small", "roles": roles}))

    def _with(self, frame: pd.DataFrame) -> Dataset:
        return replace(self._dataset, frame=frame, row_ids=pd.RangeIndex(len(frame)))

    @cached_property
    def _space(self) -> Space:
        return self._fitted(self._dataset)

    def _fitted(self, dataset: Dataset) -> Space:
        return fit_space(dataset, [self._step], where="step")
