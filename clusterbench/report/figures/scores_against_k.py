"""Scores against the number of clusters: one panel per metric and reference space."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from clusterbench.metrics import CENTROIDS, GROWTH, MetricFacts
from clusterbench.report.entry_views import Board
from clusterbench.report.figure import Figure
from clusterbench.report.figure_style import MUTED, literal, look, new_figure
from clusterbench.report.number_text import fixed, is_missing, number_of, score_text
from clusterbench.report.series import chosen_settings, series_of
from clusterbench.report.svg import Drawing
from clusterbench.statuses import CellStatus
from clusterbench.text import counted, listed, printable

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

_BAND_DASHES: dict[str, Literal[":", "--"]] = {CENTROIDS: ":", GROWTH: "--"}
_HEADER = ("series", "clusters", "metric", "space", "value", "gate")


@dataclass(frozen=True, slots=True, eq=False)
class _Panel:
    """One metric in one space: the points and the band of random partitions that its axes show."""

    metric: MetricFacts
    space: str
    points: pd.DataFrame
    band: pd.DataFrame
    is_control: pd.Series  # of each point

    @property
    def ends(self) -> tuple[float, float]:
        """Ends of the value axis: those of the contenders and the band, with a margin."""
        contenders = self.points.loc[~self.is_control, "value"].astype(float)
        if contenders.empty:
            return -math.inf, math.inf
        values = [*contenders, *self.band["low"].astype(float), *self.band["high"].astype(float)]
        low, high = min(values), max(values)
        margin = 0.06 * (high - low) or 0.5 * abs(high) or 0.5
        return low - margin, high + margin

    @property
    def beyond(self) -> set[str]:
        """The controls that the axes do not contain."""
        outside = ~self.points["value"].astype(float).between(*self.ends)
        return set(self.points.loc[outside & self.is_control, "series"])


def _draw(board: Board) -> Drawing:
    series, points = series_of(board)
    asked = board.cells["k"].dropna().astype(float)
    k_range = (asked.min(), asked.max()) if len(asked) else (-math.inf, math.inf)
    k_range = _with_first_place(board, k_range)
    bands = board.run.details.bands
    bands = bands[(bands["dataset"] == board.dataset) & bands["metric"].isin([m.name for m in board.order_metrics])]
    bands = bands[bands["k"].between(*k_range)].rename(columns={"k": "n_clusters"})
    finite = points[np.isfinite(points["value"].astype(float))]
    inside = finite[finite["n_clusters"].astype(float).between(*k_range)]
    panels = _panels(board, inside, bands)
    canvas = _draw_panels(panels, series, k_range)
    canvas.legend(*_legend(series, sorted(set(bands["generator"]))), loc="outside right upper", fontsize=8)
    description = f"{len(series)} series, each on the variant of its best entry."
    description += " Hollow marks were rejected by the gate."
    if len(bands):
        description += " The grey bands, one for each generator, contain 90 % of the random partitions of the same"
        description += " rows and k."
    if outside := _controls_beyond(panels, series, inside):
        description += " The axes end with contenders and random partitions; controls beyond them:"
        description += f" {listed(outside)}."
    if len(finite) > len(inside):
        description += f" Beyond the axis: {len(finite) - len(inside)} of {len(points)} points, with fewer or more"
        description += " clusters than declared."
    if len(points) > len(finite):
        description += f" Not drawn: {counted(len(points) - len(finite), 'infinite score')}, listed with the numbers."
    rows = [*_rows(points, board), *_band_rows(bands, board)]
    return Drawing(canvas, description, _HEADER, rows, _finding(board))


def _with_first_place(board: Board, k_range: tuple[float, float]) -> tuple[float, float]:
    """Return the range of k, widened to the k of the first place where it is at most twice the largest."""
    first = next(iter(board.contenders), None)
    if first is None or is_missing(first.row["k"]) or not number_of(first.row["k"]) <= 2.0 * k_range[1]:
        return k_range
    return min(k_range[0], number_of(first.row["k"])), max(k_range[1], number_of(first.row["k"]))


def _finding(board: Board) -> str:
    ks = Counter(int(number_of(entry.row["k"])) for entry in board.contenders if not is_missing(entry.row["k"]))
    if not ks:
        return ""
    (k, count), *_ = ks.most_common()
    return f"{count} of {counted(len(board.contenders), 'contender')} have {k} clusters"


def _panels(board: Board, points: pd.DataFrame, bands: pd.DataFrame) -> list[list[_Panel]]:
    """Return the panels, one row per metric."""
    algorithms = board.run.record.algorithms
    controls = [label for (name, *_), label in chosen_settings(board).items() if algorithms[name].control]

    def panel(metric: MetricFacts, space: str) -> _Panel:
        shown, band = (frame[(frame["metric"] == metric.name) & (frame["space"] == space)] for frame in (points, bands))
        return _Panel(metric, space, shown, band, shown["series"].isin(controls))

    return [[panel(metric, space) for space in board.spaces] for metric in board.order_metrics]


def _draw_panels(panels: Sequence[Sequence[_Panel]], series: Sequence[str], k_range: tuple[float, float]) -> Canvas:
    canvas = new_figure(3.0 * max(len(panels[0]), 2) + 2.4, 2.15 * len(panels) + 0.3)
    grid = canvas.subplots(len(panels), len(panels[0]), squeeze=False, sharex=True)
    for row, line in zip(grid, panels, strict=True):
        metric = line[0].metric
        row[0].set_ylabel(f"{literal(metric.title, 28)}\n({metric.direction} is better)")
        for axes, panel in zip(row, line, strict=True):
            _draw_band(axes, panel.band)
            _draw_series(axes, panel.points, series)
            if math.isfinite(panel.ends[0]):
                axes.set_ylim(*panel.ends)
    for top, bottom, panel in zip(grid[0], grid[-1], panels[0], strict=True):
        top.set_title(literal(f"in the space {panel.space}", 40))
        bottom.set_xlabel("clusters found")
        bottom.xaxis.get_major_locator().set_params(integer=True)
        if math.isfinite(k_range[0]):
            bottom.set_xlim(k_range[0] - 0.4, k_range[1] + 0.4)
    return canvas


def _draw_band(axes: Axes, band: pd.DataFrame) -> None:
    for generator, part in band.groupby("generator"):
        drawn = part.sort_values("n_clusters")
        if len(drawn) == 1:  # a single point would have no width
            drawn = pd.concat([drawn.assign(n_clusters=drawn["n_clusters"] + shift) for shift in (-0.2, 0.2)])
        axes.fill_between(drawn["n_clusters"], drawn["low"], drawn["high"], color=MUTED, alpha=0.2, linewidth=0)
        dash = _BAND_DASHES[str(generator)]
        axes.plot(drawn["n_clusters"], drawn["mean"], color=MUTED, linestyle=dash, linewidth=1.0)


def _draw_series(axes: Axes, points: pd.DataFrame, series: Sequence[str]) -> None:
    for index, name in enumerate(series):
        drawn = points[points["series"] == name].sort_values("n_clusters", kind="stable")
        style = look(index)
        # Without a k that was asked for, several cuts may find the same number of clusters: no line joins them.
        if len(drawn) and bool(drawn["by_k"].all()):
            axes.plot(drawn["n_clusters"], drawn["value"], linestyle=style.dash, color=style.colour, linewidth=1.1)
        for ok, face in ((True, style.colour), (False, "none")):
            part = drawn[drawn["ok"] == ok]
            axes.plot(part["n_clusters"], part["value"], style.mark, color=style.colour, markerfacecolor=face)


def _controls_beyond(panels: Sequence[Sequence[_Panel]], series: Sequence[str], inside: pd.DataFrame) -> list[str]:
    """Return the controls that the axes do not contain, each with the range of its scores."""
    names = []
    for line in panels:
        metric, beyond = line[0].metric, {name for panel in line for name in panel.beyond}
        for control in [name for name in series if name in beyond]:
            values = inside.loc[(inside["metric"] == metric.name) & (inside["series"] == control), "value"]
            ends = " to ".join(score_text(float(end), metric.digits) for end in (values.min(), values.max()))
            names.append(f"{metric.title} of {control} ({ends})")
    return names


def _legend(series: Sequence[str], generators: Sequence[str]) -> tuple[list[Artist], list[str]]:
    from matplotlib.lines import Line2D

    looks = [look(index) for index in range(len(series))]
    handles: list[Artist] = [Line2D([], [], color=s.colour, marker=s.mark, linestyle=s.dash) for s in looks]
    names = [literal(one, 38) for one in series]
    handles += [Line2D([], [], color=MUTED, linestyle=_BAND_DASHES[name], linewidth=1.0) for name in generators]
    return handles, [*names, *(f"{name}, 5 to 95 %" for name in generators)]


def _rows(points: pd.DataFrame, board: Board) -> Iterator[tuple[str, ...]]:
    for row in points.to_dict("records"):
        clusters, metric = float(row["n_clusters"]), board.metrics[row["metric"]]
        n_clusters = fixed(clusters, 0 if clusters.is_integer() else 1)
        value = score_text(row["value"], metric.digits)
        gate = "passed" if row["ok"] else CellStatus.REJECTED.value
        yield str(row["series"]), n_clusters, metric.title, printable(row["space"]), value, gate


def _band_rows(bands: pd.DataFrame, board: Board) -> Iterator[tuple[str, ...]]:
    for row in bands.to_dict("records"):
        metric = board.metrics[row["metric"]]
        mean, low, high = (score_text(row[name], metric.digits) for name in ("mean", "low", "high"))
        k, space = str(int(row["n_clusters"])), printable(row["space"])
        yield str(row["generator"]), k, metric.title, space, mean, f"{low} to {high}"


def _is_drawn(board: Board) -> bool:
    """Return whether there are scores: also without a rank, those of labelings that the gate rejected."""
    if board.overall or board.oracle:
        return False
    scores = board.run.scores
    scores = scores[(scores["dataset"] == board.dataset) & scores["space"].isin(board.spaces)]
    return bool(scores["value"].notna().any())


FIGURE = Figure("scores-against-k", "Scores against the number of clusters", _is_drawn, _draw, order=50)
