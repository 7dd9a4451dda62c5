"""What the columns of a table are: ids, numbers, categories, dates, text, known classes."""

import numbers
import re
from decimal import Decimal
from enum import StrEnum
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clusterbench.datasets.date_columns import date_readings


class ColumnRole(StrEnum):
    """What a column is."""

    ID = "id"
    """It identifies the rows and is no feature."""
    NUMERIC = "numeric"
    BINARY = "binary"
    """True and false, or 0 and 1: a feature like a numeric column, but a single one can decide a clustering."""
    CATEGORY = "category"
    """One of a few levels: a step such as ``one_hot`` makes numbers of them."""
    DATE = "date"
    """A day or a time: the step ``date_parts`` makes numbers of it."""
    TEXT = "text"
    """Free text, or no value or only one word in all rows: no feature."""
    CLASS = "class"
    """Known classes: no feature."""


_MOST_LEVELS: Final = 50
_ID_NAME: Final = re.compile(r"(^|[_\s.-])(id|nr|no|key|number|uuid|guid)$|[a-z](Id|ID|Nr|No)$", re.IGNORECASE)
_CLASS_NAMES: Final = ("class", "label", "labels", "target", "truth", "cluster", "species")


def detect_role(column: pd.Series, *, name: str) -> ColumnRole:
    """Return what a column is by its values, and by its name where they allow several roles."""
    present = as_objects(column).dropna()
    is_numeric = _is_numeric(present)
    n_levels = (present if is_numeric else present.astype(str)).nunique()
    if not n_levels:
        return ColumnRole.TEXT
    if is_class_name(name) and 2 <= n_levels <= min(_MOST_LEVELS, len(present) / 2):
        return ColumnRole.CLASS
    is_unique = n_levels == len(column) > 1
    if is_numeric:
        is_typed = pd.api.types.is_numeric_dtype(present.dtype)
        values = present.to_numpy(np.float64) if is_typed else np.array([as_float(value) for value in present])
        if is_unique and _is_whole(values) and (is_id_name(name) or _counts_rows(values)):
            return ColumnRole.ID
        return ColumnRole.BINARY if is_binary(values) else ColumnRole.NUMERIC
    if date_readings(present):
        return ColumnRole.DATE
    if is_mostly_numbers(present):
        return ColumnRole.NUMERIC
    if 1 < n_levels <= min(_MOST_LEVELS, max(2, len(present) / 2)):
        return ColumnRole.CATEGORY
    return ColumnRole.ID if is_unique and not any(map(_has_blank, present)) else ColumnRole.TEXT


def as_objects(column: pd.Series) -> pd.Series:
    """Return a column of texts with Python's own values, which are read much faster than Arrow's; another as it is."""
    return column.astype(object) if isinstance(column.dtype, pd.StringDtype) else column


def is_class_name(name: str) -> bool:
    """Whether a column is called like known classes."""
    return name.lower() in _CLASS_NAMES


def is_id_name(name: str) -> bool:
    """Whether a column is called like an id, such as ``CUST_ID`` or ``orderNo``."""
    return _ID_NAME.search(name) is not None


def is_text(column: pd.Series, *, name: str) -> bool:
    """Whether a column is text, or ids of one word: no feature without being declared one."""
    role = detect_role(column, name=name)
    return role is ColumnRole.TEXT or (role is ColumnRole.ID and not _is_numeric(column.dropna()))


def is_binary(values: "pd.Series | NDArray[np.float64]") -> bool:
    """Whether the values that are present are 0 and 1."""
    return set(pd.Series(values).dropna().unique()) == {0.0, 1.0}


def is_mostly_numbers(present: pd.Series) -> bool:
    """Whether at least half of the values of a column of text are numbers."""
    return bool(len(present)) and pd.to_numeric(present.astype(str), errors="coerce").notna().mean() >= 0.5


def coded_levels(column: pd.Series) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Return codes 0.. of the values, shape (n,), -1 where missing, and the names of the codes, in order."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.cat.codes.to_numpy().astype(np.int64), tuple(map(str, column.cat.categories))
    column = as_objects(column)
    if len(set(map(type, column.dropna()))) > 1:  # which have no order
        column = column.astype(object).map(str, na_action="ignore")
    codes, uniques = pd.factorize(column, sort=True)
    levels = uniques.tolist()
    if all(isinstance(value, float) and value.is_integer() for value in levels):
        levels = [int(value) for value in levels]  # class 1, not class 1.0
    return codes.astype(np.int64), tuple(map(str, levels))


def _has_blank(value: object) -> bool:
    return len(str(value).split()) > 1


def as_float(value: numbers.Real | Decimal) -> float:
    """Return a number as a float; an integer beyond the largest one is infinite."""
    try:
        return float(value)
    except OverflowError:
        return np.inf


def _is_numeric(present: pd.Series) -> bool:
    if pd.api.types.is_numeric_dtype(present.dtype):
        return not pd.api.types.is_complex_dtype(present.dtype)
    return all(issubclass(kind, numbers.Real | Decimal | np.bool_) for kind in set(map(type, present)))


def _is_whole(values: NDArray[np.float64]) -> bool:
    return bool((np.isfinite(values) & (values == np.floor(values))).all())


def _counts_rows(values: NDArray[np.float64]) -> bool:
    """Whether the values are 0, 1, 2, ... or 1, 2, 3, ... in the order of the rows."""
    return values[0] in (0.0, 1.0) and bool((np.diff(values) == 1.0).all())
