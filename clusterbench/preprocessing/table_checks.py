"""What must hold of a table before and after a step, said in the words of the table."""

from __future__ import annotations

import numpy as np
import pandas as pd

from clusterbench.errors import RequestError
from clusterbench.preprocessing.pipelines import PlacedStep
from clusterbench.preprocessing.steps import Impute, L2Normalize, Log1p, Pca, Power

# Squares of such values, summed over a table, stay finite; distances need these squares.
LARGEST = 1e140
_ADVICE = 'an { step = "impute" } before it, or rows = "complete"'
_SHOWN = 5


def check_input(place: PlacedStep, frame: pd.DataFrame) -> None:
    """Raise RequestError if the step cannot work on `frame`, naming the column."""
    step, found = place.step, frame[place.names(frame.columns)]
    if isinstance(step, Impute):
        _check_not_empty(place, step, found)
    elif isinstance(step, Log1p):
        _check_above(found, -1.0, "log1p", where=place.where)
    elif isinstance(step, Power) and step.method == "box-cox":
        _check_above(found, 0.0, "box-cox", where=place.where)
    elif isinstance(step, L2Normalize | Pca):
        check_complete(found, where=place.where, before=step.kind)
        if isinstance(step, Pca) and found.shape[1]:
            _check_components(step, found, where=place.where)


def check_complete(frame: pd.DataFrame, *, where: str, before: str) -> None:
    """Raise RequestError if values are missing, with columns and counts."""
    missing = frame.isna().sum()
    listed = [f"{name} ({count})" for name, count in missing.items() if count]
    if listed:
        what = f"missing values before {before}: {', '.join(listed[:_SHOWN])}"
        more = f" and {len(listed) - _SHOWN} more columns" if len(listed) > _SHOWN else ""
        raise RequestError(what + more, where=where, allowed=_ADVICE)


def check_output(given: pd.DataFrame, made: pd.DataFrame, *, where: str, after: str) -> None:
    """Raise RequestError if `made` has no column, or values that `given` gave no cause for."""
    if not made.shape[1]:
        raise RequestError(f"no column is left after {after}", where=where)
    for name in made.columns:
        values = made[name]
        if not bool(given[name].isna().any() if name in given.columns else False) and bool(values.isna().any()):
            raise RequestError(
                f"{after} made {int(values.isna().sum())} missing values in column {name!r}", where=where
            )
    check_size(made, where=where, what=f"{after} made")


def check_size(frame: pd.DataFrame, *, where: str, what: str) -> None:
    """Raise RequestError if a value is infinite or so large that distances overflow."""
    largest = frame.abs().max()
    for name, value in largest.items():
        if value > LARGEST:
            raise RequestError(
                f"{what} {value:g} in column {name!r}", where=where, allowed=f"values up to {LARGEST:g} in magnitude"
            )


def _check_not_empty(place: PlacedStep, step: Impute, found: pd.DataFrame) -> None:
    by_column = {name: filling for filling, names in place.overrides for name in names}
    for name in found.columns[found.isna().all()]:
        # Neighbours have nothing to lend to a column that nobody has.
        knn = by_column.get(name, step).strategy == "knn"
        if knn or not step.keep_empty_features:
            keep = "" if knn else ", or keep_empty_features = true"
            raise RequestError(
                f"column {name!r} has no value to impute from",
                where=place.where,
                allowed=f'a {{ step = "drop", columns = "{name}" }} before it{keep}',
            )


def _check_above(found: pd.DataFrame, bound: float, name: str, *, where: str) -> None:
    for column, lowest in found.min().items():
        if lowest <= bound:
            raise RequestError(
                f"{name} of column {column!r}, whose minimum is {lowest:g}",
                where=where,
                allowed=f"values above {bound:g}; columns = [...] names the columns it works on",
            )


def _check_components(step: Pca, found: pd.DataFrame, *, where: str) -> None:
    n_rows, n_columns = found.shape
    most = min(n_rows, n_columns) - (1 if step.svd_solver == "arpack" else 0)
    shape = f"{n_rows} rows and {n_columns} columns"
    if n_rows < 2:
        raise RequestError(f"pca of {n_rows} row", where=where, allowed="at least 2 rows")
    wanted = step.n_components
    if isinstance(wanted, int) and wanted > most:
        raise RequestError(f"n_components = {wanted} of {shape}", where=where, allowed=f"at most {most}")
    if most < 1:
        raise RequestError(f"svd_solver = 'arpack' on {shape}", where=where, allowed="at least 2 columns, or 'full'")
    if not isinstance(wanted, int) and bool(np.all(np.ptp(found.to_numpy(), axis=0) == 0.0)):
        raise RequestError("pca of constant columns has no variance to share", where=where)
