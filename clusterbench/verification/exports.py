"""Read the tables that were exported from a run, or refuse them by file, row and column."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from clusterbench.errors import RequestError
from clusterbench.results import Manifest
from clusterbench.statuses import ScoreStatus
from clusterbench.store import STORE_NAME
from clusterbench.tables import (
    BOARD_SCHEMA,
    CELL_SCHEMA,
    PROVENANCE,
    SCORE_SCHEMA,
    ColumnKind,
    ColumnSchema,
    SchemaError,
    checked_board,
    checked_cells,
    checked_scores,
    require_columns,
)

_FILES = ("leaderboard.csv", "cells.csv", "scores.csv", "manifest.json")
# The scores with one row per cell and a column METRIC@SPACE per score: all that a committed board has.
_WIDE = "scores_wide.csv"


def read_export(folder: Path, benchmark: str | None) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, Manifest]:
    """Return the leaderboard, the cells and the scores of an export, checked against their schemas, and its manifest.

    Where ``scores.csv`` is missing, ``scores_wide.csv`` is read instead. Further columns are left out.

    Refused are files that are missing or cannot be read, a table that does not keep to its schema or has duplicate
    rows, and an export of another benchmark.
    """
    wide = not (folder / "scores.csv").is_file() and (folder / _WIDE).is_file()
    missing = [name for name in _FILES if not (folder / (_WIDE if wide and name == "scores.csv" else name)).is_file()]
    if missing:
        what = f"{str(folder)!r} holds neither a store nor an export: it lacks {', '.join(missing)}"
        allowed = f"a folder with {STORE_NAME}, or with {', '.join(_FILES)} ({_WIDE} for scores.csv)"
        raise RequestError(what, allowed=allowed)
    long = _read_wide_scores(folder / _WIDE) if wide else _read_table(folder / "scores.csv", SCORE_SCHEMA)
    try:
        board = checked_board(_read_table(folder / "leaderboard.csv", BOARD_SCHEMA))
        cells, scores = checked_cells(_read_table(folder / "cells.csv", CELL_SCHEMA)), checked_scores(long)
    except SchemaError as error:
        raise RequestError(str(error), where=str(folder)) from error
    names = cells["benchmark"].unique().tolist()
    if benchmark is not None and benchmark not in names:
        allowed = ", ".join(names) or "none"
        raise RequestError(f"this is not an export of {benchmark!r}", where=str(folder), allowed=allowed)
    return board, cells, scores, _read_manifest(folder / "manifest.json")


def _read_table(path: Path, schema: Sequence[ColumnSchema]) -> pd.DataFrame:
    raw = _read_csv(path, [field.name for field in schema])
    return pd.DataFrame({field.name: _converted(raw[field.name], field.kind, path) for field in schema})


def _read_wide_scores(path: Path) -> pd.DataFrame:
    """Return the scores of the wide table in the form of ``scores.csv``; an empty field is an undefined score."""
    raw = _read_csv(path, [field.name for field in PROVENANCE])
    places = [name for name in raw.columns if "@" in name]
    if not places:
        raise RequestError("columns are missing: no scores", where=str(path), allowed="METRIC@SPACE")
    cells = pd.DataFrame({field.name: _converted(raw[field.name], field.kind, path) for field in PROVENANCE})
    parts = []
    for place in places:
        metric, _, space = place.partition("@")
        value = _converted(raw[place], ColumnKind.NUMBER, path)
        status = value.notna().map({True: ScoreStatus.OK.value, False: ScoreStatus.UNDEFINED.value})
        reason = value.notna().map({True: "", False: "no value in the wide table"})
        parts.append(cells.assign(space=space, metric=metric, value=value, status=status, reason=reason))
    scores = pd.concat(parts, ignore_index=True)
    return scores[scores["labels_sha256"].notna()].astype({"status": object, "reason": object})


def _read_csv(path: Path, columns: Iterable[str]) -> pd.DataFrame:
    """Return a table as text: a dataset may be called NA, and numbers must read back bit for bit."""
    try:
        raw = pd.read_csv(path, dtype=str, na_filter=False, encoding="utf-8")
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise RequestError(f"cannot be read: {' '.join(str(error).split())}", where=str(path)) from error
    require_columns(raw, columns, str(path))
    return raw


def _converted(texts: pd.Series, kind: ColumnKind, path: Path) -> pd.Series:
    """Return a column of text in the type of its kind; an empty field is a missing value."""
    convert, dtype = _CONVERSIONS.get(kind, (str, "object"))
    values: list[Any] = []
    for number, text in enumerate(texts, start=1):
        try:
            values.append(None if text == "" else convert(text))
        except (ValueError, KeyError) as error:
            where = f"{path}: row {number}, column {texts.name}"
            raise RequestError(f"{text!r} cannot be read", where=where, allowed=str(kind)) from error
    return pd.Series(values, dtype=dtype)


# Text, JSON and hashes stay text.
_CONVERSIONS: dict[ColumnKind, tuple[Callable[[str], Any], str]] = {
    ColumnKind.INTEGER: (int, "Int64"),
    ColumnKind.NUMBER: (float, "float64"),
    ColumnKind.FLAG: ({"true": True, "false": False}.__getitem__, "boolean"),
}


def _read_manifest(path: Path) -> Manifest:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RequestError(f"cannot be read: {error}", where=str(path)) from error
    return Manifest.from_json(text, name=str(path))
