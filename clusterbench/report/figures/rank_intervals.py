"""The leaderboard as a figure: mean ranks with the interval of the ranks, and fit time against mean rank."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from clusterbench.report.figures.style import (
    ACCENT,
    MUTED,
    house_style,
    literal,
    new_figure,
    only_y_grid,
    rank_axis,
    say_empty,
    seconds_axis,
)
from clusterbench.report.figures.svg import Picture, draw
from clusterbench.report.printed import fixed, significant
from clusterbench.report.report_entries import Entry

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_ROWS = 30


def board_figure(entries: Sequence[Entry], *, name: str, title: str) -> Picture:
    """Draw rank and rank interval of the first entries, best on top; controls are hollow squares."""
    shown = list(entries[:_MOST_ROWS])
    with house_style():
        figure = new_figure(8.2, 0.9 + 0.235 * max(len(shown), 2))
        axes = figure.add_subplot()
        for place, entry in enumerate(shown):
            _rank_mark(axes, place, entry)
        axes.set_yticks(range(len(shown)), [literal(entry.label) for entry in shown])
        axes.set_ylim(len(shown) - 0.4, -0.6)
        axes.set_xlabel("rank (line: interval) and mean rank (small cross); lower is better")
        only_y_grid(axes)
        rank_axis(axes, across=True)
        if not shown:
            say_empty(axes, "no entry has a rank")
        told = f"The first {len(shown)} of {len(entries)} entries, best on top."
        told += f" Best mean rank: {shown[0].label}, {fixed(shown[0].mean_rank, 2)}." if shown else ""
        told += " A disc is a rank, a hollow square that of a control, a line its interval, a cross the mean rank."
        return draw(
            figure,
            name=name,
            title=title,
            description=told,
            header=("rank", "interval", "mean rank", "entry", "marks"),
            rows=((str(e.rank), e.interval, fixed(e.mean_rank, 2), e.label, e.marks) for e in shown),
        )


def _rank_mark(axes: Axes, place: int, entry: Entry) -> None:
    colour = MUTED if entry.control else ACCENT
    if entry.has_interval:
        axes.plot([entry.rank_low, entry.rank_high], [place, place], color=colour, linewidth=2.2, alpha=0.55)
    mark, face = ("s", "none") if entry.control else ("o", colour)
    axes.plot([entry.rank], [place], mark, color=colour, markerfacecolor=face, markersize=6)
    axes.plot([entry.mean_rank], [place], "x", color="#000000", markersize=4, markeredgewidth=0.9)


def time_figure(entries: Sequence[Entry], *, name: str, title: str) -> Picture:
    """Draw fit time (log) against mean rank; a stepped line joins entries that none beats in both.

    That front is one of two goods: it is not the Pareto mark of the table, which stability takes part in.
    """
    timed = [entry for entry in entries if np.isfinite(entry.fit_seconds) and entry.fit_seconds > 0]
    front = _front(timed)
    with house_style():
        figure = new_figure(8.2, 4.2)
        axes = figure.add_subplot()
        for entry in timed:
            _time_mark(axes, entry, on_front=entry in front)
        if front:
            steps = [(entry.fit_seconds, entry.mean_rank) for entry in front]
            axes.step(*zip(*steps, strict=True), where="post", color=ACCENT, linewidth=1.0, linestyle="--")
        seconds_axis(axes)
        for entry in front:
            at = (entry.fit_seconds, entry.mean_rank)
            axes.annotate(str(entry.rank), at, xytext=(-6, 5), textcoords="offset points", ha="right", fontsize=8)
        rank_axis(axes)
        axes.invert_yaxis()
        if not timed:
            say_empty(axes, "no entry has a rank and a fit time")
        axes.set_xlabel("seconds of fitting, mean over seeds (log scale)")
        axes.set_ylabel("mean rank (upwards is better)")
        told = (
            "Upwards and to the left is better; hollow squares are controls. Filled, with their ranks: no contender is"
        )
        told += f" both faster and better ranked: {'; '.join(f'{e.rank} {e.label}' for e in front) or 'none'}."
        rows = [
            (str(e.rank), fixed(e.mean_rank, 2), significant(e.fit_seconds), e.label, "front" if e in front else "")
            for e in timed
        ]
        header = ("rank", "mean rank", "fit seconds", "entry", "front")
        return draw(figure, name=name, title=title, description=told, header=header, rows=rows)


def _time_mark(axes: Axes, entry: Entry, *, on_front: bool) -> None:
    mark, colour = ("s", MUTED) if entry.control else ("o", ACCENT)
    face = colour if on_front else "none"
    axes.plot([entry.fit_seconds], [entry.mean_rank], mark, color=colour, markerfacecolor=face, markersize=5)


def _front(entries: Sequence[Entry]) -> list[Entry]:
    """Return the contenders that are better ranked than every faster one, the fastest first."""
    front: list[Entry] = []
    contenders = [entry for entry in entries if not entry.control]
    for entry in sorted(contenders, key=lambda e: (e.fit_seconds, e.mean_rank)):
        if not front or entry.mean_rank < front[-1].mean_rank:
            front.append(entry)
    return front
