"""From a raw table to a `Dataset`: ids, truth, rows and columns chosen, every value checked."""

from __future__ import annotations

import numbers
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clusterbench.datasets.dataset import Dataset
from clusterbench.datasets.dataset_spec import DatasetSpec
from clusterbench.datasets.layouts import known_layout
from clusterbench.datasets.raw_table import RawTable
from clusterbench.errors import RequestError, did_you_mean

_EXACT_INTEGERS = 2**53


def build_dataset(raw: RawTable, spec: DatasetSpec) -> Dataset:
    """Choose and check what `spec` asks of `raw`.

    Returns
    -------
    Dataset

    Raises
    ------
    RequestError
        For unknown columns, ids that are not unique, text, infinities, all-missing columns, and for fewer than two rows
        or no columns.
    """
    _check_columns(raw, spec)
    ids = _ids(raw, spec)
    truth_column = _truth_column(raw, spec)
    features = _features(raw, spec, {ids.name if ids is not None else None, truth_column})
    if len(raw.frame) < 2:
        raise RequestError(f"{len(raw.frame)} row has nothing to compare", allowed="at least 2 rows")
    warnings = list(raw.warnings)
    truth, truth_names = _truth(raw.frame[truth_column], warnings) if truth_column else (None, ())
    columns = {name: _checked_numbers(raw.frame[name], name, warnings) for name in features}
    taken = _rows(raw, spec, warnings)
    columns = {name: values[taken] for name, values in columns.items()}
    warnings += [
        f"column {name!r} is constant: it tells no rows apart" for name in features if _constant(columns[name])
    ]
    groups, units = known_layout(raw.frame.columns)
    return Dataset(
        name=spec.stable_name,
        frame=pd.DataFrame(columns),
        row_ids=(pd.RangeIndex(len(raw.frame)) if ids is None else pd.Index(ids))[taken],
        truth=None if truth is None else truth[taken],
        truth_names=truth_names,
        groups=_surviving({**groups, **spec.groups}, features),
        units={name: unit for name, unit in {**units, **raw.units}.items() if name in columns},
        source=raw.source,
        warnings=tuple(warnings),
    )


def _check_columns(raw: RawTable, spec: DatasetSpec) -> None:
    known = [*raw.frame.columns]
    tolerated = {*known, raw.id_column}
    asked: list[tuple[str, Iterable[str]]] = [("drop", spec.drop), ("keep", spec.keep or ())]
    asked += [("id", (spec.id,) if spec.id else ()), ("truth", (spec.truth,) if spec.truth else ())]
    asked += [(f"groups.{group}", names) for group, names in spec.groups.items()]
    for key, names in asked:
        for name in names:
            if name not in tolerated:
                nearest = {column.lower(): column for column in known}
                hint = did_you_mean(name, nearest)
                for lower, column in nearest.items():
                    hint = hint.replace(repr(lower), repr(column))
                raise RequestError(f"there is no column {name!r}{hint}", where=key, allowed=_shown(known))


def _shown(names: Sequence[str], most: int = 40) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _ids(raw: RawTable, spec: DatasetSpec) -> pd.Series | None:
    """Return the column of row ids, checked, or None for row numbers."""
    candidates = [name for name in (*spec.id_candidates, raw.id_column) if name in raw.frame.columns]
    if not candidates:
        return None
    # Of several dropped columns that are called like an id, the first that is one.
    unique = [name for name in candidates if spec.id is None and raw.frame[name].is_unique]
    name = (unique or candidates)[0]
    column = raw.frame[name]
    if column.isna().any():
        row = int(np.flatnonzero(column.isna())[0])
        raise RequestError(f"id column {name!r} is missing in row {row + 1}", allowed="one unique id per row")
    repeated = column[column.duplicated(keep=False)]
    if len(repeated):
        shown = []
        for value in pd.unique(repeated)[:3]:
            rows = np.flatnonzero((column == value).to_numpy()) + 1
            shown.append(f"{value!s} (rows {', '.join(map(str, rows[:5]))})")
        raise RequestError(
            f"id column {name!r} has duplicates: {', '.join(shown)}",
            allowed='unique ids; name another column with id = "..."',
        )
    return column


def _truth_column(raw: RawTable, spec: DatasetSpec) -> str | None:
    if spec.truth is not None:
        return spec.truth
    return raw.truth_column if raw.truth_column not in spec.drop else None


def _features(raw: RawTable, spec: DatasetSpec, apart: set[Any]) -> list[str]:
    taken_out = {*apart, raw.id_column, raw.truth_column, *spec.drop}
    wanted = [name for name in raw.frame.columns if name not in taken_out and (not spec.keep or name in spec.keep)]
    if not wanted:
        raise RequestError("no columns are left", allowed="at least one numeric column besides id and truth")
    return wanted


