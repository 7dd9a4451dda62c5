"""From a raw table to a `Dataset`: choose ids, truth, rows and columns; check every value."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clusterbench.credentials import mask_credentials
from clusterbench.datasets.column_roles import coded_levels, is_binary, is_text
from clusterbench.datasets.dataset import Dataset, KnownClasses
from clusterbench.datasets.dataset_spec import DatasetSpec
from clusterbench.datasets.feature_columns import read_features
from clusterbench.datasets.leaks import leak_warnings
from clusterbench.datasets.named_datasets import CREDIT_CARD_COLUMNS, CREDIT_CARD_GROUPS, CREDIT_CARD_UNITS
from clusterbench.datasets.raw_table import RawTable
from clusterbench.errors import RequestError, did_you_mean
from clusterbench.text import listed

_RARE: Final = 0.01


def build_dataset(raw: RawTable, spec: DatasetSpec) -> Dataset:
    """Take the chosen part of a raw table and check it: columns, ids, classes, and that every value is a number."""
    _check_columns(raw, spec)
    warnings, reading = list(raw.warnings), list(raw.reading)
    id_column, truth_columns = _id_column(raw, spec), _truth_columns(raw, spec)
    features = _features(raw, spec, warnings, id_column, *truth_columns)
    columns, coded = read_features(raw, features, spec, warnings, reading)
    rows = _rows_with_values(columns, warnings)
    row_ids = _row_ids(raw.frame, id_column, rows)
    noise = raw.truth_noise if spec.truth_noise is None else str(spec.truth_noise)
    classes = [_known_classes(raw.frame[name].iloc[rows], rows, noise, warnings) for name in truth_columns]
    taken = np.ones(len(rows), dtype=bool) if spec.rows == "all" else _complete(raw.frame.iloc[rows], warnings)
    columns = {name: values[rows[taken]] for name, values in columns.items()}
    known_classes = tuple(replace(each, codes=each.codes[taken]) for each in classes)
    warnings += _doubtful_columns(columns)
    warnings += leak_warnings(columns, known_classes)
    warnings += _binary_columns({name: values for name, values in columns.items() if name not in coded})
    is_credit_card = set(CREDIT_CARD_COLUMNS) <= set(raw.frame.columns)
    units = {**(CREDIT_CARD_UNITS if is_credit_card else {}), **raw.units}
    groups = {**(CREDIT_CARD_GROUPS if is_credit_card else {}), **spec.groups}
    groups = {group: tuple(name for name in names if name in columns) for group, names in groups.items()}
    return Dataset(
        name=spec.stable_name,
        frame=pd.DataFrame(columns),
        row_ids=row_ids[taken],
        known_classes=known_classes,
        truth_kind=(spec.truth_kind or raw.truth_kind) if classes else None,
        coded=coded,
        groups={group: names for group, names in groups.items() if names},
        units={name: unit for name, unit in units.items() if name in columns and unit},
        source=mask_credentials(": ".join(filter(None, (raw.source, ", ".join(reading))))),
        warnings=tuple(warnings),
    )


def _check_columns(raw: RawTable, spec: DatasetSpec) -> None:
    known = list(raw.frame.columns)
    asked = {"drop": spec.drop, "keep": spec.keep or (), "id": (spec.id,), "truth": spec.truth}
    asked["roles"] = tuple(spec.roles)
    asked |= {f"groups.{group}": names for group, names in spec.groups.items()}
    for key, names in asked.items():
        for name in names:
            if name is not None and name not in (*known, raw.id_column):
                shown = ", ".join(known[:40]) + (f" and {len(known) - 40} more" if len(known) > 40 else "")
                raise RequestError(f"there is no column {name!r}{did_you_mean(name, known)}", where=key, allowed=shown)


def _id_column(raw: RawTable, spec: DatasetSpec) -> str | None:
    """Return the declared column of ids, else the first candidate that is unique, else the first candidate."""
    candidates = [name for name in (*spec.id_columns, raw.id_column) if name in raw.frame.columns]
    unique = [name for name in candidates if spec.id is None and raw.frame[name].is_unique]
    return next(iter(unique or candidates), None)


def _truth_columns(raw: RawTable, spec: DatasetSpec) -> tuple[str, ...]:
    return spec.truth or tuple(name for name in raw.truth_columns if name not in spec.drop)


def _features(raw: RawTable, spec: DatasetSpec, warnings: list[str], *others: str | None) -> list[str]:
    """Return the columns that are kept, without those of ids and truth, and of text where that is declared."""
    taken_out = {*others, raw.id_column, *raw.truth_columns, *spec.drop}
    names = [name for name in raw.frame.columns if name not in taken_out and (not spec.keep or name in spec.keep)]
    if spec.drop_text:
        texts = [name for name in names if name not in spec.roles and is_text(raw.frame[name], name=name)]
        names = [name for name in names if name not in texts]
        if texts:
            warnings.append(f"left out as text: {listed(texts, most=10)}")
    if not names:
        raise RequestError("no columns are left", allowed="at least one numeric column besides id and truth")
    return names


def _rows_with_values(columns: dict[str, NDArray[np.float64]], warnings: list[str]) -> NDArray[np.intp]:
    """Return the positions of the rows that have a value in any feature."""
    present: NDArray[np.bool_] = ~np.all([np.isnan(values) for values in columns.values()], axis=0)
    rows = np.flatnonzero(present)
    if len(rows) < 2:
        count = "1 row has" if len(rows) else "0 rows have"
        raise RequestError(f"{count} nothing to compare", allowed="at least 2 rows")
    if len(rows) < len(present):
        lost = len(present) - len(rows)
        warnings.append(f"{lost} of {len(present)} rows have no value in any column and were left out")
    return rows


def _complete(frame: pd.DataFrame, warnings: list[str]) -> NDArray[np.bool_]:
    """Return which rows have no missing value, shape (n,)."""
    complete: NDArray[np.bool_] = frame.notna().all(axis=1).to_numpy()
    if complete.sum() < 2:
        raise RequestError(f"{complete.sum()} of {len(frame)} rows are complete", where="rows", allowed='rows = "all"')
    if not complete.all():
        warnings.append(f"{np.sum(~complete)} of {len(complete)} rows with missing values were left out")
    return complete


def _row_ids(frame: pd.DataFrame, id_column: str | None, rows: NDArray[np.intp]) -> pd.Index:
    """Return the unique labels of the rows: a column, or the index of the source."""
    what = "the index" if id_column is None else f"id column {id_column!r}"
    ids = (frame.index if id_column is None else pd.Index(frame[id_column]))[rows]
    if ids.nlevels == 1 and ids.hasnans:
        row = rows[np.argmax(ids.isna())] + 1
        raise RequestError(f"{what} is missing in row {row}", allowed="one unique id per row")
    if not ids.is_unique:
        value = ids[ids.duplicated()][0]
        places = ", ".join(map(str, rows[np.flatnonzero(ids.isin([value]))[:5]] + 1))
        another = 'name another column with id = "..."' if id_column is not None else "reset_index(drop=True)"
        raise RequestError(f"{what} has duplicates: {value} (rows {places})", allowed=f"unique ids; {another}")
    return ids


def _known_classes(column: pd.Series, rows: NDArray[np.intp], noise: str | None, warnings: list[str]) -> KnownClasses:
    """Return the classes of the given rows of the source; rows of the class `noise` have none."""
    if column.hasnans:
        row = rows[np.argmax(column.isna())] + 1
        raise RequestError(f"truth column {column.name!r} is missing in row {row}", allowed="a class for each row")
    codes, names = coded_levels(column)
    if noise in names:
        at = names.index(noise)
        codes, names = np.where(codes == at, -1, codes - (codes > at)), names[:at] + names[at + 1 :]
    if len(names) <= 1 or len(names) > max(2.0, len(column) / 2):
        warnings.append(f"truth column {column.name!r} has {len(names)} classes for {len(column)} rows")
    return KnownClasses(str(column.name), codes, names)


def _doubtful_columns(columns: dict[str, NDArray[np.float64]]) -> Iterator[str]:
    for name, values in columns.items():
        if name.startswith("Unnamed: "):
            yield f"column {name!r} has no name in its file: if it only numbers the rows, drop it"
        present = values[~np.isnan(values)]
        if not len(present) or present.min() == present.max():
            yield f"column {name!r} is constant: it does not distinguish any rows"


def _binary_columns(columns: dict[str, NDArray[np.float64]]) -> Iterator[str]:
    """Name the columns of 0 and 1, beside others, in which the rarer value has a share that may pass the gate."""
    is_even = {name: _RARE <= np.nanmean(values) <= 1 - _RARE for name, values in columns.items() if is_binary(values)}
    names = [repr(name) for name, passes in is_even.items() if passes]
    if 0 < len(names) < len(columns):
        verb = "is 0 or 1: it" if len(names) == 1 else "are 0 or 1: each"
        yield f"{listed(names, most=10)} {verb} can decide a clustering alone"
