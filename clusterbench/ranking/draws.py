"""Draws: what the cuts gave on halves of the rows, aligned with the cuts of a matrix."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from clusterbench.ranking.score_matrix import Matrix
from clusterbench.statuses import CellStatus
from clusterbench.tables import CUT_KEY, Floats, require_columns

DRAW_COLUMNS = (*CUT_KEY, "draw", "labels_sha256", "status", "reason", "n_clusters", "ari")
DRAW_SCORE_COLUMNS = ("dataset", "draw", "labels_sha256", "space", "metric", "value")


@dataclass(frozen=True, slots=True, eq=False)
class Draws:
    """The fits of the cuts to halves of the rows; RequestError for missing columns."""

    # One row per cut and draw: the key of the cut, draw (a number), labels_sha256, status (by the gate of the draw),
    # reason, n_clusters, ari (adjusted Rand index with the labeling of all rows), and possibly jaccards (a JSON list:
    # the best Jaccard similarity of each cluster of that labeling, null where no row was drawn).
    cells: pd.DataFrame
    scores: pd.DataFrame  # dataset, draw, labels_sha256, space, metric, value: one row per labeling, space and metric

    def __post_init__(self) -> None:
        require_columns(self.cells, DRAW_COLUMNS, "draws: cells")
        require_columns(self.scores, DRAW_SCORE_COLUMNS, "draws: scores")

    @property
    def numbers(self) -> list[int]:
        """The numbers of the draws, ascending."""
        return sorted(int(number) for number in self.cells["draw"].unique())


@dataclass(frozen=True, slots=True, eq=False)
class CutStability:
    """The agreement of the K cuts of a matrix with their D draws; NaN where a draw failed or a cut was not drawn."""

    agreement: Floats  # (D, K): adjusted Rand index
    mean: Floats  # (K,), like the next two over all draws: the mean of those that did not fail would be biased
    least: Floats
    jaccard: Floats  # over clusters too
    reasons: Mapping[int, str]  # why cuts that were drawn have no stability

    @classmethod
    def of(cls, matrix: Matrix, draws: Draws | None) -> CutStability:
        """Align the agreement of `draws` with the cuts of `matrix`."""
        n_cuts, numbers = len(matrix.cut_start), [] if draws is None else draws.numbers
        if draws is None or not numbers:
            unknown = np.full(n_cuts, np.nan)
            return cls(np.full((0, n_cuts), np.nan), unknown, unknown, unknown, {})
        agreement, jaccards = np.full((2, len(numbers), n_cuts), np.nan)
        drawn = np.zeros(n_cuts, dtype=bool)
        has_clusters = "jaccards" in draws.cells
        for d, number in enumerate(numbers):
            cells = draws.cells[draws.cells["draw"] == number]
            at = matrix.cut_positions(cells)
            known = at >= 0
            drawn[at[known]] = True
            agreement[d, at[known]] = cells["ari"].to_numpy(dtype=np.float64, na_value=np.nan)[known]
            if has_clusters:
                jaccards[d, at[known]] = [_mean_jaccard(text) for text in cells["jaccards"][known]]
        failed = np.isnan(agreement).sum(axis=0)
        reasons = {
            int(cut): f"{failed[cut]} of {len(numbers)} refits on halves of the rows failed"
            if drawn[cut]
            else "it was not fitted to halves of the rows"
            for cut in np.flatnonzero(failed > 0)
        }
        return cls(agreement, agreement.mean(axis=0), agreement.min(axis=0), jaccards.mean(axis=0), reasons)


def _mean_jaccard(text: str) -> float:
    values = [value for value in json.loads(text) if value is not None]
    return float(np.mean(values)) if values else np.nan


def drawn_matrices(matrix: Matrix, draws: Draws) -> Sequence[Matrix]:
    """Return for each draw a matrix with one row per cut of `matrix`; a cut that was not drawn is ``skipped``."""
    first = matrix.cells.iloc[matrix.cut_start].reset_index(drop=True)
    matrices = []
    for number in draws.numbers:
        drawn = draws.cells[draws.cells["draw"] == number]
        at = matrix.cut_positions(drawn)
        known, names = at >= 0, ["labels_sha256", "status", "reason", "n_clusters"]
        cells = first.assign(labels_sha256=None, status=CellStatus.SKIPPED.value, reason="not drawn", n_clusters=None)
        cells.loc[at[known], names] = drawn.loc[known, names].to_numpy(dtype=object)
        scores = _drawn_scores(matrix, cells, draws.scores[draws.scores["draw"] == number])
        starts = np.arange(len(cells))
        matrices.append(replace(matrix, cells=cells, scores=scores, reasons={}, cut_start=starts))
    return matrices


def _drawn_scores(matrix: Matrix, cells: pd.DataFrame, scores: pd.DataFrame) -> Floats:
    key, index = ["dataset", "labels_sha256"], pd.MultiIndex.from_frame
    columns = pd.MultiIndex.from_tuples(matrix.columns).get_indexer(index(scores[["metric", "space"]]))
    used, scored = columns >= 0, index(scores[key].drop_duplicates())
    values = np.full((len(scored) + 1, len(matrix.columns)), np.nan)  # the last row is that of labels without scores
    rows = scored.get_indexer(index(scores[key]))
    values[rows[used], columns[used]] = scores["value"].to_numpy(dtype=np.float64, na_value=np.nan)[used]
    return np.asarray(values[scored.get_indexer(index(cells[key]))])
