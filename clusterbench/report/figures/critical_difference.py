"""The critical-difference diagram: average ranks over many datasets, bars over what cannot be told apart."""

from __future__ import annotations

from collections.abc import Sequence

from clusterbench.ranking import Significance
from clusterbench.report.figures.style import ACCENT, SECOND, house_style, literal, new_figure, rank_axis
from clusterbench.report.figures.svg import Picture, draw
from clusterbench.report.printed import fixed

_MOST_ENTRIES = 24


def difference_figure(found: Significance, labels: Sequence[str], *, name: str, title: str) -> Picture:
    """Draw the average rank of every entry; a bar joins entries without a significant difference.

    Parameters
    ----------
    found : Significance
    labels : sequence of str
        Names of the entries of ``found.average_rank``, in its order.
    """
    ranks = found.average_rank.tolist()[:_MOST_ENTRIES]
    with house_style():
        figure = new_figure(8.2, 1.0 + 0.26 * max(len(ranks), 3))
        axes = figure.add_subplot()
        axes.plot(ranks, range(len(ranks)), "o", color=ACCENT)
        cliques = [[p for p in clique if p < len(ranks)] for clique in found.cliques]
        bars = [clique for clique in cliques if len(clique) > 1]
        right = max(ranks, default=1.0)
        step = 0.02 * max(right - min(ranks, default=0.0), 1.0)
        for number, clique in enumerate(bars):
            x = right + step * (2 + number)
            axes.plot([x, x], [clique[0] - 0.25, clique[-1] + 0.25], color=SECOND, linewidth=3)
        axes.set_yticks(range(len(ranks)), [literal(label) for label in labels[: len(ranks)]])
        axes.set_ylim(len(ranks) - 0.4, -0.6)
        rank_axis(axes, across=True)
        axes.set_xlabel(f"average rank over {found.n_datasets} datasets; lower is better")
        told = (
            f"Friedman test: p = {fixed(found.friedman_p, 4)}. A bar joins entries that the Wilcoxon-Holm test at"
            f" {found.alpha:g} does not tell apart. Nemenyi's critical difference is"
            f" {fixed(found.nemenyi_difference, 2)}. The first {len(ranks)} of {len(labels)} entries."
        )
        header = ("entry", "average rank", "groups that it cannot be told apart from")
        rows = [
            (label, fixed(rank, 2), ", ".join(str(n + 1) for n, clique in enumerate(bars) if place in clique))
            for place, (label, rank) in enumerate(zip(labels, ranks, strict=False))
        ]
        return draw(figure, name=name, title=title, description=told, header=header, rows=rows)
