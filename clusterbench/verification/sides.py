"""One side of a comparison: a run in its store, or the tables that were exported of one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from clusterbench.errors import RequestError
from clusterbench.results import Manifest, load_run
from clusterbench.store import STORE_NAME
from clusterbench.verification.exported_run import KEYS, TABLES, read_export


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
    manifest : Manifest
    """

    name: str
    board: pd.DataFrame
    cells: pd.DataFrame
    scores: pd.DataFrame
    manifest: Manifest


def read_side(target: str | Path) -> Side:
    """Read a run or an export.

    Parameters
    ----------
    target : str or Path
        A results folder (its latest run), ``FOLDER:BENCHMARK`` (that run of it), or a folder that holds
        ``leaderboard.csv``, ``scores.csv`` or ``scores_wide.csv``, ``cells.csv`` and ``manifest.json``, as `export` and
        `report` write them.

    Raises
    ------
    RequestError
        If there is no such folder or run, a file is missing or cannot be read, a column is missing, a field is empty or
        of no known value, or a row stands there twice.
    """
    folder, benchmark = _split(str(target))
    if (folder / STORE_NAME).exists():
        run = load_run(folder, benchmark)
        tables = {"leaderboard.csv": run.board.table, "cells.csv": run.cells, "scores.csv": run.scores}
        manifest = run.manifest
    else:
        tables, manifest = read_export(folder, benchmark)
    made = {name: frame[list(TABLES[name])].reset_index(drop=True) for name, frame in tables.items()}
    for name, frame in made.items():
        _refuse_twice(frame, name, folder)
    names = made["cells.csv"]["benchmark"].unique().tolist()
    title = f"{folder} ({', '.join(map(str, names))})" if names else str(folder)
    return Side(title, made["leaderboard.csv"], made["cells.csv"], made["scores.csv"], manifest)


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


def _refuse_twice(frame: pd.DataFrame, name: str, folder: Path) -> None:
    keys = KEYS[name]
    twice = frame[keys].duplicated()
    if bool(twice.any()):
        row = frame.loc[twice, keys].iloc[0]
        what = ", ".join(f"{key} = {row[key]}" for key in keys)
        raise RequestError(f"a row stands there twice: {what}", where=f"{folder}: {name}")
