"""What inertia curves suggest about k: elbow and gap statistic; drawn, never used to rank."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from clusterbench.report.figures.style import SECOND, house_style, literal, look, new_figure, whole_numbers
from clusterbench.report.figures.svg import Picture, draw
from clusterbench.report.printed import fixed, significant
from clusterbench.structure import GapStatistic


def elbow_figure(
    curves: Mapping[str, pd.DataFrame], gap: tuple[str, GapStatistic] | None, *, name: str, title: str
) -> Picture:
    """Draw inertia against k, each curve as a share of its first value, and the gap curve of the champion.

    Parameters
    ----------
    curves : mapping of str to DataFrame
        k, inertia, elbow (bool), by name of the series.
    gap : (str, GapStatistic), optional
        Of which series, and its statistic.
    """
    with house_style():
        figure = new_figure(8.2, 3.3)
        grid = figure.subplots(1, 1 if gap is None else 2, squeeze=False)[0]
        for index, (label, curve) in enumerate(curves.items()):
            style, shares = look(index), curve["inertia"] / curve["inertia"].iloc[0]
            grid[0].plot(curve["k"], shares, style.mark, linestyle=style.dash, color=style.colour, label=literal(label))
            ring = curve["elbow"].to_numpy(dtype=bool)
            grid[0].plot(curve["k"][ring], shares[ring], "o", color=SECOND, markerfacecolor="none", markersize=12)
        grid[0].set_title("elbow (ringed)")
        grid[0].set_ylabel("inertia, share of the first")
        if gap is not None:
            curve = gap[1].curve
            grid[1].errorbar(curve["k"], curve["gap"], yerr=curve["error"], fmt="o-", color=look(0).colour, capsize=2)
            grid[1].set_title(literal(f"gap statistic of {gap[0]}", 46))
        for axes in grid:
            axes.set_xlabel("k")
            whole_numbers(axes.xaxis)
        figure.legend(*grid[0].get_legend_handles_labels(), loc="outside lower center", fontsize=8, ncols=3)
        told = "Curves of different variants live in different spaces, so only their shapes compare."
        if gap is not None:
            found = "no k" if gap[1].k is None else f"k = {gap[1].k}"
            told += f" The gap statistic against tables with shuffled columns suggests {found}."
        header = ("series", "k", "inertia", "elbow", "gap", "error")
        return draw(figure, name=name, title=title, description=told, header=header, rows=_rows(curves, gap))


def _rows(curves: Mapping[str, pd.DataFrame], gap: tuple[str, GapStatistic] | None) -> Sequence[tuple[str, ...]]:
    rows = []
    for label, curve in curves.items():
        gaps: dict[int, tuple[float, float]] = {}
        if gap is not None and gap[0] == label:
            found = gap[1].curve.itertuples(index=False, name=None)
            gaps = {int(k): (float(value), float(error)) for k, value, error in found}
        for k, inertia, elbow in curve[["k", "inertia", "elbow"]].itertuples(index=False, name=None):
            value, error = gaps.get(int(k), (np.nan, np.nan))
            mark = "elbow" if elbow else ""
            rows.append((label, str(int(k)), significant(float(inertia), 6), mark, fixed(value, 3), fixed(error, 3)))
    return rows
