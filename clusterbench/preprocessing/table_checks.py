"""What must hold of a table before a step; messages name columns and counts."""

from __future__ import annotations

import pandas as pd

from clusterbench.errors import RequestError

_ADVICE = 'an { step = "impute" } before it, or rows = "complete"'
_SHOWN = 5


def check_complete(frame: pd.DataFrame, *, before: str) -> None:
    """Raise RequestError if values are missing, with columns and counts."""
    missing = frame.isna().sum()
    listed = [f"{name} ({count})" for name, count in missing.items() if count]
    if listed:
        what = f"missing values before {before}: {', '.join(listed[:_SHOWN])}"
        more = f" and {len(listed) - _SHOWN} more columns" if len(listed) > _SHOWN else ""
        raise RequestError(what + more, allowed=_ADVICE)


def check_above(table: pd.DataFrame, bound: float, *, what: str) -> None:
    """Raise RequestError if a column has a value that is not above `bound`."""
    for column, lowest in table.min().items():
        if lowest <= bound:
            raise RequestError(
                f"{what} of column {column!r}, whose minimum is {lowest:g}",
                allowed=f"values above {bound:g}; columns = [...] names the columns it works on",
            )
