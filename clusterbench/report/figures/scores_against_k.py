"""Scores against the number of clusters: one panel per metric and reference space."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clusterbench.metrics import MetricFacts
from clusterbench.report.entry_views import Board
from clusterbench.report.figure import Drawing, Figure
from clusterbench.report.figure_style import MUTED, literal, look, new_figure
from clusterbench.report.number_text import fixed, score_text
from clusterbench.report.series import chosen_settings, series_of
from clusterbench.statuses import CellStatus
from clusterbench.text import counted, listed, printable

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

_HEADER = ("series", "clusters", "metric", "space", "value", "gate")


@dataclass(frozen=True, slots=True, eq=False)
class _Panel:
    """One metric in one space: the points and the band of random partitions that its axes show."""

    metric: MetricFacts
    space: str
    points: pd.DataFrame
    band: pd.DataFrame
    controls: frozenset[str]

    @property
    def ends(self) -> tuple[float, float] | None:
        """Ends of the value axis: those of the contenders and the band, with a margin."""
        contenders = self.points[~self.points["series"].isin(self.controls)]
        if not len(contenders):
            return None
        values = [*contenders["value"].astype(float), *self.band["low"].astype(float), *self.band["high"].astype(float)]
        low, high = min(values), max(values)
        margin = 0.06 * (high - low) or 0.5 * abs(high) or 0.5
        return low - margin, high + margin

    def beyond(self) -> set[str]:
        """Return the controls that the axes do not contain."""
        if self.ends is None:
            return set()
        mine = self.points[self.points["series"].isin(self.controls)]
        return set(mine.loc[(mine["value"] < self.ends[0]) | (mine["value"] > self.ends[1]), "series"])


def _draw(board: Board) -> Drawing:
    series, points = series_of(board)
    asked = board.cells["k"].dropna()
    k_range = (int(asked.min()), int(asked.max())) if len(asked) else None
    bands = board.run.details.bands
    bands = bands[bands["dataset"] == board.dataset].rename(columns={"k": "n_clusters"})
    ranked = [board.metrics[name] for name in board.run.record.ranking.metrics]
    algorithms, labels = board.run.record.algorithms, chosen_settings(board)
    controls = frozenset(label for key, label in labels.items() if algorithms[key[0]].control)
    finite = points[np.isfinite(points["value"].astype(float))]
    inside, bands_inside = _within(finite, k_range), _within(bands, k_range)
    panels = [
        [_Panel(m, s, _part(inside, m, s), _part(bands_inside, m, s), controls) for s in board.spaces] for m in ranked
    ]
    canvas = _draw_panels(panels, series, k_range)
    handles, names = _legend(series, has_band=len(bands_inside) > 0)
    canvas.legend(handles, names, loc="outside right upper", fontsize=8)
    description = f"{len(series)} series, each on the variant of its best entry."
    description += " Hollow marks were rejected by the gate."
    if len(bands_inside):
        description += " The grey band contains 90 % of random partitions of the same rows and k."
    if outside := _controls_beyond(panels, series, inside):
        description += " The axes end with contenders and random partitions; controls beyond them:"
        description += f" {listed(outside)}."
    if len(finite) > len(inside):
        description += f" Beyond the axis: {len(finite) - len(inside)} of {len(points)} points, with fewer or more"
        description += " clusters than declared."
    if len(points) > len(finite):
        description += f" Not drawn: {counted(len(points) - len(finite), 'infinite score')}, listed with the numbers."
    return Drawing(canvas, description, _HEADER, [*_rows(points, board), *_band_rows(bands_inside, ranked)])


def _draw_panels(panels: Sequence[Sequence[_Panel]], series: Sequence[str], k_range: tuple[int, int] | None) -> Canvas:
    canvas = new_figure(3.0 * max(len(panels[0]), 2) + 2.4, 2.15 * len(panels) + 0.3)
    grid = canvas.subplots(len(panels), len(panels[0]), squeeze=False, sharex=True)
    for row, line in zip(grid, panels, strict=True):
        metric = line[0].metric
        row[0].set_ylabel(f"{literal(metric.title, 28)}\n({metric.direction} is better)")
        for axes, panel in zip(row, line, strict=True):
            _draw_band(axes, panel.band)
            _draw_series(axes, panel.points, series)
            if panel.ends is not None:
                axes.set_ylim(*panel.ends)
    for top, bottom, panel in zip(grid[0], grid[-1], panels[0], strict=True):
        top.set_title(literal(f"in the space {panel.space}", 40))
        bottom.set_xlabel("clusters found")
        bottom.xaxis.get_major_locator().set_params(integer=True)
        if k_range is not None:
            bottom.set_xlim(k_range[0] - 0.4, k_range[1] + 0.4)
    return canvas


def _part(frame: pd.DataFrame, metric: MetricFacts, space: str) -> pd.DataFrame:
    return frame[(frame["metric"] == metric.name) & (frame["space"] == space)]


def _within(table: pd.DataFrame, k_range: tuple[int, int] | None) -> pd.DataFrame:
    """Return the rows whose number of clusters is in the declared range."""
    return table if k_range is None else table[table["n_clusters"].astype(float).between(*k_range)]


def _draw_band(axes: Axes, band: pd.DataFrame) -> None:
    if not len(band):
        return
    mine = band.sort_values("n_clusters")
    if len(mine) == 1:  # a single point would have no width
        mine = pd.concat([mine.assign(n_clusters=mine["n_clusters"] + shift) for shift in (-0.2, 0.2)])
    axes.fill_between(mine["n_clusters"], mine["low"], mine["high"], color=MUTED, alpha=0.25, linewidth=0)
    axes.plot(mine["n_clusters"], mine["mean"], color=MUTED, linestyle=":", linewidth=1.0)


def _draw_series(axes: Axes, points: pd.DataFrame, series: Sequence[str]) -> None:
    for index, name in enumerate(series):
        mine = points[points["series"] == name].sort_values("n_clusters", kind="stable")
        style = look(index)
        # Without a k that was asked for, several cuts may find the same number of clusters: no line joins them.
        if len(mine) and bool(mine["by_k"].all()):
            axes.plot(mine["n_clusters"], mine["value"], linestyle=style.dash, color=style.colour, linewidth=1.1)
        for ok, face in ((True, style.colour), (False, "none")):
            part = mine[mine["ok"] == ok]
            axes.plot(part["n_clusters"], part["value"], style.mark, color=style.colour, markerfacecolor=face)


def _controls_beyond(panels: Sequence[Sequence[_Panel]], series: Sequence[str], inside: pd.DataFrame) -> list[str]:
    """Return the controls that the axes do not contain, each with the range of its scores."""
    names = []
    for line in panels:
        metric = line[0].metric
        beyond = set().union(*(panel.beyond() for panel in line))
        for control in [name for name in series if name in beyond]:
            values = inside.loc[(inside["metric"] == metric.name) & (inside["series"] == control), "value"]
            ends = " to ".join(score_text(float(end), metric.digits) for end in (values.min(), values.max()))
            names.append(f"{metric.title} of {control} ({ends})")
    return names


def _legend(series: Sequence[str], *, has_band: bool) -> tuple[list[Artist], list[str]]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    looks = [look(index) for index in range(len(series))]
    handles: list[Artist] = [Line2D([], [], color=s.colour, marker=s.mark, linestyle=s.dash) for s in looks]
    names = [literal(one, 38) for one in series]
    if has_band:
        return [*handles, Patch(color=MUTED, alpha=0.25)], [*names, "random partitions, 5 to 95 %"]
    return handles, names


def _rows(points: pd.DataFrame, board: Board) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for row in points.to_dict("records"):
        clusters, metric = float(row["n_clusters"]), board.metrics[row["metric"]]
        n_clusters = fixed(clusters, 0 if clusters.is_integer() else 1)
        value = score_text(row["value"], metric.digits)
        gate = "passed" if row["ok"] else CellStatus.REJECTED.value
        rows.append((str(row["series"]), n_clusters, metric.title, printable(row["space"]), value, gate))
    return rows


def _band_rows(bands: pd.DataFrame, metrics: Sequence[MetricFacts]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    known = {metric.name: metric for metric in metrics}
    for row in bands[bands["metric"].isin(known)].to_dict("records"):
        metric = known[row["metric"]]
        mean, low, high = (score_text(row[name], metric.digits) for name in ("mean", "low", "high"))
        k, space = str(int(row["n_clusters"])), printable(row["space"])
        rows.append(("random partitions", k, metric.title, space, mean, f"{low} to {high}"))
    return rows


def _is_drawn(board: Board) -> bool:
    """Return whether there are scores: also without a rank, those of labelings that the gate rejected."""
    if board.overall or board.oracle:
        return False
    scores = board.run.scores
    scores = scores[(scores["dataset"] == board.dataset) & scores["space"].isin(board.spaces)]
    return bool(scores["value"].notna().any())


FIGURE = Figure("scores-against-k", "Scores against the number of clusters", _is_drawn, _draw, order=50)
