"""The tables of a run: their columns, keys and kinds, and the check that a table keeps to them.

Every package takes the columns of cells, scores and leaderboards from here.
"""

import csv
import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clusterbench.errors import RequestError
from clusterbench.labeling import Floats as Floats
from clusterbench.statuses import CellStatus, ScoreStatus

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

OWN = "own"
"""Name of the space in which a labeling was fitted: shown, never ranked."""

CLASSES = "classes:"
"""Before the name of known classes where scores name a space: the agreement with them is shown, never ranked."""

OVERALL = "(all)"
"""Name in the dataset column of the leaderboard over all datasets."""

STABILITY = "stability"
"""Name of the stability column and of its family."""

ENTRY_KEY = ["dataset", "algorithm", "params", "variant"]
BOARD_KEY = [*ENTRY_KEY, "k_policy"]
ENTRY_IDENTITY = BOARD_KEY[1:]  # within a board
CUT_KEY = [*ENTRY_KEY, "cut"]
CELL_KEY = [*CUT_KEY, "seed"]
SCORE_KEY = [*CELL_KEY, "space", "metric"]

_SHA256 = re.compile(r"[0-9a-f]{64}")


class ColumnKind(StrEnum):
    """What the fields of a column are."""

    TEXT = "text"
    JSON = "JSON object, keys sorted"
    SHA256 = "SHA-256"
    INTEGER = "integer"
    NUMBER = "number"
    FLAG = "true or false"


class SchemaError(ValueError):
    """A table does not keep to its schema: it is refused, not written."""


@dataclass(frozen=True, slots=True)
class ColumnSchema:
    """One column of an exported table; an `optional` one may be empty."""

    name: str
    kind: ColumnKind
    meaning: str
    optional: bool = False


PROVENANCE = (
    ColumnSchema("benchmark", ColumnKind.TEXT, "name of the benchmark"),
    ColumnSchema("dataset", ColumnKind.TEXT, "name of the table"),
    ColumnSchema("variant", ColumnKind.TEXT, "preprocessing pipeline in whose space the labeling was fitted"),
    ColumnSchema("algorithm", ColumnKind.TEXT, "name of the plug-in"),
    ColumnSchema("params", ColumnKind.JSON, "build parameters, defaults filled in"),
    ColumnSchema("cut", ColumnKind.JSON, "the value that cuts a finished build: k, eps, min_cluster_size"),
    ColumnSchema("k", ColumnKind.INTEGER, "clusters asked for; empty where the cut is no k", optional=True),
    ColumnSchema("seed", ColumnKind.INTEGER, "random_state given to the algorithm"),
    ColumnSchema(
        "labels_sha256", ColumnKind.SHA256, "identity of the labeling; empty where there is none", optional=True
    ),
)
CELL_SCHEMA = (
    *PROVENANCE,
    ColumnSchema("status", ColumnKind.TEXT, f"how the cell ended: {', '.join(CellStatus)}"),
    ColumnSchema("reason", ColumnKind.TEXT, "why the status is not ok", optional=True),
    ColumnSchema("n_clusters", ColumnKind.INTEGER, "clusters found, noise left out", optional=True),
    ColumnSchema("noise_share", ColumnKind.NUMBER, "share of rows labelled -1", optional=True),
    ColumnSchema("smallest", ColumnKind.INTEGER, "rows of the smallest cluster", optional=True),
    ColumnSchema("largest", ColumnKind.INTEGER, "rows of the largest cluster", optional=True),
    ColumnSchema(
        "fit_seconds", ColumnKind.NUMBER, "seconds of fitting alone: the whole build and this cut", optional=True
    ),
    ColumnSchema("peak_mb", ColumnKind.NUMBER, "memory of the fit job above its start, in MB", optional=True),
    ColumnSchema("inertia", ColumnKind.NUMBER, "the algorithm's own objective, where it has one", optional=True),
    ColumnSchema("fitted_rows", ColumnKind.INTEGER, "random rows that were fitted; empty: all", optional=True),
)
SCORE_SCHEMA = (
    *PROVENANCE,
    ColumnSchema("space", ColumnKind.TEXT, f"own, the name of a reference space, or {CLASSES}NAME for known classes"),
    ColumnSchema("metric", ColumnKind.TEXT, "name of the index"),
    ColumnSchema("value", ColumnKind.NUMBER, "the score; empty exactly where the status is not ok", optional=True),
    ColumnSchema("status", ColumnKind.TEXT, f"whether there is a score: {', '.join(ScoreStatus)}"),
    ColumnSchema("reason", ColumnKind.TEXT, "why there is no score", optional=True),
)
BOARD_SCHEMA = (
    ColumnSchema("rank", ColumnKind.INTEGER, "place among the contenders of its dataset"),
    ColumnSchema("rank_low", ColumnKind.INTEGER, "best end of the rank interval; empty without draws", optional=True),
    ColumnSchema("rank_high", ColumnKind.INTEGER, "worst end of the rank interval", optional=True),
    ColumnSchema("dataset", ColumnKind.TEXT, f"name of the table; {OVERALL} is the board over all tables"),
    ColumnSchema("algorithm", ColumnKind.TEXT, "name of the plug-in"),
    ColumnSchema("params", ColumnKind.JSON, "build parameters, defaults filled in"),
    ColumnSchema("variant", ColumnKind.TEXT, "preprocessing in which the entry was fitted"),
    ColumnSchema("k_policy", ColumnKind.TEXT, "how the cut was chosen among those that were run"),
    ColumnSchema("cut", ColumnKind.JSON, "the chosen cut; empty on the board over all tables", optional=True),
    ColumnSchema("control", ColumnKind.FLAG, "whether the entry is a control"),
    ColumnSchema("oracle", ColumnKind.FLAG, "whether the true number of clusters was given"),
)
"""The columns that every leaderboard has; those of scores and statistics follow the declared metrics and spaces."""

