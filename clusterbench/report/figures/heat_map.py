"""Algorithm x variant as a heat map of the best mean rank, numbers printed in the cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from clusterbench.report.figures.style import MUTED, house_style, literal, new_figure
from clusterbench.report.figures.svg import Picture, draw
from clusterbench.report.printed import NOTHING, fixed
from clusterbench.report.report_entries import Entry

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ABSENT = "no rank"
_MOST = 40


def heat_figure(
    entries: Sequence[Entry], *, algorithms: Sequence[str], variants: Sequence[str], name: str, title: str
) -> Picture:
    """Draw the mean rank of the best entry of every algorithm on every variant.

    Parameters
    ----------
    entries : sequence of Entry
        The ranked ones.
    algorithms, variants : sequence of str
        All that were run, so that what got no rank shows as a gap.
    """
    n_variants, variants, algorithms = len(variants), variants[:_MOST], algorithms[:_MOST]
    best: dict[tuple[str, str], float] = {}
    for entry in entries:
        place = (entry.name, entry.variant)
        best[place] = min(entry.mean_rank, best.get(place, np.inf))
    with house_style():
        figure = new_figure(max(4.6, 2.6 + 0.85 * len(variants)), 0.9 + 0.33 * max(len(algorithms), 2))
        axes = figure.add_subplot()
        axes.grid(visible=False)
        _fill(axes, best, algorithms, variants)
        axes.set_xticks(range(len(variants)), [literal(variant, 16) for variant in variants])
        axes.set_yticks(range(len(algorithms)), [literal(a) for a in algorithms])
        axes.tick_params(length=0)
        for spine in axes.spines.values():
            spine.set_visible(False)
        told = f"The lower, the better and the darker; '{NOTHING}' where no entry got a rank."
        if n_variants > len(variants):
            told += f" The first {len(variants)} of {n_variants} variants."
        rows = [(a, *(fixed(best[a, v], 2) if (a, v) in best else _ABSENT for v in variants)) for a in algorithms]
        return draw(figure, name=name, title=title, description=told, header=("algorithm", *variants), rows=rows)


def _fill(
    axes: Axes, best: Mapping[tuple[str, str], float], algorithms: Sequence[str], variants: Sequence[str]
) -> None:
    from matplotlib import colormaps
    from matplotlib.patches import Rectangle

    low, high = min(best.values(), default=0.0), max(best.values(), default=1.0)
    shades = colormaps["cividis"]
    for i, algorithm in enumerate(algorithms):
        for j, variant in enumerate(variants):
            value = best.get((algorithm, variant))
            corner = (j - 0.48, i - 0.46)
            if value is None:
                axes.add_patch(Rectangle(corner, 0.96, 0.92, facecolor="none", edgecolor=MUTED, linestyle=":"))
                axes.text(j, i, NOTHING, ha="center", va="center", color=MUTED)
                continue
            shade = (value - low) / (high - low) if high > low else 0.0
            axes.add_patch(Rectangle(corner, 0.96, 0.92, facecolor=shades(shade), edgecolor="none"))
            # White on the dark half, near-black (not the page's own colour) on the light half.
            ink = "#ffffff" if shade < 0.55 else "#111111"
            axes.text(j, i, fixed(value, 1), ha="center", va="center", color=ink)
    axes.set_xlim(-0.5, len(variants) - 0.5)
    axes.set_ylim(len(algorithms) - 0.5, -0.5)
