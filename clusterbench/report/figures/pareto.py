"""What cannot be had at once: mean rank against stability, with fit time as the size of the mark."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from clusterbench.report.figures.style import ACCENT, MUTED, SECOND, house_style, new_figure, rank_axis, say_empty
from clusterbench.report.figures.svg import Picture, draw
from clusterbench.report.printed import fixed, significant
from clusterbench.report.report_entries import Entry

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SIZES = ((0.1, 3.5), (1.0, 5.5), (10.0, 8.0), (np.inf, 11.0))


def pareto_figure(entries: Sequence[Entry], *, name: str, title: str) -> Picture:
    """Draw stability against mean rank; entries that no other beats in rank, stability and time are filled."""
    shown = [entry for entry in entries if np.isfinite(entry.stability)]
    marked = [entry for entry in shown if entry.pareto]
    with house_style():
        figure = new_figure(8.2, 4.4)
        axes = figure.add_subplot()
        for entry in shown:
            _mark(axes, entry)
        rank_axis(axes)
        axes.invert_yaxis()
        for entry in marked:
            at = (entry.stability, entry.mean_rank)
            axes.annotate(str(entry.rank), at, xytext=(-8, 5), textcoords="offset points", ha="right", fontsize=8)
        axes.set_xlabel("stability: mean adjusted Rand index under resampling (to the right is better)")
        axes.set_ylabel("mean rank (upwards is better)")
        if not shown:
            say_empty(axes, "no entry has a rank and a stability")
        told = "Upwards and to the right is better; a larger mark takes longer to fit (below 0.1, 1, 10 s, longer)."
        told += " Hollow squares are controls. Filled diamonds, beaten by none in all three, with their ranks:"
        told += f" {'; '.join(f'{entry.rank} {entry.label}' for entry in marked) or 'none'}."
        rows = [
            (str(e.rank), fixed(e.mean_rank, 2), fixed(e.stability, 3), significant(e.fit_seconds), e.label,
             "Pareto" if e.pareto else "control" if e.control else "")
            for e in shown
        ]  # fmt: skip
        header = ("rank", "mean rank", "stability", "fit seconds", "entry", "mark")
        return draw(figure, name=name, title=title, description=told, header=header, rows=rows)


def _mark(axes: Axes, entry: Entry) -> None:
    size = next(size for limit, size in _SIZES if not entry.fit_seconds >= limit)
    mark, colour = ("s", MUTED) if entry.control else ("D", SECOND) if entry.pareto else ("o", ACCENT)
    face = colour if entry.pareto else "none"
    axes.plot([entry.stability], [entry.mean_rank], mark, color=colour, markerfacecolor=face, markersize=size)