CELL_COLUMNS = tuple(field.name for field in CELL_SCHEMA)
SCORE_COLUMNS = tuple(field.name for field in SCORE_SCHEMA)


def require_columns(frame: pd.DataFrame, needed: Iterable[str], what: str) -> None:
    """Raise `RequestError` where a frame lacks columns, listing all of them."""
    missing = [name for name in needed if name not in frame.columns]
    if missing:
        raise RequestError(f"columns are missing: {', '.join(missing)}", where=what)


def csv_text(frame: pd.DataFrame) -> str:
    """Return a frame as CSV without its index, lines ending in ``\\n``.

    Numbers read back bit for bit, truth values are ``true`` and ``false``, a missing value is an empty field. Text is
    written as it is.
    """
    written = frame.copy()
    for name in written.columns:
        column = written[name]
        if column.dtype == object or pd.api.types.is_bool_dtype(column.dtype):
            written[name] = [str(v).lower() if isinstance(v, bool | np.bool_) else v for v in column]
    text = str(written.to_csv(index=False, lineterminator="\n"))
    if "\r" in text:  # a reader takes a bare carriage return for the end of a line
        text = str(written.to_csv(index=False, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC))
    return text


def checked_board(board: pd.DataFrame) -> pd.DataFrame:
    """Return the columns of ``leaderboard.csv`` that are in `BOARD_SCHEMA`, in order.

    SchemaError if a column is missing or holds what its kind forbids, or a row is a duplicate.
    """
    return _checked(board, BOARD_SCHEMA, BOARD_KEY, "leaderboard.csv")


def checked_cells(cells: pd.DataFrame) -> pd.DataFrame:
    """Return the columns of ``cells.csv``, in order.

    SchemaError as for `checked_board`; and if a status is unknown, or a cell that did not end well has no reason.
    """
    table = _checked(cells, CELL_SCHEMA, CELL_KEY, "cells.csv")
    _known_statuses(table, [str(status) for status in CellStatus], "cells.csv")
    ended_well = table["status"] == CellStatus.OK.value
    _refuse(table, ended_well & table["labels_sha256"].isna(), "cells.csv", "is ok without a labeling")
    _refuse(table, ~ended_well & ~_has_text(table["reason"]), "cells.csv", "is not ok and gives no reason")
    return table


def checked_scores(scores: pd.DataFrame) -> pd.DataFrame:
    """Return the columns of ``scores.csv``, in order.

    SchemaError as for `checked_cells`; and if a value is missing where the status is ``ok``, or given where it is not.
    """
    table = _checked(scores, SCORE_SCHEMA, SCORE_KEY, "scores.csv")
    _known_statuses(table, [str(status) for status in ScoreStatus], "scores.csv")
    is_ok = table["status"] == ScoreStatus.OK.value
    _refuse(table, is_ok & table["value"].isna(), "scores.csv", "is ok without a value")
    _refuse(table, ~is_ok & table["value"].notna(), "scores.csv", "has a value although it is not ok")
    _refuse(table, ~is_ok & ~_has_text(table["reason"]), "scores.csv", "is not ok and gives no reason")
    return table


def _checked(frame: pd.DataFrame, schema: Sequence[ColumnSchema], key: list[str], what: str) -> pd.DataFrame:
    missing = [field.name for field in schema if field.name not in frame.columns]
    if missing:
        raise SchemaError(f"{what}: columns are missing: {', '.join(missing)}")
    table = frame[[field.name for field in schema]].reset_index(drop=True)
    for field in schema:
        column = table[field.name]
        empty = column.isna()
        if not field.optional:
            _refuse(table, empty, what, f"has no {field.name}")
        if field.kind is ColumnKind.NUMBER and bool(empty.all()):
            table[field.name] = column.astype(float)  # a column of None alone has no dtype of its own
        elif not _DTYPE_FITS[field.kind](column[~empty]):
            raise SchemaError(f"{what}: column {field.name} is of dtype {column.dtype}, not of kind: {field.kind}")
        else:
            _check_form(table, field, what)
    _refuse(table, table.duplicated(key), what, "is a duplicate row")
    return table


def _is_text(column: pd.Series) -> bool:
    return all(isinstance(value, str) for value in column.unique())


_DTYPE_FITS: dict[ColumnKind, Callable[[pd.Series], bool]] = {
    ColumnKind.TEXT: _is_text,
    ColumnKind.JSON: _is_text,
    ColumnKind.SHA256: _is_text,
    ColumnKind.INTEGER: lambda column: len(column) == 0 or pd.api.types.is_integer_dtype(column.dtype),
    ColumnKind.NUMBER: lambda column: pd.api.types.is_float_dtype(column.dtype),
    ColumnKind.FLAG: lambda column: pd.api.types.is_bool_dtype(column.dtype),
}


def _check_form(table: pd.DataFrame, field: ColumnSchema, what: str) -> None:
    if field.kind is ColumnKind.SHA256:
        wrong = [value for value in table[field.name].dropna().unique() if not _SHA256.fullmatch(value)]
    elif field.kind is ColumnKind.JSON:
        wrong = [value for value in table[field.name].dropna().unique() if not _is_sorted_object(value)]
    else:
        return
    if wrong:
        complaint = f"has {wrong[0]!r} in column {field.name}, which is not of kind: {field.kind}"
        _refuse(table, table[field.name] == wrong[0], what, complaint)


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
        culprit = ", ".join(f"{name} = {table[name].iloc[row]}" for name in names if name in table)
        raise SchemaError(f"{what}: row {row + 1} ({culprit}) {complaint}")
