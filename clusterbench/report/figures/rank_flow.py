"""How ranks move from one reference space to another."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from clusterbench.ranking import ONLY_SPACE
from clusterbench.report.entry_views import Board
from clusterbench.report.figure import Figure, of_one_dataset
from clusterbench.report.figure_style import literal, look, new_figure, rank_axis
from clusterbench.report.svg import Drawing
from clusterbench.tables import ENTRY_IDENTITY
from clusterbench.text import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_LINES = 14


def _draw(board: Board) -> Drawing:
    frame = board.run.board.sensitivity
    frame = frame[(frame["dataset"] == board.dataset) & ~frame["oracle"].astype(bool) & (frame["kind"] == ONLY_SPACE)]
    spaces = [space for space in board.spaces if space in set(frame["what"])]
    keys = frame[[*ENTRY_IDENTITY, "what", "rank"]].itertuples(index=False, name=None)
    ranks = {(tuple(map(str, key)), space): int(rank) for *key, space, rank in keys}
    shown = [e for e in board.contenders if all((e.key, space) in ranks for space in spaces)][:_MOST_LINES]
    lines = [[entry.rank, *(ranks[entry.key, space] for space in spaces)] for entry in shown]
    canvas = new_figure(8.2, 1.0 + 0.3 * max(len(shown), 4))
    axes = canvas.add_subplot()
    heights, bottom = _label_heights([line[-1] for line in lines], max(map(max, lines), default=1))
    for index, (entry, line, height) in enumerate(zip(shown, lines, heights, strict=True)):
        _line(axes, index, line, height, literal(entry.label))
    axes.set_xticks(range(len(spaces) + 1), [literal(name, 24) for name in ("published", *spaces)])
    axes.set_xlim(-0.15, len(spaces) + 0.6)
    axes.set_ylabel("rank (upwards is better)")
    axes.set_ylim(bottom, 0.5)
    rank_axis(axes)
    description = f"The first {len(shown)} of {len(board.contenders)} contenders;"
    description += " crossing lines are ranks that depend on the space."
    if len(lines) > 1 and len(set(map(tuple, lines))) == 1:
        description += " All of them have the same ranks, so their lines are one."
    finding = ""
    if shown:
        moves = [max(line) - min(line) for line in lines]
        farthest = max(range(len(moves)), key=lambda place: moves[place])
        finding = "No rank depends on the reference space"
        if moves[farthest]:
            finding = f"From one space to another {shown[farthest].label} moves farthest, by {moves[farthest]} ranks"
    rows = [(entry.label, *map(str, line)) for entry, line in zip(shown, lines, strict=True)]
    header = ("entry", "published rank", *(f"rank in {printable(space)} alone" for space in spaces))
    return Drawing(canvas, description, header, rows, finding)


def _label_heights(ranks: Sequence[int], worst: int) -> tuple[list[float], float]:
    """Return the heights of the labels of lines that end at `ranks`, and the end of an axis that contains them all.

    With equal ranks all lines are one, and the axis has no height of its own.
    """
    end = max(worst, 2) + 0.5
    # Of 0.3 inches per line, and a little more, a label takes half.
    placed = _apart(ranks, 0.5 * (end - 0.5) / max(len(ranks), 4))
    return placed, max([end, *(height + 0.2 for height in placed)])


def _apart(heights: Sequence[float], least: float) -> list[float]:
    """Return heights in the same order that are at least so far apart that labels do not cover one another."""
    placed = [0.0] * len(heights)
    last = -math.inf
    for index in sorted(range(len(heights)), key=lambda i: heights[i]):
        last = max(float(heights[index]), last + least)
        placed[index] = last
    return placed


def _line(axes: Axes, index: int, line: Sequence[int], height: float, label: str) -> None:
    style = look(index)
    axes.plot(range(len(line)), line, style.mark, linestyle=style.dash, color=style.colour, linewidth=1.2)
    axes.text(len(line) - 0.95, height, label, va="center", fontsize=7.5)


def _is_drawn(board: Board) -> bool:
    return of_one_dataset(board) and bool(board.contenders) and len(board.spaces) > 1


FIGURE = Figure("rank-flow", "Ranks across reference spaces", _is_drawn, _draw, order=40)
