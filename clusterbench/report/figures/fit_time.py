"""Fit time against the score or mean rank; a line joins contenders that are better ranked than every faster one."""

import math
from collections.abc import Sequence

from clusterbench.report.entry_views import Board, Entry
from clusterbench.report.figure import Figure, of_one_dataset
from clusterbench.report.figure_style import ACCENT, MUTED, Mark, draw_order, named, new_figure, seconds_axis
from clusterbench.report.number_text import fixed, significant
from clusterbench.report.svg import Drawing


def _draw(board: Board) -> Drawing:
    timed = [entry for entry in board.entries if _is_timed(entry)]
    front = _front(timed)
    canvas = new_figure(8.2, 4.2)
    axes = canvas.add_subplot()
    if front:
        steps = [(entry.fit_seconds, entry.order_value) for entry in front]
        axes.step(*zip(*steps, strict=True), where="post", color=ACCENT, linewidth=1.0, linestyle="--")
    marks = [Mark("s", MUTED) if e.control else Mark("o", ACCENT, filled=e in front) for e in timed]
    draw_order(axes, board.order, timed, [entry.fit_seconds for entry in timed], marks, numbered=front)
    seconds_axis(axes)
    axes.set_xlabel("seconds of fitting, mean over seeds (log scale)")
    description = "Upwards and to the left is better; hollow squares are controls. Filled, with their ranks: no"
    description += f" contender is both faster and better ranked: {named(front)}."
    rows = [
        (str(e.rank), fixed(e.order_value, 3), significant(e.fit_seconds), e.label, "front" if e in front else "")
        for e in timed
    ]
    header = ("rank", board.order.heading.lower(), "fit seconds", "entry", "front")
    return Drawing(canvas, description, header, rows, _finding(front))


def _finding(front: Sequence[Entry]) -> str:
    if not front:
        return ""
    fastest, best = front[0], front[-1]
    if fastest is best:
        return f"The best ranked with a time, {best.label}, is also the fastest ({significant(best.fit_seconds)} s)"
    gap = fixed(abs(best.order_value - fastest.order_value), 3)
    return (
        f"{best.label} takes {significant(best.fit_seconds)} s; the fastest, {fastest.label}, takes"
        f" {significant(fastest.fit_seconds)} s and is {gap} behind"
    )


def _is_timed(entry: Entry) -> bool:
    return math.isfinite(entry.fit_seconds) and entry.fit_seconds > 0 and math.isfinite(entry.criterion)


def _front(entries: Sequence[Entry]) -> list[Entry]:
    """Return the contenders that are better ranked than every faster one, the fastest first."""
    front: list[Entry] = []
    contenders = [entry for entry in entries if not entry.control]
    for entry in sorted(contenders, key=lambda e: (e.fit_seconds, e.criterion)):
        if not front or entry.criterion < front[-1].criterion:
            front.append(entry)
    return front


def _is_drawn(board: Board) -> bool:
    return of_one_dataset(board) and any(map(_is_timed, board.entries))


FIGURE = Figure("fit-time", "Fit time against the order of entries", _is_drawn, _draw, order=90)
