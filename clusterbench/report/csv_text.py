"""CSV that reads back to the same numbers, and that no spreadsheet takes for a formula."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from clusterbench.report.printed import is_nothing

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_QUOTED = frozenset(',"\r\n')


def to_csv(header: Sequence[str], columns: Iterable[Sequence[object]]) -> str:
    """Return a table as CSV (RFC 4180, but lines end in ``\\n``).

    Numbers are written so that they read back bit for bit, truth as ``true`` and ``false``, and what is missing as an
    empty field. Text that a spreadsheet would compute gets a leading apostrophe.

    Parameters
    ----------
    header : sequence of str
    columns : iterable of sequence
        As long as one another.

    Examples
    --------
    >>> print(to_csv(["name", "x"], [["a", "=1+1"], [0.1, None]]), end="")
    name,x
    a,0.1
    '=1+1,
    """
    fields = [[field(value) for value in column] for column in columns]
    lines = [",".join(field(name) for name in header)]
    lines += [",".join(row) for row in zip(*fields, strict=True)]
    return "\n".join(lines) + "\n"


def field(value: object) -> str:
    """Return one value as a field of a CSV file."""
    if is_nothing(value):
        return ""
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, int | np.integer):
        return str(int(value))
    if isinstance(value, float | np.floating):
        return repr(float(value))
    return _quoted(guarded(str(value)))


def guarded(text: str) -> str:
    """Return text with an apostrophe before what a spreadsheet would take for a formula.

    Examples
    --------
    >>> guarded("=cmd()"), guarded("kmeans")
    ("'=cmd()", 'kmeans')
    """
    return f"'{text}" if text.startswith(_FORMULA) else text


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if _QUOTED.intersection(text) else text
