"""Columns of dates: in ISO form, or with the day or the month first, which their values or a key decide."""

import datetime
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clusterbench.errors import RequestError

_DATES: Final = (datetime.date, np.datetime64)
_ISO_DATE: Final = re.compile(r"\s*\d{4}([-/])\d{2}\1\d{2}.*")  # a number such as 2024 is an ISO date, too
_YEAR_LAST: Final = re.compile(
    r"\s*\d{1,2}([./-])\d{1,2}\1\d{4}(?: (\d{1,2}:\d\d)(:\d\d)?( ?[ap]m)?)?\s*", re.IGNORECASE
)
_UTC_DAY: Final = pd.Timestamp(1970, 1, 1)
_HEAD: Final = 100  # values that are tried before all of a column


@dataclass(frozen=True, slots=True, eq=False)
class DateReading:
    """A column of dates read in one way."""

    days: NDArray[np.float64]  # since 1970-01-01 (UTC), shape (n,), NaN where missing
    day_first: bool | None = None  # of texts such as 03/04/2025; None where the order is no question


def date_readings(column: pd.Series) -> list[DateReading]:
    """Return the ways in which all values of a column are dates: none, one, or two where day and month are open.

    Texts are dates in ISO form (``2024-03-02``, with a time or not), with points, where the day is first
    (``02.03.2024``), or with slashes or hyphens and the year last.
    """
    present = column.dropna()
    if not len(present):
        return []
    if (isinstance(column.dtype, np.dtype) and column.dtype.kind == "M") or isinstance(
        column.dtype, pd.DatetimeTZDtype
    ):
        return [DateReading(_days(column))]
    texts, present = column.astype(object), present.astype(object)
    kinds = set(map(type, present))
    if all(issubclass(kind, _DATES) for kind in kinds):
        return [DateReading(_days(pd.to_datetime(column, errors="coerce", utc=True)))]
    if not all(issubclass(kind, str) for kind in kinds):
        return []
    return _text_readings(texts) if _text_readings(present.head(_HEAD)) else []


def common_order(readings: Iterable[Sequence[DateReading]]) -> bool | None:
    """Return whether the day is first in all columns whose values decide it; None if none does, or two differ."""
    decided = {ways[0].day_first for ways in readings if len(ways) == 1} - {None}
    return decided.pop() if len(decided) == 1 else None


def date_column(column: pd.Series, readings: Sequence[DateReading], day_first: bool | None) -> DateReading:
    """Return the one of its readings; RequestError says which value is no date, or what decides."""
    fitting = [one for one in readings if len(readings) == 1 or one.day_first is day_first]
    if fitting:
        return fitting[0]
    if readings:
        present = column.dropna().astype(str)
        raise RequestError(
            f"column {column.name!r}: {present.iloc[0]!r} may have the day or the month first",
            allowed="day_first = true or day_first = false",
        )
    rows = [(row, str(value)) for row, value in enumerate(column, start=1) if not pd.isna(value)]
    wrong = (f": {text[:60]!r} in row {row}" for row, text in rows if not date_readings(pd.Series([rows[0][1], text])))
    raise RequestError(
        f"column {column.name!r} holds no dates of one form{next(wrong, '')}",
        allowed="2024-03-02, 02.03.2024, or 02/03/2024",
    )


def date_part(days: NDArray[np.float64], part: str) -> NDArray[np.float64]:
    """Return a part of dates, shape (n,), given as days since 1970-01-01: see the step ``date_parts``."""
    if part == "days":
        return days
    return np.asarray(getattr(pd.to_datetime(pd.Series(days), unit="D").dt, part).to_numpy(dtype=np.float64))


def _text_readings(texts: pd.Series) -> list[DateReading]:
    present = texts.dropna()
    if all(_ISO_DATE.fullmatch(text) for text in present):
        return _parsed(texts, "ISO8601", None)
    form = _YEAR_LAST.fullmatch(present.iloc[0])
    if form is None:
        return []
    sign, clock, seconds, half = form.groups()
    time = "" if clock is None else f" {'%I' if half else '%H'}:%M{':%S' if seconds else ''}"
    time += f"{' ' * (half[0] == ' ')}%p" if half else ""
    if sign == ".":
        return _parsed(texts, f"%d.%m.%Y{time}", None)
    both = [
        *_parsed(texts, f"%d{sign}%m{sign}%Y{time}", True),
        *_parsed(texts, f"%m{sign}%d{sign}%Y{time}", False),
    ]
    if len(both) == 2 and np.array_equal(both[0].days, both[1].days, equal_nan=True):
        return [DateReading(both[0].days)]
    return both


def _parsed(texts: pd.Series, form: str, day_first: bool | None) -> list[DateReading]:
    dates = pd.to_datetime(texts.str.strip(), format=form, errors="coerce", utc=True)
    return [DateReading(_days(dates), day_first)] if dates.notna().equals(texts.notna()) else []


def _days(column: pd.Series) -> NDArray[np.float64]:
    naive = column.dt.tz_convert("UTC").dt.tz_localize(None) if column.dt.tz is not None else column
    return np.asarray(((naive - _UTC_DAY) / pd.Timedelta(days=1)).to_numpy(dtype=np.float64, na_value=np.nan))
