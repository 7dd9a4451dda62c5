"""Ranks of the first entries with their intervals, and mean ranks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clusterbench.report.entry_views import Board, Entry
from clusterbench.report.figure import Figure
from clusterbench.report.figure_style import ACCENT, MUTED, literal, new_figure, rank_axis
from clusterbench.report.number_text import fixed
from clusterbench.report.svg import Drawing

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_ROWS = 30


def _draw(board: Board) -> Drawing:
    shown = board.entries[:_MOST_ROWS]
    canvas = new_figure(8.2, 0.9 + 0.235 * max(len(shown), 2))
    axes = canvas.add_subplot()
    for place, entry in enumerate(shown):
        _mark(axes, place, entry)
    axes.set_yticks(range(len(shown)), [literal(entry.label) for entry in shown])
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.set_xlabel("rank (line: interval) and mean rank (small cross); lower is better")
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    rank_axis(axes, across=True)
    description = f"The first {len(shown)} of {len(board.entries)} entries, best on top."
    description += f" Best mean rank: {shown[0].label}, {fixed(shown[0].mean_rank, 2)}."
    description += " A disc is a rank, a hollow square that of a control, a line its interval, a cross the mean rank."
    rows = [(str(e.rank), e.interval, fixed(e.mean_rank, 2), e.label, e.marks) for e in shown]
    return Drawing(canvas, description, ("rank", "interval", "mean rank", "entry", "marks"), rows)


def _mark(axes: Axes, place: int, entry: Entry) -> None:
    colour = MUTED if entry.control else ACCENT
    if entry.has_interval:
        axes.plot([entry.rank_low, entry.rank_high], [place, place], color=colour, linewidth=2.2, alpha=0.55)
    mark, face = ("s", "none") if entry.control else ("o", colour)
    axes.plot([entry.rank], [place], mark, color=colour, markerfacecolor=face, markersize=6)
    axes.plot([entry.mean_rank], [place], "x", color="#000000", markersize=4, markeredgewidth=0.9)


FIGURE = Figure("leaderboard", "Ranks and their intervals", lambda board: bool(board.entries), _draw, order=10)
