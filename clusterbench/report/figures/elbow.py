"""What inertia curves suggest about k: elbow and gap statistic; drawn, never used to rank."""

from collections.abc import Mapping

import pandas as pd

from clusterbench.report.entry_views import Board
from clusterbench.report.figure import Figure, of_one_dataset
from clusterbench.report.figure_style import SECOND, integer_ticks, literal, look, new_figure
from clusterbench.report.number_text import NOTHING, fixed, is_missing, number_of, significant
from clusterbench.report.series import gap_of, inertia_of
from clusterbench.report.svg import Drawing
from clusterbench.structure import GapStatistic

_HEADER = ("series", "k", "inertia", "elbow", "gap", "error")


def _draw(board: Board) -> Drawing:
    curves, gap = inertia_of(board), gap_of(board)
    canvas = new_figure(8.2, 3.3)
    grid = canvas.subplots(1, 1 if gap is None else 2, squeeze=False)[0]
    for index, (label, curve) in enumerate(curves.items()):
        style, shares = look(index), curve["inertia"] / curve["inertia"].iloc[0]
        grid[0].plot(curve["k"], shares, style.mark, linestyle=style.dash, color=style.colour, label=literal(label))
        ring = curve["elbow"].to_numpy(dtype=bool)
        grid[0].plot(curve["k"][ring], shares[ring], "o", color=SECOND, markerfacecolor="none", markersize=12)
    grid[0].set_title("elbow (ringed)")
    grid[0].set_ylabel("inertia, share of the first")
    description = "Curves of different variants are of different spaces, so only their shapes compare."
    if gap is not None:
        curve = gap.curve
        grid[1].errorbar(curve["k"], curve["gap"], yerr=curve["error"], fmt="o-", color=look(0).colour, capsize=2)
        grid[1].set_title("gap statistic of k-means")
        description += " The gap statistic compares k-means with tables drawn without clusters and gives"
        description += f" {_suggested(gap)}."
    for axes in grid:
        axes.set_xlabel("k")
        integer_ticks(axes.xaxis)
    canvas.legend(*grid[0].get_legend_handles_labels(), loc="outside lower center", fontsize=8, ncols=3)
    rows = []
    for label, curve in curves.items():
        for k, inertia, elbow in curve[["k", "inertia", "elbow"]].itertuples(index=False, name=None):
            mark = "elbow" if elbow else ""
            rows.append((label, str(int(k)), significant(float(inertia), 6), mark, NOTHING, NOTHING))
    for k, value, error in () if gap is None else gap.curve.itertuples(index=False, name=None):
        rows.append(("gap of k-means", str(int(k)), NOTHING, "", fixed(value, 3), fixed(error, 3)))
    return Drawing(canvas, description, _HEADER, rows, _finding(board, curves, gap))


def _suggested(gap: GapStatistic) -> str:
    if gap.k is None:
        return "no k"
    return "no support for more than one cluster" if gap.k == 1 else f"k = {gap.k}"


def _finding(board: Board, curves: Mapping[str, pd.DataFrame], gap: GapStatistic | None) -> str:
    """Reconcile elbow, gap statistic and k policy in one sentence."""
    parts = []
    elbows = ((label, curve.loc[curve["elbow"].astype(bool), "k"]) for label, curve in curves.items())
    for label, k in [(label, int(ks.iloc[0])) for label, ks in elbows if len(ks)][:1]:
        parts.append(f"the elbow of {label} is at k = {k}")
    if gap is not None:
        parts.append(f"the gap statistic gives {_suggested(gap)}")
    if board.contenders and not is_missing(chosen := board.contenders[0].row["k"]):
        parts.append(f"the first entry has k = {number_of(chosen):.0f}")
    text = "; ".join(parts)
    return text[:1].upper() + text[1:]


def _is_drawn(board: Board) -> bool:
    return of_one_dataset(board) and bool(inertia_of(board))


FIGURE = Figure("elbow", "Inertia against k", _is_drawn, _draw, order=60)
