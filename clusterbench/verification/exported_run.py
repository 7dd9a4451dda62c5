"""The tables that were exported of a run, read back bit for bit, or refused by file, row and column."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from clusterbench.errors import RequestError
from clusterbench.results import Manifest
from clusterbench.statuses import CellStatus, ScoreStatus
from clusterbench.store import STORE_NAME
from clusterbench.tables import CELL_COLUMNS, SCORE_COLUMNS

ENTRY_KEY = ["dataset", "algorithm", "params", "variant", "k_policy"]
CELL = ["dataset", "variant", "algorithm", "params", "cut", "seed"]
BOARD_COLUMNS = ("rank", "rank_low", "rank_high", *ENTRY_KEY, "cut", "control", "oracle")
_MANIFEST = "manifest.json"


class _Kind(StrEnum):
    TEXT = "text"
    WHOLE = "a whole number"
    NUMBER = "a number"
    FLAG = "true or false"
    JSON = "a JSON object"
    CELL_STATUS = ", ".join(CellStatus)
    SCORE_STATUS = ", ".join(ScoreStatus)


_KINDS = {
    **dict.fromkeys(("rank", "rank_low", "rank_high", "seed"), _Kind.WHOLE),
    **dict.fromkeys(("value", "noise_share", "fit_seconds"), _Kind.NUMBER),
    **dict.fromkeys(("control", "oracle"), _Kind.FLAG),
    **dict.fromkeys(("params", "cut"), _Kind.JSON),
}
_STATUSES = {"cells.csv": _Kind.CELL_STATUS, "scores.csv": _Kind.SCORE_STATUS}
# The one form of export that there is, known by its columns; more columns do no harm.
TABLES = {"leaderboard.csv": BOARD_COLUMNS, "cells.csv": CELL_COLUMNS, "scores.csv": SCORE_COLUMNS}
KEYS = {
    "leaderboard.csv": ENTRY_KEY,
    "cells.csv": CELL,
    "scores.csv": [*CELL, "space", "metric"],
}
_NEVER_EMPTY = {
    "leaderboard.csv": ("rank", *ENTRY_KEY, "control", "oracle"),
    "cells.csv": ("benchmark", *CELL, "status"),
    "scores.csv": ("benchmark", *CELL, "space", "metric", "status"),
}
# The scores once more, with one row per cell and a column per score: all that a committed board has.
_WIDE = "scores_wide.csv"
_WIDE_COLUMNS = SCORE_COLUMNS[: SCORE_COLUMNS.index("space")]


class Export(NamedTuple):
    """The tables of an export by their file names, and its manifest."""

    tables: dict[str, pd.DataFrame]
    manifest: Manifest


def read_export(folder: Path, benchmark: str | None) -> Export:
    """Return what an export holds.

    Where ``scores.csv`` is not there, ``scores_wide.csv`` is read in its place.

    Raises
    ------
    RequestError
        If a file is missing or of an unknown form, a field cannot be read, or it is of another benchmark.
    """
    found = [name for name in (*TABLES, _MANIFEST, _WIDE) if (folder / name).is_file()]
    wide = "scores.csv" not in found and _WIDE in found
    missing = [name for name in (*TABLES, _MANIFEST) if name not in found and not (wide and name == "scores.csv")]
    if missing:
        raise RequestError(
            f"{str(folder)!r} holds neither a store nor an export: it lacks {', '.join(missing)}",
            allowed=f"a folder with {STORE_NAME}, or with {', '.join((*TABLES, _MANIFEST))} ({_WIDE} for scores.csv)",
        )
    tables = {
        name: _wide_scores(folder / _WIDE) if wide and name == "scores.csv" else _read_table(folder / name, columns)
        for name, columns in TABLES.items()
    }
    there = tables["cells.csv"]["benchmark"].unique().tolist()
    if benchmark is not None and benchmark not in there:
        raise RequestError(f"this is no export of {benchmark!r}", where=str(folder), allowed=", ".join(there) or "none")
    return Export(tables, _read_manifest(folder / _MANIFEST))


def _read_table(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    raw = _read_csv(path, columns)
    return pd.DataFrame({name: _converted(raw[name].tolist(), name, path) for name in columns})


def _wide_scores(path: Path) -> pd.DataFrame:
    """Return scores of one column each as ``scores.csv`` has them; labels without a value have an undefined score."""
    raw = _read_csv(path, _WIDE_COLUMNS)
    places = [name for name in raw.columns if "@" in name]
    if not places:
        raise RequestError(
            "this table is of an unknown form: it holds no scores", where=str(path), allowed="METRIC@SPACE"
        )
    cells = pd.DataFrame({name: _converted(raw[name].tolist(), name, path) for name in _WIDE_COLUMNS})
    parts = []
    for place in places:
        metric, _, space = place.partition("@")
        value = pd.Series(_fields(raw[place].tolist(), place, path, _Kind.NUMBER), dtype="float64")
        status = value.notna().map({True: ScoreStatus.OK.value, False: ScoreStatus.UNDEFINED.value})
        parts.append(cells.assign(space=space, metric=metric, value=value, status=status, reason=""))
    scores = pd.concat(parts, ignore_index=True).astype(
        dict.fromkeys(("space", "metric", "status", "reason"), "object")
    )
    return scores[scores["labels_sha256"].notna()]


def _read_csv(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    try:
        # As text first: a table may be called NA, and numbers must come back bit for bit.
        raw = pd.read_csv(path, dtype=str, na_filter=False, encoding="utf-8")
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise RequestError(f"cannot be read: {' '.join(str(error).split())}", where=str(path)) from error
    missing = [name for name in columns if name not in raw.columns]
    if missing:
        raise RequestError(
            f"this table is of an unknown form: it lacks {', '.join(missing)}",
            where=str(path),
            allowed=f"the columns {', '.join(columns)}",
        )
    return raw


def _converted(fields: Sequence[str], column: str, path: Path) -> pd.Series:
    kind = _STATUSES[path.name] if column == "status" else _KINDS.get(column, _Kind.TEXT)
    # The wide table has the cells of the long one.
    never_empty = column in _NEVER_EMPTY.get(path.name, _NEVER_EMPTY["scores.csv"])
    return pd.Series(_fields(fields, column, path, kind, never_empty=never_empty), dtype=_CONVERSIONS[kind][1])


def _fields(fields: Sequence[str], column: str, path: Path, kind: _Kind, *, never_empty: bool = False) -> list[Any]:
    convert, values = _CONVERSIONS[kind][0], []
    for number, text in enumerate(fields, start=1):
        where = f"{path}: row {number}, column {column}"
        if text == "" and never_empty:
            raise RequestError("this field is empty", where=where, allowed=kind)
        try:
            values.append(None if text == "" else convert(text))
        except (ValueError, KeyError) as error:
            raise RequestError(f"{text!r} cannot be read", where=where, allowed=kind) from error
    return values


def _object(text: str) -> str:
    if not isinstance(json.loads(text), dict):
        raise ValueError("no JSON object")
    return text


def _finite(text: str) -> float:
    if not math.isfinite(value := float(text)):
        raise ValueError("no score is infinite, and one that is missing is an empty field")
    return value


_CONVERSIONS: dict[_Kind, tuple[Callable[[str], Any], str]] = {
    _Kind.TEXT: (str, "object"),
    _Kind.WHOLE: (int, "Int64"),
    _Kind.NUMBER: (_finite, "float64"),
    _Kind.JSON: (_object, "object"),
    _Kind.CELL_STATUS: (lambda text: CellStatus(text).value, "object"),
    _Kind.SCORE_STATUS: (lambda text: ScoreStatus(text).value, "object"),
    _Kind.FLAG: ({"true": True, "false": False}.__getitem__, "boolean"),
}


def _read_manifest(path: Path) -> Manifest:
    try:
        return Manifest.from_json(path.read_text(encoding="utf-8"), name=str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise RequestError(f"cannot be read: {error}", where=str(path)) from error
