"""The checked input frames as one dense matrix: cells x (metric, space)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from clusterbench.errors import RequestError
from clusterbench.ranking.rules import KPolicy, RankingSpec
from clusterbench.statuses import CellStatus
from clusterbench.tables import CELL_KEY, CUT_KEY, ENTRY_KEY, OWN, Bools, Floats, Ints, require_columns

ScoreColumn = tuple[str, str]
"""The names of a metric and of a space."""

NEEDED_CELL_COLUMNS = (
    *CELL_KEY,
    "labels_sha256",
    "status",
    "reason",
    "n_clusters",
    "noise_share",
    "smallest",
    "largest",
    "fit_seconds",
    "peak_mb",
)
NEEDED_SCORE_COLUMNS = (*CELL_KEY, "space", "metric", "value", "status", "reason")
BASELINE_COLUMNS = ("dataset", "space", "k", "generator", "metric", "value", "passes")


@dataclass(frozen=True, slots=True)
class Matrix:
    """All C cells in one order, with their scores as a dense matrix of M columns."""

    cells: pd.DataFrame  # by dataset, algorithm, params, variant, cut (as numbers), seed, whatever the given order
    columns: tuple[ScoreColumn, ...]  # reference columns first, own-space columns after them
    n_reference: int  # number of `columns` in reference spaces
    scores: Floats  # (C, M); NaN where there is no score
    reasons: Mapping[tuple[int, int], str]  # by cell and column, why a score is missing, where the frame has a reason
    cut_start: Ints  # first row of every cut
    entry_start: Ints  # first cut of every entry (algorithm x params x variant in a dataset)
    position: Mapping[ScoreColumn, int] = field(init=False)
    ok: Bools = field(init=False)  # (C,): whether the status of a cell is ``ok``

    def __post_init__(self) -> None:
        object.__setattr__(self, "position", {column: i for i, column in enumerate(self.columns)})
        object.__setattr__(self, "ok", np.asarray(self.cells["status"] == CellStatus.OK, dtype=bool))

    def cut_positions(self, frame: pd.DataFrame) -> Ints:
        """Return the position among the cuts of the cut that each row of `frame` names; -1 where there is none."""
        cuts = pd.MultiIndex.from_frame(self.cells[CUT_KEY].iloc[self.cut_start])
        return np.asarray(cuts.get_indexer(pd.MultiIndex.from_frame(frame[CUT_KEY])), dtype=np.int64)

    def reason(self, cell: int, column: int) -> str:
        """Return why a score is missing."""
        return self.reasons.get((cell, column)) or "no score was recorded"


def build_matrix(cells: pd.DataFrame, scores: pd.DataFrame, spec: RankingSpec, *, has_baselines: bool) -> Matrix:
    """Check the frames and return the scores as a dense matrix.

    Scores of cells that are not in `cells` are ignored: a filtered table of cells gives a filtered leaderboard. Refused
    are missing columns, duplicate cells or scores, and metrics or spaces without any score.
    """
    require_columns(cells, NEEDED_CELL_COLUMNS, "cells")
    require_columns(scores, NEEDED_SCORE_COLUMNS, "scores")
    _check_statuses(cells)
    if KPolicy.CALIBRATED in spec.k_policies and not has_baselines:
        what = "the k policy 'calibrated' needs the scores of random partitions, and none were given"
        raise RequestError(what, where="k_policies", allowed="give baselines, or another policy")
    ordered = _ordered(cells)
    columns, n_reference = _wanted_columns(scores, spec, has_baselines=has_baselines)
    values, reasons = _fill(_rows_of(scores, ordered), scores, columns, len(ordered))
    starts = _starts(ordered)
    matrix = Matrix(ordered, columns, n_reference, values, reasons, *starts)
    _check_coverage(matrix, spec)
    return matrix


def with_scores(matrix: Matrix, scores: pd.DataFrame, what: str) -> Floats:
    """Return the scores of a matrix with the rows of some cells replaced by those of `scores`, shape (C, M)."""
    require_columns(scores, NEEDED_SCORE_COLUMNS, what)
    rows, n_cells = _rows_of(scores, matrix.cells), len(matrix.cells)
    values, _ = _fill(rows, scores, matrix.columns, n_cells)
    return np.where(np.isin(np.arange(n_cells), rows)[:, None], values, matrix.scores)


def _check_statuses(cells: pd.DataFrame) -> None:
    unknown = sorted(set(cells["status"].dropna().unique()) - {str(status) for status in CellStatus})
    if unknown or bool(cells["status"].isna().any()):
        what = f"unknown status {', '.join(map(repr, unknown)) or 'NaN'}"
        raise RequestError(what, where="cells: status", allowed=", ".join(CellStatus))


def _ordered(cells: pd.DataFrame) -> pd.DataFrame:
    """Return the cells by their keys: numbers as numbers, JSON objects by their values, the rest as text."""
    repeated = cells[cells.duplicated(CELL_KEY)]
    if len(repeated):
        raise RequestError(f"duplicate cell: {_describe(repeated.iloc[0])}", where="cells", allowed="one row per cell")
    places = []
    for name in CELL_KEY:
        code, values = pd.factorize(cells[name], use_na_sentinel=False)
        keys = list(map(_sort_key, values))
        places.append(np.argsort(sorted(range(len(keys)), key=keys.__getitem__))[code])
    ordered: pd.DataFrame = cells.iloc[np.lexsort(places[::-1])].reset_index(drop=True)
    ordered["reason"] = ordered["reason"].fillna("")
    return ordered


def _rows_of(scores: pd.DataFrame, cells: pd.DataFrame) -> Ints:
    """Return the row of the cell that each score is of; -1 where there is no such cell."""
    rows = scores[CELL_KEY].merge(cells[CELL_KEY].assign(row=np.arange(len(cells))), on=CELL_KEY, how="left")["row"]
    return rows.fillna(-1).to_numpy(dtype=np.int64)


def _sort_key(value: object) -> tuple[tuple[int, float, str], ...]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return ((1, 0.0, str(value)),)
    if isinstance(value, dict):
        return tuple(part for name in sorted(value) for part in ((1, 0.0, name), *_sort_key(value[name])))
    if isinstance(value, int | float | np.number):
        return ((0, float(value), "") if value == value else (2, 0.0, ""),)
    return ((1, 0.0, str(value)),)


def _describe(row: pd.Series) -> str:
    return ", ".join(f"{name} = {row[name]}" for name in CELL_KEY)


def _wanted_columns(
    scores: pd.DataFrame, spec: RankingSpec, *, has_baselines: bool
) -> tuple[tuple[ScoreColumn, ...], int]:
    metrics = list(spec.metrics)
    chosen = spec.policies(has_baselines=has_baselines)
    if "silhouette" not in metrics and (set(chosen) - {KPolicy.CALIBRATED} or "silhouette" in set(scores["metric"])):
        metrics.append("silhouette")
    reference = [(metric, space) for metric in metrics for space in spec.reference_spaces]
    given = set(scores.loc[scores["space"] == OWN, "metric"].unique())
    own = [(metric, OWN) for metric in spec.metrics if metric in given]
    return (*reference, *own), len(reference)


def _fill(
    rows: Ints, scores: pd.DataFrame, columns: tuple[ScoreColumn, ...], n_cells: int
) -> tuple[Floats, dict[tuple[int, int], str]]:
    """Return the scores of the cells in some rows as a matrix, and the reasons of those that are missing."""
    places = pd.MultiIndex.from_frame(scores[["metric", "space"]])
    used = scores.assign(row=rows, column=pd.MultiIndex.from_tuples(columns).get_indexer(places))
    used = used[(used["row"] >= 0) & (used["column"] >= 0)]
    repeated = used[used.duplicated(["row", "column"])]
    if len(repeated):
        culprit = repeated.iloc[0]
        where = f"{_describe(culprit)}, space = {culprit['space']}, metric = {culprit['metric']}"
        raise RequestError(f"duplicate score: {where}", where="scores", allowed="one row per cell, space, metric")
    found = used["value"].to_numpy(dtype=np.float64, na_value=np.nan)
    found = np.where(used["status"] == CellStatus.OK, found, np.nan)
    values = np.full((n_cells, len(columns)), np.nan)
    values[used["row"], used["column"]] = found
    lost = used[np.isnan(found)]
    reasons = lost["reason"].fillna("").astype(str)
    return values, dict(zip(zip(lost["row"], lost["column"], strict=True), reasons, strict=True))


def _starts(cells: pd.DataFrame) -> tuple[Ints, Ints]:
    """Return the first row of every cut, and the first cut of every entry."""
    n = len(cells)
    new_entry = np.zeros(n, dtype=bool)
    new_entry[:1] = True
    for name in ENTRY_KEY:
        code = pd.factorize(cells[name], use_na_sentinel=False)[0]
        new_entry[1:] |= code[1:] != code[:-1]
    cut = pd.factorize(cells["cut"], use_na_sentinel=False)[0]
    new_cut = new_entry.copy()
    new_cut[1:] |= cut[1:] != cut[:-1]
    cut_start = np.flatnonzero(new_cut)
    return cut_start, np.flatnonzero(new_entry[cut_start])


def _check_coverage(matrix: Matrix, spec: RankingSpec) -> None:
    """Refuse a table in which a dataset has no score at all for a metric and space; the error lists all of them."""
    missing = []
    datasets = matrix.cells["dataset"].to_numpy()
    recorded = ~np.isnan(matrix.scores)
    for row, column in matrix.reasons:
        recorded[row, column] = True
    for dataset in pd.unique(datasets[matrix.ok]):
        there = recorded[(datasets == dataset) & matrix.ok].any(axis=0)
        gaps = [matrix.columns[i] for i in range(matrix.n_reference) if not there[i]]
        missing += [f"{metric} in space {space} of {dataset}" for metric, space in gaps]
    if missing:
        allowed = f"scores of {', '.join(spec.metrics)} in {', '.join(spec.reference_spaces)}"
        raise RequestError(f"there is no score at all for: {'; '.join(missing)}", where="scores", allowed=allowed)
