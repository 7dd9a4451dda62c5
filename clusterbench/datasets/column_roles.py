"""What the columns of a table are: ids, numbers, categories, dates, text, known classes."""

import datetime
import numbers
import re
from decimal import Decimal
from enum import StrEnum
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clusterbench.errors import RequestError


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
_DATES: Final = (datetime.date, np.datetime64)
_DATE_FORMATS: Final = ("ISO8601", "%d.%m.%Y", "%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S")
_ISO_DATE: Final = re.compile(r"\s*\d{4}-\d{2}-\d{2}.*")  # a number such as 2024 is an ISO date, too
_UTC_DAY: Final = pd.Timestamp(1970, 1, 1)


def detect_role(column: pd.Series, *, name: str) -> ColumnRole:
    """Return what a column is by its values, and by its name where they allow several roles."""
    present = column.dropna()
    is_numeric = _is_numeric(present)
    n_levels = (present if is_numeric else present.astype(str)).nunique()
    if not n_levels:
        return ColumnRole.TEXT
    if str(name).lower() in _CLASS_NAMES and 2 <= n_levels <= min(_MOST_LEVELS, len(present) / 2):
        return ColumnRole.CLASS
    is_unique = n_levels == len(column) > 1
    if is_numeric:
        values = np.array([as_float(value) for value in present])
        if is_unique and _is_whole(values) and (_ID_NAME.search(str(name)) or _counts_rows(values)):
            return ColumnRole.ID
        return ColumnRole.BINARY if is_binary(values) else ColumnRole.NUMERIC
    if date_values(column) is not None:
        return ColumnRole.DATE
    if is_mostly_numbers(present):
        return ColumnRole.NUMERIC
    if 1 < n_levels <= min(_MOST_LEVELS, max(2, len(present) / 2)):
        return ColumnRole.CATEGORY
    return ColumnRole.ID if is_unique and not any(map(_has_blank, present)) else ColumnRole.TEXT


def is_binary(values: "pd.Series | NDArray[np.float64]") -> bool:
    """Whether the values that are present are 0 and 1."""
    return set(pd.Series(values).dropna().unique()) == {0.0, 1.0}


def is_mostly_numbers(present: pd.Series) -> bool:
    """Whether at least half of the values of a column of text are numbers."""
    return bool(len(present)) and pd.to_numeric(present.astype(str), errors="coerce").notna().mean() >= 0.5


def date_values(column: pd.Series) -> NDArray[np.float64] | None:
    """Return the days since 1970-01-01 (UTC), shape (n,), NaN where missing; None where a value is no date.

    Texts are dates in ISO form (``2024-03-02``, with a time or not) or such as ``02.03.2024``.
    """
    present = column.dropna()
    if not len(present):
        return None
    if (isinstance(column.dtype, np.dtype) and column.dtype.kind == "M") or isinstance(
        column.dtype, pd.DatetimeTZDtype
    ):
        return _days(column)
    given = present.astype(object)
    if all(isinstance(value, _DATES) for value in given):
        return _days(pd.to_datetime(column, errors="coerce", utc=True))
    if not all(isinstance(value, str) for value in given):
        return None
    for form in _DATE_FORMATS:
        if form == "ISO8601" and not all(_ISO_DATE.fullmatch(str(text)) for text in given):
            continue
        days = pd.to_datetime(column.astype(object), format=form, errors="coerce", utc=True)
        if days.notna().sum() == len(present):
            return _days(days)
    return None


def coded_levels(column: pd.Series) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Return codes 0.. of the values, shape (n,), -1 where missing, and the names of the codes, in order."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.cat.codes.to_numpy().astype(np.int64), tuple(map(str, column.cat.categories))
    if len(set(map(type, column.dropna()))) > 1:  # which have no order
        column = column.astype(object).map(str, na_action="ignore")
    codes, uniques = pd.factorize(column, sort=True)
    levels = uniques.tolist()
    if all(isinstance(value, float) and value.is_integer() for value in levels):
        levels = [int(value) for value in levels]  # class 1, not class 1.0
    return codes.astype(np.int64), tuple(map(str, levels))


def date_column(column: pd.Series) -> NDArray[np.float64]:
    """Return `date_values`; RequestError names the first value that is none."""
    days = date_values(column)
    if days is not None:
        return days
    numbered = [(row, str(value)) for row, value in enumerate(column, start=1) if not pd.isna(value)]
    wrong = (f": {text[:60]!r} in row {row}" for row, text in numbered if date_values(pd.Series([text])) is None)
    shown = next(wrong, "")
    raise RequestError(f"column {column.name!r} holds no dates of one form{shown}", allowed="2024-03-02 or 02.03.2024")


def _days(column: pd.Series) -> NDArray[np.float64]:
    naive = column.dt.tz_convert("UTC").dt.tz_localize(None) if column.dt.tz is not None else column
    return np.asarray(((naive - _UTC_DAY) / pd.Timedelta(days=1)).to_numpy(dtype=np.float64, na_value=np.nan))


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
