"""What must hold of a table before and after a step; messages name columns and counts."""

from __future__ import annotations

import pandas as pd

from clusterbench.errors import RequestError

# Squares of such values, summed over a table, stay finite; distances need these squares.
LARGEST = 1e140
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


def check_output(given: pd.DataFrame, made: pd.DataFrame, *, after: str) -> None:
    """Raise RequestError if `made` has no column, another number of rows, texts, or missing values that are new."""
    if not made.shape[1]:
        raise RequestError(f"no column is left after {after}")
    if len(made) != len(given):
        raise RequestError(f"{after} made {len(made)} rows of {len(given)}", allowed="one row for each row")
    for name in made.columns:
        values = made[name]
        if not pd.api.types.is_numeric_dtype(values):
            raise RequestError(f"{after} made column {name!r} of dtype {values.dtype}", allowed="numbers")
        if not bool(given[name].isna().any() if name in given.columns else False) and bool(values.isna().any()):
            raise RequestError(f"{after} made {int(values.isna().sum())} missing values in column {name!r}")
    check_size(made, what=f"{after} made")


def check_size(frame: pd.DataFrame, *, what: str) -> None:
    """Raise RequestError if a value is infinite or so large that distances overflow."""
    largest = frame.abs().max()
    for name, value in largest.items():
        if value > LARGEST:
            raise RequestError(f"{what} {value:g} in column {name!r}", allowed=f"values up to {LARGEST:g} in magnitude")
