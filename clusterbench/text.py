"""Names and counts in printed text."""

from __future__ import annotations

import re

# The last two lines change the direction of writing: a name could make a row read as another one.
_CONTROL = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff"
    r"\u061c\u200e\u200f"
    r"\u202a-\u202e\u2066-\u2069]"
)


def readable(text: object) -> str:
    """Return text on one line, without characters that control a terminal or the direction of writing.

    Examples
    --------
    >>> readable("two\\nlines")
    'two lines'
    """
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", re.sub(r"[\t\r\n]+", " ", str(text)))


def counted(number: int, one: str, many: str | None = None) -> str:
    """Return a number with its noun; the plural is `many`, or `one` with an s.

    Examples
    --------
    >>> counted(1, "row"), counted(2, "row"), counted(0, "entry", "entries")
    ('1 row', '2 rows', '0 entries')
    """
    return f"{number} {one if number == 1 else many or one + 's'}"
