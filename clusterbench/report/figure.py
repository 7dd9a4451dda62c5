"""What a figure declares, and how the figures of a report are drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clusterbench.report.entry_views import Board
from clusterbench.report.figure_style import house_style
from clusterbench.report.number_text import slug
from clusterbench.report.svg import Picture, svg_picture

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas


@dataclass(frozen=True, slots=True, eq=False)
class Drawing:
    """A drawn figure with its numbers.

    Attributes
    ----------
    canvas : matplotlib.figure.Figure
    description : str
        What it shows and leaves out, for readers who do not see it.
    header : sequence of str
    rows : sequence of tuple of str
        The numbers drawn, as a table.
    """

    canvas: Canvas
    description: str
    header: Sequence[str]
    rows: Sequence[tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of a board, declared by a file of ``clusterbench/report/figures``.

    Attributes
    ----------
    name : str
        Stem of its file: lower-case letters, digits, hyphens.
    title : str
        On the page, followed by the name of the board.
    is_drawn : callable (Board) -> bool
        Whether there is something to draw; a board may have no entries.
    draw : callable (Board) -> Drawing
        Draws it, in the style of all figures.
    order : int
        Figures with a lower number come first.
    """

    name: str
    title: str
    is_drawn: Callable[[Board], bool]
    draw: Callable[[Board], Drawing]
    order: int = 100

    def picture(self, board: Board, suffix: str = "") -> Picture:
        """Draw the figure of a board as SVG; `suffix` distinguishes the boards of a report."""
        with house_style():
            drawing = self.draw(board)
            return svg_picture(
                drawing.canvas,
                name=f"{self.name}{suffix}",
                title=f"{self.title}, {board.title}",
                description=drawing.description,
                header=drawing.header,
                rows=drawing.rows,
            )


def of_one_dataset(board: Board) -> bool:
    """Return whether a board is of one dataset, has entries, and was not given the true k."""
    return bool(board.entries) and not board.overall and not board.oracle


def draw_figures(boards: Sequence[Board], figures: Sequence[Figure]) -> list[tuple[Picture, ...]]:
    """Return the pictures of every board."""
    drawn = []
    for position, board in enumerate(boards):
        suffix = f"-{position + 1}-{slug(board.title)[:40]}" if len(boards) > 1 else ""
        drawn.append(tuple(figure.picture(board, suffix) for figure in figures if figure.is_drawn(board)))
    return drawn
