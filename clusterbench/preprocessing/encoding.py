"""Steps that make numbers of categories and dates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

import pandas as pd
from pydantic import BeforeValidator, Field

from clusterbench.datasets import ColumnRole
from clusterbench.errors import RequestError, unknown
from clusterbench.preprocessing.column_selection import Names, Scope
from clusterbench.preprocessing.step import Step
from clusterbench.text import percent

if TYPE_CHECKING:
    from sklearn.base import TransformerMixin

MISSING = "(missing)"
OTHER = "(other)"

Part = Literal["days", "year", "month", "day", "weekday", "hour"]


class OneHot(Step):
    """A column of 0 and 1 for each level of a category (`OneHotEncoder`), such as ``REGION=north``.

    Levels with less than `min_share` of the rows are one column, ``REGION=(other)``; so is a missing value,
    ``REGION=(missing)``. Of a category that gives two columns the second alone is kept, since the first mirrors it.

    Later scaling steps on ``all`` columns leave these columns as they are. Two rows of different levels are then the
    square root of 2 apart, as are two random rows in a standardised column (root mean square); rows of a category of
    one column are 1 apart. With shares p of the levels, the columns have a total variance of 1 - sum of p^2, at most 1;
    the one of two levels has p (1 - p), at most 1/4.

    Parameters
    ----------
    min_share : float
        Least share of the rows of a level with a column of its own.
    """

    name = "one_hot"
    version = 2
    takes = ColumnRole.CATEGORY
    in_title = frozenset({"min_share"})

    columns: Names = ("category",)
    min_share: Annotated[float, Field(ge=0.0, lt=1.0, description="a share of the rows from 0 to below 1")] = 0.01

    def estimator(self) -> TransformerMixin:
        from sklearn.preprocessing import OneHotEncoder

        levels = {name: column.levels for name, column in self._coded.items()}

        def column_of(feature: str, code: object) -> str:
            if isinstance(code, str):  # scikit-learn's word for all rare levels
                return f"{feature}={OTHER}"
            return f"{feature}={MISSING if pd.isna(code) else levels[feature][int(code)]}"  # type: ignore[call-overload]

        return OneHotEncoder(
            drop="if_binary",
            min_frequency=self.min_share or None,
            handle_unknown="infrequent_if_exist",
            sparse_output=False,
            feature_name_combiner=column_of,
        )

    def columns_after(self, columns: tuple[str, ...], n_rows: int) -> tuple[str, ...]:
        return tuple(f"{name}={level}" for name in columns for level in (*self._coded[name].levels, MISSING, OTHER))

    def count_is_known(self) -> bool:
        return False

    def scope_after(self, scope: Scope, n_rows: int) -> Scope:
        after = super().scope_after(scope, n_rows)
        return replace(after, indicators=scope.indicators | (set(after.present) - set(scope.present)))

    def title(self) -> str:
        return f"one-hot, rare below {percent(self.min_share)}" if self.min_share else "one-hot"


class Ordinal(Step):
    """The place of a level in `order`, from 0, as a number; neighbours are 1 apart. Missing values stay missing.

    Parameters
    ----------
    order : list of str
        All levels, the lowest first.
    """

    name = "ordinal"
    takes = ColumnRole.CATEGORY
    in_title = frozenset({"order"})
    example: ClassVar[Mapping[str, Any]] = {"columns": ["kind"], "order": ["red", "green", "blue"]}

    columns: Names
    order: Annotated[
        tuple[str, ...],
        BeforeValidator(lambda given: tuple(given) if isinstance(given, list) else given),
        Field(min_length=2, description="all levels as texts, the lowest first"),
    ]

    def bound(self, scope: Scope) -> Self:
        step = super().bound(scope)
        for name in step.columns:
            levels = step._coded[name].levels
            for level in levels:
                if level not in self.order:
                    raise RequestError(f"level {level!r} of {name!r} is not in order", allowed=", ".join(levels))
            for level in self.order:
                if level not in levels:
                    raise unknown(f"level of {name!r}", level, levels)
        return step

    def estimator(self) -> TransformerMixin:
        from clusterbench.preprocessing.transformers import Recode

        levels = [self._coded[name].levels for name in self.columns]
        return Recode([[self.order.index(level) for level in one] for one in levels])

    def title(self) -> str:
        return f"ordinal {' < '.join(self.order)}"


class DateParts(Step):
    """Numbers of a date: ``days`` since 1970-01-01, ``year``, ``month``, ``day``, ``weekday`` (Monday 0), ``hour``.

    Each is a column such as ``SINCE.month``, in its own unit. Missing dates are missing values.

    Parameters
    ----------
    parts : list of str
        Numbers that are made of a date.
    """

    name = "date_parts"
    takes = ColumnRole.DATE
    in_title = frozenset({"parts"})

    columns: Names = ("date",)
    parts: Annotated[
        tuple[Part, ...],
        BeforeValidator(lambda given: tuple(dict.fromkeys(given)) if isinstance(given, list) else given),
        Field(min_length=1, description="some of days, year, month, day, weekday, hour"),
    ] = ("days",)

    def estimator(self) -> TransformerMixin:
        from clusterbench.preprocessing.transformers import PartsOfDates

        return PartsOfDates(self.parts)

    def columns_after(self, columns: tuple[str, ...], n_rows: int) -> tuple[str, ...]:
        return tuple(f"{name}.{part}" for name in columns for part in self.parts)

    def title(self) -> str:
        return f"date {', '.join(self.parts)}"
