"""Columns as finite float64, or the value that cannot be one."""

import datetime
import numbers
import re
from decimal import Decimal
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api import types

from clusterbench.datasets.column_roles import ColumnRole, as_float, detect_role, is_mostly_numbers
from clusterbench.errors import RequestError
from clusterbench.toml_writing import toml_key, toml_value

_EXACT_INTEGERS: Final = 2**53
_MOST_WORDS: Final = 5
_DIGIT: Final = re.compile(r"\d")
_DATES: Final = (datetime.date, datetime.time, datetime.timedelta, np.datetime64, np.timedelta64, pd.Period)


def numeric_column(column: pd.Series, warnings: list[str]) -> NDArray[np.float64]:
    """Return the values of a column, shape (n,), NaN where missing; extend `warnings` where digits are lost.

    Text, dates, complex numbers, infinities and a column without any value are refused.
    """
    present = column.notna().to_numpy()
    values = np.full(len(column), np.nan)
    if types.is_bool_dtype(column.dtype) or types.is_float_dtype(column.dtype):
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
        integers = []
    elif types.is_integer_dtype(column.dtype):
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
        integers = [column.min(), column.max()] if present.any() else []
    else:
        given = column.to_numpy(dtype=object)[present]
        if not all(issubclass(kind, numbers.Real | Decimal | np.bool_) for kind in set(map(type, given))):
            raise _not_a_number(column)
        values[present] = [as_float(value) for value in given]
        integers = [value for value in given if isinstance(value, numbers.Integral | Decimal)]
    if not all(-_EXACT_INTEGERS <= value <= _EXACT_INTEGERS for value in integers):
        warnings.append(f"column {column.name!r} holds integers beyond 2^53, which lose their last digits")
    infinite = np.flatnonzero(np.isinf(values)) + 1
    if len(infinite):
        raise RequestError(
            f"column {column.name!r} is infinite in row {infinite[0]} ({len(infinite)} such values)",
            allowed="finite numbers, or empty for missing",
        )
    if len(values) and np.isnan(values).all():
        raise RequestError(f"column {column.name!r} has no value in any row", allowed=f'drop = ["{column.name}"]')
    return values


def words_among_numbers(column: pd.Series) -> list[str]:
    """Return the few words without digits in a column of numbers, which may be missing values; else none."""
    texts = column.dropna().astype(str)
    others: list[str] = texts[pd.to_numeric(texts, errors="coerce").isna()].unique().tolist()
    is_few = len(others) <= _MOST_WORDS and not any(map(_DIGIT.search, others))
    return sorted(others) if is_few and is_mostly_numbers(texts) else []


def _not_a_number(column: pd.Series) -> RequestError:
    """Return the error that names the first value of a column that is not a number."""
    name, present = column.name, column.reset_index(drop=True).dropna().astype(object)
    allowed = f'numbers, or drop = ["{name}"]'
    role = detect_role(column, name=str(name))
    if role in (ColumnRole.CATEGORY, ColumnRole.DATE):
        allowed = f'numbers, roles = {{ {toml_key(str(name))} = "{role}" }}, or drop = ["{name}"]'
    elif words := words_among_numbers(column):
        allowed = f'numbers, missing = {toml_value(words)}, or drop = ["{name}"]'
    if any(isinstance(value, _DATES) for value in present):
        return RequestError(f"column {name!r} holds dates or times", allowed=allowed)
    if any(isinstance(value, numbers.Complex) and not isinstance(value, numbers.Real) for value in present):
        return RequestError(f"column {name!r} holds complex numbers", allowed=allowed)
    text = present.astype(str)
    wrong = text[pd.to_numeric(text, errors="coerce").isna()]
    row = (wrong if len(wrong) else text).index[0]
    kind = "text" if isinstance(present[row], str) else f"of type {type(present[row]).__name__}"
    return RequestError(f"column {name!r} is {kind}: {text[row][:60]!r} in row {row + 1}", allowed=allowed)
