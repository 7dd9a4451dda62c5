"""Ranks of the first entries with their intervals, and beside them their scores or mean ranks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clusterbench.ranking import OrderRule
from clusterbench.report.entry_views import Board, Entry
from clusterbench.report.figure import Figure
from clusterbench.report.figure_style import ACCENT, MUTED, literal, new_figure, rank_axis
from clusterbench.report.number_text import fixed
from clusterbench.report.svg import Drawing
from clusterbench.text import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_ROWS = 30


def _draw(board: Board) -> Drawing:
    shown = board.entries[:_MOST_ROWS]
    canvas = new_figure(8.2, 0.9 + 0.235 * max(len(shown), 2))
    ranks, values = canvas.subplots(1, 2, sharey=True, width_ratios=(3, 2))
    for place, entry in enumerate(shown):
        if entry.has_interval:
            ranks.plot(
                [entry.rank_low, entry.rank_high], [place, place], color=_colour(entry), linewidth=2.2, alpha=0.55
            )
        _mark(ranks, entry.rank, place, entry)
        _mark(values, entry.order_value, place, entry)
    ranks.set_yticks(range(len(shown)), [literal(entry.label) for entry in shown])
    ranks.set_ylim(len(shown) - 0.4, -0.6)
    title = board.order.heading.lower()
    ranks.set_xlabel("rank (line: interval; to the left is better)")
    values.set_xlabel(f"{title} (to the {'right' if board.order is OrderRule.SCORE else 'left'} is better)")
    for axes in (ranks, values):
        axes.grid(visible=False, axis="y")
        axes.tick_params(axis="y", length=0)
    for axes in (ranks,) if board.order is OrderRule.SCORE else (ranks, values):
        rank_axis(axes, across=True)
    description = f"The first {len(shown)} of {len(board.entries)} entries, best on top."
    description += f" Best {title}: {shown[0].label}, {fixed(shown[0].order_value, 3)}."
    description += (
        f" Left: a disc is a rank, a hollow square that of a control, a line its interval. Right: the {title}."
    )
    rows = [(str(e.rank), e.interval, fixed(e.order_value, 3), e.label, e.marks) for e in shown]
    return Drawing(canvas, description, ("rank", "interval", title, "entry", "marks"), rows, _finding(board))


def _finding(board: Board) -> str:
    if not board.contenders:
        return ""
    first, *others = board.contenders
    rivals = [entry.label for entry in others if entry.has_interval and entry.rank_low <= 1]
    if not first.has_interval:
        return f"{first.label} is first"
    also = counted(len(rivals), "other contender") if rivals else "no other contender"
    return f"{first.label} is first; by their intervals, {also} may be"


def _colour(entry: Entry) -> str:
    return MUTED if entry.control else ACCENT


def _mark(axes: Axes, x: float, place: int, entry: Entry) -> None:
    mark, face = ("s", "none") if entry.control else ("o", _colour(entry))
    axes.plot([x], [place], mark, color=_colour(entry), markerfacecolor=face, markersize=6)


FIGURE = Figure("leaderboard", "Ranks and their intervals", lambda board: bool(board.entries), _draw, order=10)
