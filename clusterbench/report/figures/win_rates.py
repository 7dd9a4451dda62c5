"""How often one entry beats another over the datasets."""

import numpy as np

from clusterbench.report.entry_views import Board
from clusterbench.report.figure import Figure
from clusterbench.report.figure_style import Shades, draw_matrix, new_figure
from clusterbench.report.number_text import fixed, share
from clusterbench.report.svg import Drawing

_MOST_ENTRIES = 16
_SHADES = Shades("PuOr_r", 0.0, 1.0, 2, dark=lambda place: abs(place - 0.5) > 0.375)


def _draw(board: Board) -> Drawing:
    rates = board.run.board.win_rates
    assert rates is not None
    places = {tuple(map(str, key)): place for place, key in enumerate(rates.index)}
    shown = [entry for entry in board.contenders if entry.key in places][:_MOST_ENTRIES]
    at = [places[entry.key] for entry in shown]
    values = rates.to_numpy(dtype=np.float64)[np.ix_(at, at)]
    numbers = [f"#{place + 1}" for place in range(len(shown))]
    names = [f"{number} {entry.label}" for number, entry in zip(numbers, shown, strict=True)]
    canvas = new_figure(3.0 + 0.45 * max(len(shown), 3), 0.9 + 0.3 * max(len(shown), 2))
    draw_matrix(canvas, values, names, numbers, _SHADES)
    description = (
        f"The first {len(shown)} of {len(board.contenders)} contenders. A field is the share of the ranked columns, by"
        " weight, in which the entry of the row is better than that of the column, the mean over the datasets; equal"
        " scores count one half. Column #2 is the entry of row #2."
    )
    rows = [(name, *(fixed(value, 2) for value in row)) for name, row in zip(names, values.tolist(), strict=True)]
    others = np.where(np.eye(len(shown), dtype=bool), np.nan, values)[:1, 1:]
    finding = f"{shown[0].label} beats the others in {share(float(np.nanmean(others)))}" if others.size else ""
    return Drawing(canvas, description, ("entry", *numbers), rows, finding)


def _is_drawn(board: Board) -> bool:
    return bool(board.entries) and board.overall and board.run.board.win_rates is not None


FIGURE = Figure("win-rates", "How often one entry beats another", _is_drawn, _draw, order=25)
