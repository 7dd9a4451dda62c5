"""One side of a comparison: a run in its store, or the tables that were exported of one."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import pandas as pd

from clusterbench.conductor import CELL_COLUMNS, SCORE_COLUMNS, load_run
from clusterbench.errors import RequestError
from clusterbench.store import STORE_NAME

ENTRY = ["dataset", "algorithm", "params", "variant", "k_policy"]
CELL = ["dataset", "variant", "algorithm", "params", "cut", "seed"]
BOARD_COLUMNS = ("rank", "rank_low", "rank_high", *ENTRY, "cut", "control", "oracle")
_MANIFEST = "manifest.json"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class _Kind(StrEnum):
    TEXT = "text"
    WHOLE = "a whole number"
    NUMBER = "a number"
    FLAG = "true or false"
    JSON = "a JSON object"


_KINDS = {
    **dict.fromkeys(("rank", "rank_low", "rank_high", "seed"), _Kind.WHOLE),
    **dict.fromkeys(("value", "fit_seconds"), _Kind.NUMBER),
    **dict.fromkeys(("control", "oracle"), _Kind.FLAG),
    **dict.fromkeys(("params", "cut"), _Kind.JSON),
}
# The one form of export that there is, known by its columns; more columns do no harm.
_TABLES = {"leaderboard.csv": BOARD_COLUMNS, "cells.csv": CELL_COLUMNS, "scores.csv": SCORE_COLUMNS}
_KEYS = {
    "leaderboard.csv": ENTRY,
    "cells.csv": CELL,
    "scores.csv": [*CELL, "space", "metric"],
}


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """What is compared.

    Attributes
    ----------
    name : str
        As it was asked for, with the name of the benchmark.
    board : DataFrame
        `BOARD_COLUMNS` of the leaderboard, one row per entry.
    cells, scores : DataFrame
        With the columns of ``cells.csv`` and ``scores.csv``.
    manifest : mapping
    plan : mapping or None
        The recorded plan of a run, with the rules that it was ranked by; an export has none.
    """

    name: str
    board: pd.DataFrame
    cells: pd.DataFrame
    scores: pd.DataFrame
    manifest: Mapping[str, Any]
    plan: Mapping[str, Any] | None = None


def read_side(target: str | Path) -> Side:
    """Read a run or an export.

    Parameters
    ----------
    target : str or Path
        A results folder (its latest run), ``FOLDER:BENCHMARK`` (that run of it), or a folder that holds
        ``leaderboard.csv``, ``scores.csv``, ``cells.csv`` and ``manifest.json``, as `export` and `report` write them.

    Raises
    ------
    RequestError
        If there is no such folder or run, a file is missing or cannot be read, a column is missing, or a row stands
        there twice.
    """
    folder, benchmark = _split(str(target))
    plan: Mapping[str, Any] | None = None
    if (folder / STORE_NAME).exists():
        run = load_run(folder, benchmark)
        tables = {"leaderboard.csv": run.board.table, "cells.csv": run.cells, "scores.csv": run.scores}
        manifest, plan = run.manifest, run.plan
    else:
        tables, manifest = _read_export(folder, benchmark)
    made = {name: frame[list(_TABLES[name])].reset_index(drop=True) for name, frame in tables.items()}
    for name, frame in made.items():
        _refuse_twice(frame, name, folder)
    names = made["cells.csv"]["benchmark"].unique().tolist()
    title = f"{folder} ({', '.join(map(str, names))})" if names else str(folder)
    return Side(title, made["leaderboard.csv"], made["cells.csv"], made["scores.csv"], manifest, plan)


def _split(target: str) -> tuple[Path, str | None]:
    """Return folder and benchmark; a folder may have a colon in its name."""
    head, colon, tail = target.rpartition(":")
    for folder, benchmark in ((target, None), (head, tail)):
        if folder and Path(folder).is_dir():
            return Path(folder), benchmark or None
    raise RequestError(
        f"there is no folder {head if colon and head else target!r}",
        allowed="a results folder, FOLDER:BENCHMARK, or a folder with exported tables",
    )


def _read_export(folder: Path, benchmark: str | None) -> tuple[dict[str, pd.DataFrame], Mapping[str, Any]]:
    missing = [name for name in (*_TABLES, _MANIFEST) if not (folder / name).is_file()]
    if missing:
        raise RequestError(
            f"{str(folder)!r} holds neither a store nor an export: it lacks {', '.join(missing)}",
            allowed=f"a folder with {STORE_NAME}, or with {', '.join((*_TABLES, _MANIFEST))}",
        )
    tables = {name: _read_csv(folder / name, columns) for name, columns in _TABLES.items()}
    there = tables["cells.csv"]["benchmark"].unique().tolist()
    if benchmark is not None and benchmark not in there:
        raise RequestError(f"this is no export of {benchmark!r}", where=str(folder), allowed=", ".join(there) or "none")
    return tables, _read_manifest(folder / _MANIFEST)


def _read_csv(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
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
    return pd.DataFrame({name: _converted(raw[name].tolist(), name, path) for name in columns})


def _converted(fields: list[str], column: str, path: Path) -> pd.Series:
    kind = _KINDS.get(column, _Kind.TEXT)
    convert, dtype = _CONVERSIONS[kind]
    values = []
    for number, text in enumerate(fields, start=1):
        try:
            values.append(None if text == "" else convert(text))
        except (ValueError, KeyError) as error:
            where = f"{path}: row {number}, column {column}"
            raise RequestError(f"{text!r} cannot be read", where=where, allowed=kind) from error
    return pd.Series(values, dtype=dtype)


def _unguarded(text: str) -> str:
    """Take off the apostrophe that keeps a spreadsheet from computing a text."""
    return text[1:] if text[0] == "'" and text[1:].startswith(_FORMULA) else text


def _object(text: str) -> str:
    if not isinstance(json.loads(text), dict):
        raise ValueError("no JSON object")
    return text


_CONVERSIONS: dict[_Kind, tuple[Callable[[str], Any], str]] = {
    _Kind.TEXT: (_unguarded, "object"),
    _Kind.WHOLE: (int, "Int64"),
    _Kind.NUMBER: (float, "float64"),
    _Kind.JSON: (_object, "object"),
    _Kind.FLAG: ({"true": True, "false": False}.__getitem__, "boolean"),
}


def _read_manifest(path: Path) -> Mapping[str, Any]:
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RequestError(f"cannot be read: {error}", where=str(path)) from error
    if not isinstance(manifest, dict):
        raise RequestError(f"holds a {type(manifest).__name__}", where=str(path), allowed="a JSON object")
    return manifest


def _refuse_twice(frame: pd.DataFrame, name: str, folder: Path) -> None:
    keys = _KEYS[name]
    twice = frame[keys].duplicated()
    if bool(twice.any()):
        row = frame.loc[twice, keys].iloc[0]
        what = ", ".join(f"{key} = {row[key]}" for key in keys)
        raise RequestError(f"a row stands there twice: {what}", where=f"{folder}: {name}")