def _rows(raw: RawTable, spec: DatasetSpec, warnings: list[str]) -> NDArray[np.bool_]:
    """Return which rows are taken, shape (n,)."""
    complete: NDArray[np.bool_] = raw.frame.notna().all(axis=1).to_numpy()
    if spec.rows == "all":
        return np.ones(len(raw.frame), dtype=bool)
    if complete.sum() < 2:
        raise RequestError(
            f"{complete.sum()} of {len(raw.frame)} rows are complete", where="rows", allowed='rows = "all"'
        )
    if not complete.all():
        warnings.append(f"{np.sum(~complete)} of {len(complete)} rows with missing values were left out")
    return complete


def _checked_numbers(column: pd.Series, name: str, warnings: list[str]) -> NDArray[np.float64]:
    """Return a column as finite float64 with NaN for missing, shape (n,), or say which value is wrong."""
    values = _numbers(column, name, warnings)
    _check_values(values, name)
    return values


def _numbers(column: pd.Series, name: str, warnings: list[str]) -> NDArray[np.float64]:
    kind = column.dtype
    if pd.api.types.is_complex_dtype(kind):
        raise RequestError(f"column {name!r} holds complex numbers", allowed="real numbers")
    if pd.api.types.is_numeric_dtype(kind):
        if name.startswith("Unnamed: "):
            warnings.append(f"column {name!r} has no name in its file: if it only numbers the rows, drop it")
        if pd.api.types.is_integer_dtype(kind) and (column.max() > _EXACT_INTEGERS or column.min() < -_EXACT_INTEGERS):
            warnings.append(f"column {name!r} holds integers beyond 2^53, which lose their last digits")
        return column.to_numpy(dtype=np.float64, na_value=np.nan)
    missing = column.isna().to_numpy()
    values = column.to_numpy(dtype=object)
    for row in np.flatnonzero(~missing):
        if not isinstance(values[row], numbers.Real | Decimal | np.bool_):
            raise _not_a_number(column, name)
    return np.array([np.nan if gone else float(value) for value, gone in zip(values, missing, strict=True)])


def _not_a_number(column: pd.Series, name: str) -> RequestError:
    if pd.api.types.is_datetime64_any_dtype(column.dtype) or pd.api.types.is_timedelta64_dtype(column.dtype):
        return RequestError(f"column {name!r} holds dates or times", allowed=f'numbers, or drop = ["{name}"]')
    present = column[column.notna()].astype(str)
    wrong = present[pd.to_numeric(present, errors="coerce").isna()]
    row = (wrong if len(wrong) else present).index[0]
    return RequestError(
        f"column {name!r} is text: {str(present[row])[:60]!r} in row {row + 1}",
        allowed=f'numbers, or drop = ["{name}"]',
    )


def _check_values(values: NDArray[np.float64], name: str) -> None:
    infinite = np.flatnonzero(np.isinf(values))
    if len(infinite):
        raise RequestError(
            f"column {name!r} is infinite in row {infinite[0] + 1} ({len(infinite)} such values)",
            allowed="finite numbers, or empty for missing",
        )
    if np.isnan(values).all():
        raise RequestError(f"column {name!r} has no value in any row", allowed=f'drop = ["{name}"]')


def _constant(values: NDArray[np.float64]) -> bool:
    present = values[~np.isnan(values)]
    return not len(present) or bool(present.min() == present.max())


def _truth(column: pd.Series, warnings: list[str]) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Return class codes, shape (n,), and the name of each code."""
    if column.isna().any():
        row = int(np.flatnonzero(column.isna())[0])
        raise RequestError(f"truth column {column.name!r} is missing in row {row + 1}", allowed="a class for each row")
    if isinstance(column.dtype, pd.CategoricalDtype):
        classes = column.cat.categories
        codes = column.cat.codes.to_numpy(dtype=np.int64)
    else:
        if pd.api.types.is_float_dtype(column.dtype) and (column == column.round()).all():
            column = column.astype("int64")  # class 1, not class 1.0
        found, classes = pd.factorize(column, sort=True)
        codes = found
    if len(classes) == 1 or len(classes) > max(2.0, len(column) / 2):
        warnings.append(f"truth column {column.name!r} has {len(classes)} classes for {len(column)} rows")
    return np.asarray(codes, dtype=np.int64), tuple(str(name) for name in classes)


def _surviving(groups: dict[str, tuple[str, ...]], features: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Keep of each group the columns that are features; a group without any is not there."""
    kept = {group: tuple(name for name in names if name in features) for group, names in groups.items()}
    return {group: names for group, names in kept.items() if names}
