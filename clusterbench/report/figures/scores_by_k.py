"""Scores against the number of clusters: one panel per metric and reference space."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from clusterbench.metrics import get_metric
from clusterbench.report.figures.style import MUTED, house_style, literal, look, new_figure
from clusterbench.report.figures.svg import Picture, draw
from clusterbench.report.printed import fixed, listing, readable, score_text
from clusterbench.statuses import CellStatus

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

SERIES_COLUMNS = ("series", "by_k", "n_clusters", "metric", "space", "value", "ok")


@dataclass(frozen=True, slots=True)
class Panels:
    """What is drawn where.

    Attributes
    ----------
    series, metrics, spaces : sequence of str
    k_range : (int, int) or None
        The declared range of k, to which the axis is limited; None where no k was declared.
    bands : DataFrame
        space, metric, k, mean, low, high: scores of random partitions.
    controls : frozenset of str
        Those of `series` that are null competitors: an axis that does not hold their scores is not stretched to.
    """

    series: Sequence[str]
    metrics: Sequence[str]
    spaces: Sequence[str]
    k_range: tuple[int, int] | None
    bands: pd.DataFrame
    controls: frozenset[str] = frozenset()


def k_figure(points: pd.DataFrame, panels: Panels, *, name: str, title: str) -> Picture:
    """Draw every series (an algorithm on its best variant) over the number of clusters it found.

    Parameters
    ----------
    points : DataFrame
        `SERIES_COLUMNS`: one row per series, cut, metric and space, means over seeds. `ok` is False where the gate
        rejected the labeling: drawn hollow. `by_k` is False for algorithms that are not asked for a k: drawn without
        a line, as several cuts may find the same number of clusters.
    panels : Panels
    """
    series, metrics, spaces = panels.series, panels.metrics, panels.spaces
    inside, beyond = _within(points, panels.k_range)
    bands, _ = _within(panels.bands.rename(columns={"k": "n_clusters"}), panels.k_range)
    with house_style():
        figure = new_figure(3.0 * max(len(spaces), 2) + 2.4, 2.15 * len(metrics) + 0.3)
        grid = figure.subplots(len(metrics), len(spaces), squeeze=False, sharex=True)
        for row, metric in zip(grid, (get_metric(name) for name in metrics), strict=True):
            row[0].set_ylabel(f"{metric.title}\n({metric.direction} is better)")
            for axes, space in zip(row, spaces, strict=True):
                band = bands[(bands["metric"] == metric.name) & (bands["space"] == space)]
                panel = inside[(inside["metric"] == metric.name) & (inside["space"] == space)]
                _band(axes, band)
                _panel(axes, panel, series)
                _limit(axes, panel[~panel["series"].isin(panels.controls)], band)
        for top, bottom, space in zip(grid[0], grid[-1], spaces, strict=True):
            top.set_title(literal(f"in the space {space}", 40))
            bottom.set_xlabel("clusters found")
            bottom.xaxis.get_major_locator().set_params(integer=True)
            if panels.k_range is not None:
                bottom.set_xlim(panels.k_range[0] - 0.4, panels.k_range[1] + 0.4)
        handles, names = _legend(series, has_band=len(bands) > 0)
        figure.legend(handles, names, loc="outside right upper", fontsize=8)
        told = _told(panels, bands, inside)
        if beyond:
            told += f" Beyond the axis: {beyond} of {len(points)} points, with fewer or more clusters than declared."
        header = ("series", "clusters", "metric", "space", "value", "gate")
        return draw(
            figure,
            name=name,
            title=title,
            description=told,
            header=header,
            rows=[*_rows(points), *_band_rows(bands, metrics)],
        )


def _within(table: pd.DataFrame, k_range: tuple[int, int] | None) -> tuple[pd.DataFrame, int]:
    """Return the rows whose number of clusters is in range, and how many are not."""
    if k_range is None:
        return table, 0
    clusters = table["n_clusters"].astype(float)
    inside = (clusters >= k_range[0]) & (clusters <= k_range[1])
    return table[inside], int((~inside).sum())


def _band(axes: Axes, band: pd.DataFrame) -> None:
    if not len(band):
        return
    mine = band.sort_values("n_clusters")
    if len(mine) == 1:  # between two points there is something to see
        mine = pd.concat([mine.assign(n_clusters=mine["n_clusters"] + shift) for shift in (-0.2, 0.2)])
    axes.fill_between(mine["n_clusters"], mine["low"], mine["high"], color=MUTED, alpha=0.25, linewidth=0)
    axes.plot(mine["n_clusters"], mine["mean"], color=MUTED, linestyle=":", linewidth=1.0)


def _limit(axes: Axes, contenders: pd.DataFrame, band: pd.DataFrame) -> None:
    """End the axis where the scores of contenders and of random partitions do."""
    if len(contenders):
        axes.set_ylim(*_ends(contenders, band))


def _ends(contenders: pd.DataFrame, band: pd.DataFrame) -> tuple[float, float]:
    values = [*contenders["value"].astype(float), *band["low"].astype(float), *band["high"].astype(float)]
    finite = [value for value in values if math.isfinite(value)] or [0.0]
    low, high = min(finite), max(finite)
    margin = 0.06 * (high - low) or 0.5 * abs(high) or 0.5
    return low - margin, high + margin


def _told(panels: Panels, bands: pd.DataFrame, inside: pd.DataFrame) -> str:
    told = (
        f"{len(panels.series)} series, each on the variant of its best entry. Hollow marks were rejected by the gate."
    )
    if len(bands):
        told += " The grey band holds 90 % of random partitions of the same rows and k."
    if lost := _beyond(panels, bands, inside):
        told += f" The axes end with contenders and random partitions; controls go on beyond: {listing(lost)}."
    return told


def _beyond(panels: Panels, bands: pd.DataFrame, inside: pd.DataFrame) -> list[str]:
    """Name the controls that the axes do not hold, each with the range of its scores."""
    lost = []
    is_control = inside["series"].isin(panels.controls)
    for metric in map(get_metric, panels.metrics):
        outside = set()
        for space in panels.spaces:
            here = (inside["metric"] == metric.name) & (inside["space"] == space)
            if (here & ~is_control).any():
                band = bands[(bands["metric"] == metric.name) & (bands["space"] == space)]
                low, high = _ends(inside[here & ~is_control], band)
                mine = inside[here & is_control]
                outside |= set(mine.loc[(mine["value"] < low) | (mine["value"] > high), "series"])
        for control in [one for one in panels.series if one in outside]:
            values = inside.loc[(inside["metric"] == metric.name) & (inside["series"] == control), "value"]
            ends = " to ".join(score_text(float(end), metric.digits) for end in (values.min(), values.max()))
            lost.append(f"{metric.title} of {control} ({ends})")
    return lost


def _panel(axes: Axes, panel: pd.DataFrame, series: Sequence[str]) -> None:
    for index, one in enumerate(series):
        mine = panel[panel["series"] == one].sort_values("n_clusters", kind="stable")
        style = look(index)
        if len(mine) and bool(mine["by_k"].all()):
            axes.plot(mine["n_clusters"], mine["value"], linestyle=style.dash, color=style.colour, linewidth=1.1)
        for ok, face in ((True, style.colour), (False, "none")):
            part = mine[mine["ok"] == ok]
            axes.plot(part["n_clusters"], part["value"], style.mark, color=style.colour, markerfacecolor=face)


def _legend(series: Sequence[str], *, has_band: bool) -> tuple[list[Artist], list[str]]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    looks = [look(index) for index in range(len(series))]
    handles: list[Artist] = [Line2D([], [], color=s.colour, marker=s.mark, linestyle=s.dash) for s in looks]
    names = [literal(one, 38) for one in series]
    if has_band:
        return [*handles, Patch(color=MUTED, alpha=0.25)], [*names, "random partitions, 5 to 95 %"]
    return handles, names


def _rows(points: pd.DataFrame) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for row in points.to_dict("records"):
        clusters, metric = float(row["n_clusters"]), get_metric(row["metric"])
        found = fixed(clusters, 0 if clusters.is_integer() else 1)
        value = score_text(row["value"], metric.digits)
        gate = "passed" if row["ok"] else CellStatus.REJECTED.value
        rows.append((str(row["series"]), found, metric.title, readable(row["space"]), value, gate))
    return rows


def _band_rows(bands: pd.DataFrame, metrics: Sequence[str]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for row in bands[bands["metric"].isin(metrics)].to_dict("records"):
        metric = get_metric(row["metric"])
        mean, low, high = (score_text(row[name], metric.digits) for name in ("mean", "low", "high"))
        k = str(int(row["n_clusters"]))
        rows.append(("random partitions", k, metric.title, readable(row["space"]), mean, f"{low} to {high}"))
    return rows
