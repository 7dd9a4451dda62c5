"""How far the ranked columns agree on the order of the contenders."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clusterbench.metrics import Direction
from clusterbench.report.entry_views import Board, column_in_words, metric_title
from clusterbench.report.figure import Figure, of_one_dataset
from clusterbench.report.figure_style import Shades, draw_matrix, new_figure
from clusterbench.report.number_text import fixed, is_missing
from clusterbench.report.svg import Drawing
from clusterbench.text import in_sentence

_SHADES = Shades("PuOr_r", -1.0, 1.0, 2, dark=lambda place: abs(place - 0.5) > 0.375)


def _draw(board: Board) -> Drawing:
    ranked = [column.name for column in board.run.board.columns if column.ranked]
    columns = [name for name in ranked if any(not is_missing(entry.row[name]) for entry in board.entries)]
    names = [metric_title(board.metrics, column) for column in columns]
    matrix = _correlations(board, columns)
    canvas = new_figure(2.9 + 0.62 * len(columns), 1.5 + 0.4 * len(columns))
    draw_matrix(canvas, matrix, names, names, _SHADES)
    description = f"Spearman correlation over {len(board.contenders)} contenders, each turned so that higher is better:"
    description += " 1 is the same order, 0 no relation, below 0 a contradiction."
    rows = [(name, *(fixed(value, 2) for value in row)) for name, row in zip(names, matrix.tolist(), strict=True)]
    return Drawing(canvas, description, ("column", *names), rows, _finding(board, matrix, columns))


def _finding(board: Board, matrix: NDArray[np.float64], columns: Sequence[str]) -> str:
    """Name the two metrics that agree least."""
    metrics = np.array([column.partition("@")[0] for column in columns])
    between = np.where(metrics[:, None] == metrics, np.nan, matrix)
    if np.isnan(between).all():
        return ""
    i, j = divmod(int(np.nanargmin(between)), len(columns))
    one, other = (in_sentence(column_in_words(board.metrics, columns[place])) for place in (i, j))
    relation = "contradict each other most" if between[i, j] < 0 else "agree least"
    return f"On the order of the contenders, {one} and {other} {relation} ({fixed(between[i, j], 2)})"


def _correlations(board: Board, columns: Sequence[str]) -> NDArray[np.float64]:
    """Return Spearman's rank correlation of columns over the contenders, NaN where a column does not vary."""
    table = pd.DataFrame([[entry.row[name] for name in columns] for entry in board.contenders], columns=list(columns))
    table = table.astype(float)
    for column in columns:
        metric = board.metrics.get(column.partition("@")[0])
        # pandas leaves infinite values out; the largest number keeps their order.
        limit = float(np.finfo(float).max)
        table[column] = table[column].clip(-limit, limit) * (
            -1.0 if metric is not None and metric.direction is Direction.LOWER else 1.0
        )
    varied = [column for column in columns if table[column].nunique() > 1]  # noqa: PD101
    matrix = table[varied].corr(method="spearman") if len(table) > 2 else pd.DataFrame()
    return matrix.reindex(index=list(columns), columns=list(columns)).to_numpy(dtype=np.float64)


def _is_drawn(board: Board) -> bool:
    return of_one_dataset(board) and len(board.entries) > 2


FIGURE = Figure("metric-correlation", "Correlation of the metrics", _is_drawn, _draw, order=80)
