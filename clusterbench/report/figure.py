"""What a figure declares, and how the figures of a report are drawn."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from clusterbench.report.entry_views import Board
from clusterbench.report.figure_style import house_style
from clusterbench.report.number_text import slug
from clusterbench.report.svg import Drawing, Picture, svg_picture

_MANY_DATASETS = 12  # a page of hundreds of figures is slow to make, and nobody looks through it


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of a board, declared by a file of ``clusterbench/report/figures``."""

    name: str  # stem of its file: lower-case letters, digits, hyphens
    title: str  # on the page, followed by the name of the board
    is_drawn: Callable[[Board], bool]  # whether there is something to draw; a board may have no entries
    draw: Callable[[Board], Drawing]  # draws it, in the style of all figures
    order: int = 100  # figures with a lower number come first

    def picture(self, board: Board, suffix: str = "") -> Picture:
        """Draw the figure of a board as SVG; `suffix` distinguishes the boards of a report."""
        with house_style():
            return svg_picture(self.draw(board), name=f"{self.name}{suffix}", title=f"{self.title}, {board.title}")


def of_one_dataset(board: Board) -> bool:
    """Return whether a board is of one dataset, has entries, and was not given the true k."""
    return bool(board.entries) and not board.overall and not board.oracle


def draw_figures(boards: Sequence[Board], figures: Sequence[Figure]) -> list[tuple[Picture, ...]]:
    """Return the pictures of every board; of more than 12 datasets, only those of the board over all of them."""
    drawn = []
    many = sum(map(of_one_dataset, boards)) > _MANY_DATASETS
    for position, board in enumerate(boards):
        suffix = f"-{position + 1}-{slug(board.title)[:40]}" if len(boards) > 1 else ""
        wanted = () if many and not board.overall else figures
        drawn.append(tuple(figure.picture(board, suffix) for figure in wanted if figure.is_drawn(board)))
    return drawn
