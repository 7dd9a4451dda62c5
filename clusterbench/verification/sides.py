"""A side of a comparison: a run in its store, or the tables exported from one."""

import json
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from clusterbench.errors import RequestError
from clusterbench.naming import canonical_json
from clusterbench.results import Manifest, read_run
from clusterbench.store import STORE_NAME, Store
from clusterbench.tables import BOARD_SCHEMA, CELL_COLUMNS, SCORE_COLUMNS
from clusterbench.verification.exports import read_export

_NO_CONDITIONS = ("partitions", "seconds", "finished", "rules")  # outcomes of a run, and what it declares


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """One of two runs that are compared."""

    name: str  # the target, with the name of the benchmark
    board: pd.DataFrame  # the columns of `BOARD_SCHEMA`, one row per entry
    cells: pd.DataFrame  # those of ``cells.csv``, and ``environment``: the facts of that of its fit job as JSON
    scores: pd.DataFrame  # those of ``scores.csv``
    manifest: Manifest


def conditions(manifest: Manifest) -> dict[str, object]:
    """Return the facts of the conditions of a run: environment, limits, inputs."""
    facts = json.loads(manifest.to_json())
    return {name: value for name, value in facts.items() if name not in _NO_CONDITIONS}


def read_side(target: str | Path) -> Side:
    """Read a run or an export.

    Parameters
    ----------
    target : str or Path
        A results folder (its latest run), ``FOLDER:BENCHMARK`` (that run of it), or a folder with ``leaderboard.csv``,
        ``cells.csv``, ``manifest.json`` and ``scores.csv`` or ``scores_wide.csv``, as `export` and `report` write them.

    Raises
    ------
    RequestError
        If there is no such folder or run, or a file is missing or cannot be read.
    """
    folder, benchmark = _split(str(target))
    if (folder / STORE_NAME).exists():
        with Store.reader(folder) as store:
            run = read_run(store, benchmark)
            environments = store.environments(run.cells["job_key"].unique().tolist())
        board, cells, scores, manifest = run.board.table, run.cells, run.scores, run.manifest
    else:
        board, cells, scores, manifest = read_export(folder, benchmark)
        cells, environments = cells.assign(job_key=""), {}
    facts, names = conditions(manifest), ", ".join(cells["benchmark"].unique())
    made_by = {
        key: canonical_json({**facts, **json.loads(environments.get(key, "{}"))}) for key in cells["job_key"].unique()
    }
    return Side(
        name=f"{folder} ({names})" if names else str(folder),
        board=board[[field.name for field in BOARD_SCHEMA]].reset_index(drop=True),
        cells=cells[list(CELL_COLUMNS)].assign(environment=cells["job_key"].map(made_by)).reset_index(drop=True),
        scores=scores[list(SCORE_COLUMNS)].reset_index(drop=True),
        manifest=manifest,
    )


def _split(target: str) -> tuple[Path, str | None]:
    """Return folder and benchmark; a folder may have a colon in its name."""
    head, colon, tail = target.rpartition(":")
    for folder, benchmark in ((target, None), (head, tail)):
        if folder and Path(folder).is_dir():
            return Path(folder), benchmark or None
    allowed = "a results folder, FOLDER:BENCHMARK, or a folder with exported tables"
    raise RequestError(f"there is no folder {head if colon and head else target!r}", allowed=allowed)
