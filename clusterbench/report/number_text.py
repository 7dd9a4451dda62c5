"""Numbers as they are printed: one form for every format, without pandas, which the service does not import."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np

from clusterbench.naming import parameter_pairs
from clusterbench.text import percent

NOTHING = "–"
_INFINITY = "∞"


def number_of(value: object) -> float:
    """Return a number of a table, NaN where it is missing."""
    return math.nan if is_missing(value) else float(cast(float, value))


def fixed(value: float | None, decimals: int) -> str:
    """Return a number with a fixed count of decimals, and a dash where there is none.

    Examples
    --------
    >>> fixed(-0.00001, 3), fixed(1234.5, 1), fixed(float("nan"), 3), fixed(float("-inf"), 3)
    ('0.000', '1234.5', '–', '-∞')
    """
    if value is None or is_missing(value):
        return NOTHING
    if math.isinf(value):
        return _INFINITY if value > 0 else f"-{_INFINITY}"
    # Adding 0.0 turns -0.0 into 0.0.
    return f"{round(float(value), decimals) + 0.0:.{decimals}f}"


def score_text(value: float | None, digits: int) -> str:
    """Return a score: four decimals, or one where its metric has few reproducible digits.

    Examples
    --------
    >>> score_text(0.24391, 6), score_text(1948.6498, 3)
    ('0.2439', '1948.6')
    """
    return fixed(value, 4 if digits > 3 else 1)


def significant(value: float | None, digits: int = 3) -> str:
    """Return a number with a count of significant digits, never in exponent form.

    Examples
    --------
    >>> significant(0.012345), significant(12.3456), significant(98765.4)
    ('0.0123', '12.3', '98765')
    """
    if value is None or is_missing(value) or math.isinf(value) or value == 0:
        return fixed(value, 0)
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return f"{value:.{min(decimals, 9)}f}"


def amount(value: float | None) -> str:
    """Return a value of a table with three significant digits, thousands separated.

    Examples
    --------
    >>> amount(12345.6), amount(12.0), amount(0.08333), amount(-1500), amount(0)
    ('12,346', '12', '0.0833', '-1,500', '0')
    """
    if value is None or is_missing(value) or math.isinf(value):
        return fixed(value, 0)
    text = significant(value)
    if "." in text:
        return text.rstrip("0").rstrip(".")
    return f"{int(text):,}"


def signed(value: float, decimals: int = 1) -> str:
    """Return a number with its sign, none where it is rounded to zero.

    Examples
    --------
    >>> signed(1.84), signed(-0.6), signed(-0.04)
    ('+1.8', '-0.6', '0.0')
    """
    text = fixed(value, decimals)
    return f"+{text}" if value > 0 and float(text) else text


def share(value: float | None) -> str:
    """Return a share in percent: ``0.123`` is ``12.3 %``."""
    return NOTHING if value is None or is_missing(value) else percent(float(value), 1)


def is_missing(value: object) -> bool:
    """Return whether a value of a table is missing: None, NaN or pandas' NA."""
    if value is None:
        return True
    try:
        return bool(value != value)
    except TypeError:  # pandas' NA has no truth
        return True


def exact_text(value: object) -> str:
    """Return a number so that it reads back bit for bit, also in a browser; "" for anything else."""
    if is_missing(value) or isinstance(value, bool | str):
        return ""
    if isinstance(value, float) and math.isinf(value):
        return str(json_value(value))
    return repr(float(value)) if isinstance(value, float) else str(value)


JsonScalar = bool | int | float | str | None
JsonValue = JsonScalar | Sequence["JsonValue"] | Mapping[str, "JsonValue"]


def json_value(value: object) -> JsonScalar:
    """Return a value of a table as JSON can hold it: a missing one is null, an infinite one a string.

    Examples
    --------
    >>> json_value(float("nan")), json_value(float("-inf")), json_value(0.5)
    (None, '-Infinity', 0.5)
    """
    if is_missing(value):
        return None
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else "Infinity" if value > 0 else "-Infinity"
    return str(value)


def slug(text: str) -> str:
    """Return text fit for a file name and an XML id.

    Examples
    --------
    >>> slug("My Table / 2")
    'my-table-2'
    """
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "x"


def settings(text: str | None) -> str:
    """Return a JSON object as ``name=value`` pairs.

    Examples
    --------
    >>> settings('{"linkage": "ward", "n_init": 10}')
    'linkage=ward, n_init=10'
    """
    return "" if is_missing(text) else ", ".join(parameter_pairs(str(text)))
