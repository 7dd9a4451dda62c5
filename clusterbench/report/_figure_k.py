"""Scores against the number of clusters: one panel per metric and reference space."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from clusterbench.cells import CellStatus
from clusterbench.report._figure_style import house_style, literal, look, new_figure
from clusterbench.report._format import fixed, listing, readable, score_text
from clusterbench.report._svg import Picture, draw
from clusterbench.scoring import get_metric

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

SERIES_COLUMNS = ("series", "by_k", "n_clusters", "metric", "space", "value", "ok")


def k_figure(
    points: pd.DataFrame, *, series: Sequence[str], metrics: Sequence[str], spaces: Sequence[str], name: str, title: str
) -> Picture:
    """Draw every series (an algorithm on its best variant) over the number of clusters it found.

    Parameters
    ----------
    points : DataFrame
        `SERIES_COLUMNS`: one row per series, cut, metric and space, means over seeds. `ok` is False where the gate
        rejected the labeling: drawn hollow. `by_k` is False for algorithms that are not asked for a k: drawn without
        a line, as several cuts may find the same number of clusters.
    """
    with house_style():
        figure = new_figure(3.0 * max(len(spaces), 2) + 2.4, 2.15 * len(metrics) + 0.3)
        grid = figure.subplots(len(metrics), len(spaces), squeeze=False, sharex=True)
        for row, metric in zip(grid, (get_metric(name) for name in metrics), strict=True):
            row[0].set_ylabel(f"{metric.title}\n({metric.direction} is better)")
            for axes, space in zip(row, spaces, strict=True):
                _panel(axes, points[(points["metric"] == metric.name) & (points["space"] == space)], series)
        for top, bottom, space in zip(grid[0], grid[-1], spaces, strict=True):
            top.set_title(literal(f"in the space {space}", 40))
            bottom.set_xlabel("clusters found")
            bottom.xaxis.get_major_locator().set_params(integer=True)
        handles, names = _legend(series)
        figure.legend(handles, names, loc="outside right upper", fontsize=8)
        told = f"{len(series)} series: {listing([*series]) or 'none'}. Hollow marks were rejected by the gate."
        header = ("series", "clusters", "metric", "space", "value", "gate")
        return draw(figure, name=name, title=title, description=told, header=header, rows=_rows(points))


def _panel(axes: Axes, panel: pd.DataFrame, series: Sequence[str]) -> None:
    for index, one in enumerate(series):
        mine = panel[panel["series"] == one].sort_values("n_clusters", kind="stable")
        style = look(index)
        if len(mine) and bool(mine["by_k"].all()):
            axes.plot(mine["n_clusters"], mine["value"], linestyle=style.dash, color=style.colour, linewidth=1.1)
        for ok, face in ((True, style.colour), (False, "none")):
            part = mine[mine["ok"] == ok]
            axes.plot(part["n_clusters"], part["value"], style.mark, color=style.colour, markerfacecolor=face)


def _legend(series: Sequence[str]) -> tuple[list[Artist], list[str]]:
    from matplotlib.lines import Line2D

    looks = [look(index) for index in range(len(series))]
    handles: list[Artist] = [Line2D([], [], color=s.colour, marker=s.mark, linestyle=s.dash) for s in looks]
    return handles, [literal(one, 38) for one in series]


def _rows(points: pd.DataFrame) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for row in points.to_dict("records"):
        clusters, metric = float(row["n_clusters"]), get_metric(row["metric"])
        found = fixed(clusters, 0 if clusters.is_integer() else 1)
        value = score_text(row["value"], metric.decimals)
        gate = "passed" if row["ok"] else CellStatus.REJECTED.value
        rows.append((str(row["series"]), found, metric.title, readable(row["space"]), value, gate))
    return rows
