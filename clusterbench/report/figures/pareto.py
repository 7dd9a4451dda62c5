"""Score or mean rank against stability, with fit time as the size of the mark."""

import math
from collections.abc import Sequence

from clusterbench.report.entry_views import Board, Entry
from clusterbench.report.figure import Figure, of_one_dataset
from clusterbench.report.figure_style import ACCENT, MUTED, SECOND, Mark, draw_order, named, new_figure
from clusterbench.report.number_text import fixed, significant
from clusterbench.report.svg import Drawing

_SIZES = ((0.1, 3.5), (1.0, 5.5), (10.0, 8.0), (math.inf, 11.0))


def _draw(board: Board) -> Drawing:
    shown = [entry for entry in board.entries if math.isfinite(entry.stability)]
    marked = [entry for entry in shown if entry.pareto]
    canvas = new_figure(8.2, 4.4)
    axes = canvas.add_subplot()
    marks, title = list(map(_mark, shown)), board.order.heading.lower()
    draw_order(axes, board.order, shown, [entry.stability for entry in shown], marks, numbered=marked)
    axes.set_xlabel("stability: mean adjusted Rand index over draws (to the right is better)")
    description = "Upwards and to the right is better; a larger mark takes longer to fit (below 0.1, 1, 10 s, longer)."
    description += " Hollow squares are controls. Filled diamonds, with their ranks: no other contender is at least as"
    description += f" good in {title} and stability. They are {named(marked)}."
    rows = [
        (str(e.rank), fixed(e.order_value, 3), fixed(e.stability, 3), significant(e.fit_seconds), e.label,
         "Pareto" if e.pareto else "control" if e.control else "")
        for e in shown
    ]  # fmt: skip
    header = ("rank", title, "stability", "fit seconds", "entry", "mark")
    return Drawing(canvas, description, header, rows, _finding([entry for entry in shown if not entry.control]))


def _finding(contenders: Sequence[Entry]) -> str:
    if not contenders:
        return ""
    first, stable = contenders[0], max(contenders, key=lambda entry: entry.stability)
    if first.stability >= stable.stability:
        return f"The best ranked, {first.label}, is also the most stable ({fixed(first.stability, 2)})"
    gap = f"{fixed(first.stability, 2)} against {fixed(stable.stability, 2)}"
    return f"The best ranked, {first.label}, is less stable than {stable.rank} {stable.label}: {gap}"


def _mark(entry: Entry) -> Mark:
    size = next(size for limit, size in _SIZES if not entry.fit_seconds >= limit)
    shape, colour = ("s", MUTED) if entry.control else ("D", SECOND) if entry.pareto else ("o", ACCENT)
    return Mark(shape, colour, filled=entry.pareto, size=size)


def _is_drawn(board: Board) -> bool:
    return of_one_dataset(board) and any(math.isfinite(entry.stability) for entry in board.entries)


FIGURE = Figure("pareto", "Stability against the order of entries", _is_drawn, _draw, order=30)
