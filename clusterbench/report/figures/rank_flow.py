"""How ranks move: from one reference space to another, and how far the metrics agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clusterbench.metrics import METRICS, Direction
from clusterbench.report.figures.style import MUTED, house_style, literal, look, new_figure, rank_axis, say_empty
from clusterbench.report.figures.svg import Picture, draw
from clusterbench.report.printed import fixed, readable
from clusterbench.report.report_entries import Entry

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_LINES = 14


def flow_figure(
    entries: Sequence[Entry], ranks: Mapping[str, Mapping[str, int]], *, spaces: Sequence[str], name: str, title: str
) -> Picture:
    """Draw the rank of the first entries in all reference spaces together, and in each alone.

    Parameters
    ----------
    entries : sequence of Entry
    ranks : mapping of str to mapping of str to int
        Rank by anchor of the entry and space.
    spaces : sequence of str
    """
    shown = [entry for entry in entries if entry.anchor in ranks and not entry.control][:_MOST_LINES]
    stations = ["published", *spaces]
    lines = [[entry.rank, *(ranks[entry.anchor][space] for space in spaces)] for entry in shown]
    with house_style():
        figure = new_figure(8.2, 1.0 + 0.3 * max(len(shown), 4))
        axes = figure.add_subplot()
        heights, bottom = _label_heights([line[-1] for line in lines], max(map(max, lines), default=1))
        for index, (entry, line, height) in enumerate(zip(shown, lines, heights, strict=True)):
            _line(axes, index, line, height, literal(entry.label))
        axes.set_xticks(range(len(stations)), [literal(station, 24) for station in stations])
        axes.set_xlim(-0.15, len(stations) - 0.4)
        axes.set_ylabel("rank (upwards is better)")
        axes.set_ylim(bottom, 0.5)
        rank_axis(axes)
        if not shown:
            say_empty(axes, "no entry has a rank")
        moved = max(((max(line) - min(line), entry) for line, entry in zip(lines, shown, strict=True)),
                    key=lambda pair: pair[0], default=None)  # fmt: skip
        n_contenders = sum(not entry.control for entry in entries)
        told = (
            f"The first {len(shown)} of {n_contenders} contenders; crossing lines are ranks that depend on the space."
        )
        if len(lines) > 1 and len(set(map(tuple, lines))) == 1:
            told += " All of them have the same ranks, so their lines are one."
        if moved is not None:
            told += f" The farthest move is that of {moved[1].label}: {moved[0]} places."
        header = ("entry", "published rank", *(f"rank in {readable(space)} alone" for space in spaces))
        rows = [(entry.label, *map(str, line)) for entry, line in zip(shown, lines, strict=True)]
        return draw(figure, name=name, title=title, description=told, header=header, rows=rows)


def _label_heights(ranks: Sequence[int], worst: int) -> tuple[list[float], float]:
    """Return where the labels of lines that end at `ranks` stand, and where the axis ends so that it holds them all.

    With equal ranks all lines are one, and the axis has no height of its own.
    """
    end = max(worst, 2) + 0.5
    # Of 0.3 inches per line, and a little more, a label takes half.
    placed = apart(ranks, 0.5 * (end - 0.5) / max(len(ranks), 4))
    return placed, max([end, *(height + 0.2 for height in placed)])


def _line(axes: Axes, index: int, line: Sequence[int], height: float, label: str) -> None:
    style = look(index)
    axes.plot(range(len(line)), line, style.mark, linestyle=style.dash, color=style.colour, linewidth=1.2)
    axes.text(len(line) - 0.95, height, label, va="center", fontsize=7.5)


def apart(heights: Sequence[float], least: float) -> list[float]:
    """Return heights that keep their order and are at least so far apart: labels that do not cover one another.

    Examples
    --------
    >>> apart([1.0, 5.0, 1.0], 0.5)
    [1.0, 5.0, 1.5]
    """
    placed = [0.0] * len(heights)
    last = -np.inf
    for index in sorted(range(len(heights)), key=lambda i: heights[i]):
        last = max(float(heights[index]), last + least)
        placed[index] = last
    return placed


def correlation_figure(entries: Sequence[Entry], columns: Sequence[str], *, name: str, title: str) -> Picture:
    """Draw the rank correlation of the ranked columns over the contenders; 1 is the same order.

    Parameters
    ----------
    entries : sequence of Entry
    columns : sequence of str
        Names of columns of the leaderboard.
    """
    names = [_title(column) for column in columns]
    matrix = correlations(entries, columns)
    with house_style():
        figure = new_figure(2.9 + 0.62 * len(columns), 1.5 + 0.4 * len(columns))
        axes = figure.add_subplot()
        axes.grid(visible=False)
        for i, j in np.ndindex(matrix.shape):
            _field(axes, i, j, float(matrix[i, j]))
        axes.set_xlim(-0.5, len(names) - 0.5)
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.set_xticks(range(len(names)), [literal(one, 28) for one in names], rotation=30, ha="right")
        axes.set_yticks(range(len(names)), [literal(one, 28) for one in names])
        axes.tick_params(length=0)
        for spine in axes.spines.values():
            spine.set_visible(False)
        told = f"Spearman correlation over {sum(not e.control for e in entries)} contenders, each turned so that"
        told += " higher is better: 1 is the same order, 0 no relation, below 0 a contradiction."
        rows = [(names[i], *(fixed(value, 2) for value in matrix[i])) for i in range(len(names))]
        return draw(figure, name=name, title=title, description=told, header=("column", *names), rows=rows)


def _field(axes: Axes, row: int, column: int, value: float) -> None:
    from matplotlib import colormaps
    from matplotlib.patches import Rectangle

    face = "none" if np.isnan(value) else colormaps["PuOr_r"]((value + 1.0) / 2.0)
    ink = MUTED if np.isnan(value) else "#ffffff" if abs(value) > 0.75 else "#111111"
    axes.add_patch(Rectangle((column - 0.48, row - 0.46), 0.96, 0.92, facecolor=face, edgecolor="none"))
    axes.text(column, row, fixed(value, 2), ha="center", va="center", fontsize=8, color=ink)


def correlations(entries: Sequence[Entry], columns: Sequence[str]) -> NDArray[np.float64]:
    """Return Spearman's rank correlation of columns over the contenders, NaN where a column does not vary."""
    rows = [[entry.row[column] for column in columns] for entry in entries if not entry.control]
    table = pd.DataFrame(rows, columns=list(columns)).astype(float)
    for column in columns:
        metric = METRICS.get(column.partition("@")[0])
        if metric is not None and metric.direction is Direction.LOWER:
            table[column] = -table[column]
    varied = [column for column in columns if table[column].nunique() > 1]  # noqa: PD101
    found = table[varied].corr(method="spearman") if len(table) > 2 else pd.DataFrame()
    return found.reindex(index=list(columns), columns=list(columns)).to_numpy(dtype=np.float64)


def _title(column: str) -> str:
    metric, at, space = column.partition("@")
    title = METRICS[metric].title if metric in METRICS else metric.capitalize()
    return f"{title}, {readable(space)}" if at else title
