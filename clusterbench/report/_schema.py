"""The columns of the exported tables: what each means, and the check that a table keeps to them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd

from clusterbench.cells import CellStatus
from clusterbench.scoring import ScoreStatus

_SHA256 = re.compile(r"[0-9a-f]{64}")


class Kind(StrEnum):
    """What the fields of a column are."""

    TEXT = "text"
    JSON = "JSON object, keys sorted"
    SHA256 = "SHA-256"
    WHOLE = "whole number"
    NUMBER = "number"


class SchemaError(ValueError):
    """A table does not keep to its schema: it is refused, not written."""


@dataclass(frozen=True, slots=True)
class Field:
    """One column of an exported table; an `optional` one may be empty."""

    name: str
    kind: Kind
    meaning: str
    optional: bool = False


PROVENANCE = (
    Field("benchmark", Kind.TEXT, "name of the benchmark"),
    Field("dataset", Kind.TEXT, "name of the table"),
    Field("variant", Kind.TEXT, "preprocessing pipeline in whose space the labeling was fitted"),
    Field("algorithm", Kind.TEXT, "name of the plug-in"),
    Field("params", Kind.JSON, "build parameters, defaults filled in"),
    Field("cut", Kind.JSON, "the value that cuts a finished build: k, eps, min_cluster_size"),
    Field("k", Kind.WHOLE, "clusters asked for; empty where the cut is no k", optional=True),
    Field("seed", Kind.WHOLE, "random_state given to the algorithm"),
    Field("labels_sha256", Kind.SHA256, "identity of the labeling; empty where there is none", optional=True),
)
CELL_SCHEMA = (
    *PROVENANCE,
    Field("status", Kind.TEXT, f"how the cell ended: {', '.join(CellStatus)}"),
    Field("reason", Kind.TEXT, "why the status is not ok", optional=True),
    Field("n_clusters", Kind.WHOLE, "clusters found, noise left out", optional=True),
    Field("noise_share", Kind.NUMBER, "share of rows labelled -1", optional=True),
    Field("smallest", Kind.WHOLE, "rows of the smallest cluster", optional=True),
    Field("largest", Kind.WHOLE, "rows of the largest cluster", optional=True),
    Field("fit_seconds", Kind.NUMBER, "seconds of fitting alone: the whole build and this cut", optional=True),
    Field("peak_mb", Kind.NUMBER, "memory of the fit job above its start, in MB", optional=True),
    Field("inertia", Kind.NUMBER, "the algorithm's own objective, where it has one", optional=True),
)
SCORE_SCHEMA = (
    *PROVENANCE,
    Field("space", Kind.TEXT, "space of the score: own, or the name of a reference space"),
    Field("metric", Kind.TEXT, "name of the index"),
    Field("value", Kind.NUMBER, "the score; empty exactly where the status is not ok", optional=True),
    Field("status", Kind.TEXT, f"whether there is a score: {', '.join(ScoreStatus)}"),
    Field("reason", Kind.TEXT, "why there is no score", optional=True),
)


def checked_cells(cells: pd.DataFrame) -> pd.DataFrame:
    """Return the columns of ``cells.csv``, in order.

    Raises
    ------
    SchemaError
        If a column is missing or holds what its kind forbids, if a status is unknown, or if a cell that did not
        end well has no reason.
    """
    table = _checked(cells, CELL_SCHEMA, "cells.csv")
    _known_statuses(table, [str(status) for status in CellStatus], "cells.csv")
    ended_well = table["status"] == CellStatus.OK.value
    _refuse(table, ended_well & table["labels_sha256"].isna(), "cells.csv", "is ok without a labeling")
    _refuse(table, ~ended_well & ~_has_text(table["reason"]), "cells.csv", "is not ok and gives no reason")
    return table


def checked_scores(scores: pd.DataFrame) -> pd.DataFrame:
    """Return the columns of ``scores.csv``, in order.

    Raises
    ------
    SchemaError
        As for `checked_cells`; and if a value is missing where the status is ``ok``, or given where it is not.
    """
    table = _checked(scores, SCORE_SCHEMA, "scores.csv")
    _known_statuses(table, [str(status) for status in ScoreStatus], "scores.csv")
    is_ok = table["status"] == ScoreStatus.OK.value
    _refuse(table, is_ok & ~np.isfinite(table["value"]), "scores.csv", "is ok without a finite value")
    _refuse(table, ~is_ok & table["value"].notna(), "scores.csv", "has a value although it is not ok")
    _refuse(table, ~is_ok & ~_has_text(table["reason"]), "scores.csv", "is not ok and gives no reason")
    return table


def _checked(frame: pd.DataFrame, schema: Sequence[Field], what: str) -> pd.DataFrame:
    missing = [field.name for field in schema if field.name not in frame.columns]
    if missing:
        raise SchemaError(f"{what}: columns are missing: {', '.join(missing)}")
    table = frame[[field.name for field in schema]].reset_index(drop=True)
    for field in schema:
        column = table[field.name]
        empty = column.isna()
        if not field.optional:
            _refuse(table, empty, what, f"has no {field.name}")
        if field.kind is Kind.NUMBER and bool(empty.all()):
            table[field.name] = column.astype(float)  # a column of None alone has no dtype of its own
        elif not _DTYPE_FITS[field.kind](column[~empty]):
            raise SchemaError(f"{what}: column {field.name} is of dtype {column.dtype}, not of kind: {field.kind}")
        else:
            _check_form(table, field, what)
    return table


def _is_text(column: pd.Series) -> bool:
    return all(isinstance(value, str) for value in column.unique())


_DTYPE_FITS: dict[Kind, Callable[[pd.Series], bool]] = {
    Kind.TEXT: _is_text,
    Kind.JSON: _is_text,
    Kind.SHA256: _is_text,
    Kind.WHOLE: lambda column: len(column) == 0 or pd.api.types.is_integer_dtype(column.dtype),
    Kind.NUMBER: lambda column: pd.api.types.is_float_dtype(column.dtype),
}


def _check_form(table: pd.DataFrame, field: Field, what: str) -> None:
    if field.kind is Kind.SHA256:
        wrong = [value for value in table[field.name].dropna().unique() if not _SHA256.fullmatch(value)]
    elif field.kind is Kind.JSON:
        wrong = [value for value in table[field.name].unique() if not _is_sorted_object(value)]
    else:
        return
    if wrong:
        raise SchemaError(f"{what}: column {field.name}: {wrong[0]!r} is not of kind: {field.kind}")


def _is_sorted_object(text: str) -> bool:
    try:
        value: Any = json.loads(text)
    except ValueError:
        return False
    return isinstance(value, dict) and list(value) == sorted(value)


def _known_statuses(table: pd.DataFrame, allowed: list[str], what: str) -> None:
    _refuse(table, ~table["status"].isin(allowed), what, f"has a status that is none of {', '.join(allowed)}")


def _has_text(column: pd.Series) -> pd.Series:
    return column.fillna("").astype(str) != ""


def _refuse(table: pd.DataFrame, wrong: pd.Series, what: str, complaint: str) -> None:
    if bool(wrong.any()):
        row = int(np.flatnonzero(wrong.to_numpy(dtype=bool))[0])
        names = ("dataset", "variant", "algorithm", "cut", "seed")
        culprit = ", ".join(f"{name} = {table[name].iloc[row]}" for name in names)
        raise SchemaError(f"{what}: row {row + 1} ({culprit}) {complaint}")
