"""Numbers and names in print: one form for every format, so that they all show the same."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

NOTHING = "–"
# The last two lines turn the direction of writing: a name could make a row read as another one.
_CONTROL = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff"
    r"\u061c\u200e\u200f"
    r"\u202a-\u202e\u2066-\u2069]"
)


def fixed(value: float | None, decimals: int) -> str:
    """Return a number with a fixed count of decimals, and a dash where there is none.

    Examples
    --------
    >>> fixed(-0.00001, 3), fixed(1234.5, 1), fixed(float("nan"), 3)
    ('0.000', '1234.5', '–')
    """
    if is_nothing(value):
        return NOTHING
    assert value is not None
    # Adding 0.0 turns -0.0 into 0.0.
    return f"{round(float(value), decimals) + 0.0:.{decimals}f}"


def score_text(value: float | None, reproducible: int) -> str:
    """Return a score: four decimals, or one where its metric has few reproducible ones.

    Examples
    --------
    >>> score_text(0.24391, 6), score_text(1948.6498, 3)
    ('0.2439', '1948.6')
    """
    return fixed(value, 4 if reproducible > 3 else 1)


def significant(value: float | None, digits: int = 3) -> str:
    """Return a number with a count of significant digits, never in exponent form.

    Examples
    --------
    >>> significant(0.012345), significant(12.3456), significant(98765.4)
    ('0.0123', '12.3', '98765')
    """
    if is_nothing(value):
        return NOTHING
    assert value is not None
    if not math.isfinite(value) or value == 0:
        return f"{value:g}"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return f"{value:.{min(decimals, 9)}f}"


def share(value: float | None) -> str:
    """Return a share in percent: ``0.123`` is ``12.3 %``."""
    return NOTHING if is_nothing(value) else f"{fixed(100.0 * float(value or 0.0), 1)} %"


def is_nothing(value: object) -> bool:
    """Say whether a value of a table is missing: None, NaN or pandas' NA."""
    if value is None:
        return True
    try:
        return bool(value != value)
    except TypeError:  # pandas' NA has no truth
        return True


def readable(text: object) -> str:
    """Return text on one line without control characters, be they for a terminal or for the direction of writing."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", re.sub(r"[\t\r\n]+", " ", str(text)))


def readable_lines(text: str) -> str:
    """Return text of several lines, each of them as `readable` gives it, its tabs kept."""
    lines = re.split(r"\r\n|[\r\n]", text)
    return "\n".join("\t".join(readable(part) for part in line.split("\t")) for line in lines)


def shortened(text: str, width: int) -> str:
    """Return text of at most `width` characters, the middle left out where it is longer.

    Examples
    --------
    >>> shortened("a-very-long-name", 9)
    'a-ve…name'
    """
    if len(text) <= width:
        return text
    head = width // 2
    return f"{text[:head]}…{text[len(text) - (width - head - 1) :]}"


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
    if is_nothing(text):
        return ""
    return pairs(json.loads(str(text)))


def pairs(table: Mapping[str, Any]) -> str:
    """Return a mapping as ``name=value`` pairs."""
    return ", ".join(f"{name}={plain_value(value)}" for name, value in table.items())


def plain_value(value: object) -> str:
    """Return a JSON value as it is read aloud: text without quotation marks."""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def listing(words: Sequence[str]) -> str:
    """Return words joined by commas and an "and".

    Examples
    --------
    >>> listing(["a"]), listing(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""
