"""Columns as finite float64, or the value that cannot be one."""

from __future__ import annotations

import datetime
import numbers
from decimal import Decimal
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clusterbench.errors import RequestError

_EXACT_INTEGERS: Final = 2**53
_DATES: Final = (datetime.date, datetime.time, datetime.timedelta, np.datetime64, np.timedelta64, pd.Period)


def numeric_column(column: pd.Series, warnings: list[str]) -> NDArray[np.float64]:
    """Return the values of a column.

    Parameters
    ----------
    column : Series, length n
        Its index plus 1 is the row number in messages.
    warnings : list of str
        Extended where digits are lost.

    Returns
    -------
    ndarray of float64, shape (n,)
        NaN where a value is missing.

    Raises
    ------
    RequestError
        For text, dates, complex numbers and infinities (with the row), and for a column without any value.
    """
    if pd.api.types.is_bool_dtype(column.dtype) or pd.api.types.is_float_dtype(column.dtype):
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    else:
        values = _converted(column, warnings)
    infinite = np.flatnonzero(np.isinf(values))
    if len(infinite):
        raise RequestError(
            f"column {column.name!r} is infinite in row {column.index[infinite[0]] + 1} ({len(infinite)} such values)",
            allowed="finite numbers, or empty for missing",
        )
    if len(values) and np.isnan(values).all():
        raise RequestError(f"column {column.name!r} has no value in any row", allowed=f'drop = ["{column.name}"]')
    return values


def _converted(column: pd.Series, warnings: list[str]) -> NDArray[np.float64]:
    """Convert integers, decimals and mixed numbers; warn where an integer has more digits than a float64."""
    present = column[column.notna()]
    values = np.full(len(column), np.nan)
    if pd.api.types.is_integer_dtype(column.dtype):
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
        large = len(present) and (present.max() > _EXACT_INTEGERS or present.min() < -_EXACT_INTEGERS)
    else:
        given = present.to_numpy(dtype=object)
        if not all(isinstance(value, numbers.Real | Decimal | np.bool_) for value in given):
            raise _not_a_number(present)
        values[column.notna().to_numpy()] = [_float(value) for value in given]
        large = any(map(_is_large_integer, given))
    if large:
        warnings.append(f"column {column.name!r} holds integers beyond 2^53, which lose their last digits")
    return values


def _is_large_integer(value: numbers.Real | Decimal) -> bool:
    if isinstance(value, Decimal):
        return value.is_finite() and abs(value) > _EXACT_INTEGERS and value == value.to_integral_value()
    return isinstance(value, numbers.Integral) and abs(int(value)) > _EXACT_INTEGERS


def _float(value: numbers.Real | Decimal) -> float:
    try:
        return float(value)
    except OverflowError:  # an integer beyond the largest float
        return np.inf


def _not_a_number(present: pd.Series) -> RequestError:
    """Return the error that names the first value of a column that is not a number."""
    name, values = present.name, present.to_numpy(dtype=object)
    allowed = f'numbers, or drop = ["{name}"]'
    if any(isinstance(value, _DATES) for value in values):
        return RequestError(f"column {name!r} holds dates or times", allowed=allowed)
    if any(isinstance(value, numbers.Complex) and not isinstance(value, numbers.Real) for value in values):
        return RequestError(f"column {name!r} holds complex numbers", allowed=allowed)
    text = present.astype(str)
    wrong = text[pd.to_numeric(text, errors="coerce").isna()]
    row = (wrong if len(wrong) else text).index[0]
    kind = "text" if isinstance(present[row], str) else f"of type {type(present[row]).__name__}"
    return RequestError(f"column {name!r} is {kind}: {text[row][:60]!r} in row {row + 1}", allowed=allowed)
