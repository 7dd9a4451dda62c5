"""Algorithm x variant as a heat map of the best score or mean rank, numbers printed in the fields."""

import math

import numpy as np

from clusterbench.ranking import OrderRule
from clusterbench.report.entry_views import Board
from clusterbench.report.figure import Figure, of_one_dataset
from clusterbench.report.figure_style import Shades, draw_matrix, new_figure
from clusterbench.report.number_text import NOTHING, fixed
from clusterbench.report.svg import Drawing
from clusterbench.tables import Floats
from clusterbench.text import printable

_MOST = 40


def _draw(board: Board) -> Drawing:
    settings = board.cells[["algorithm", "params"]].drop_duplicates().itertuples(index=False, name=None)
    algorithms = list(dict.fromkeys(board.setting_name(algorithm, params) for algorithm, params in settings))[:_MOST]
    every = list(dict.fromkeys(map(printable, board.cells["variant"])))
    variants = every[:_MOST]
    by_score = board.order is OrderRule.SCORE
    better = np.fmax if by_score else np.fmin
    best = np.full((len(algorithms), len(variants)), np.nan)
    for entry in board.entries:
        if entry.name in algorithms and entry.variant in variants:
            place = algorithms.index(entry.name), variants.index(entry.variant)
            if math.isfinite(entry.order_value):
                best[place] = better(entry.order_value, best[place])
    known = best[~np.isnan(best)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    title = board.order.heading.lower()
    colours, decimals = ("cividis_r", 2) if by_score else ("cividis", 1)
    shades = Shades(colours, low, high, decimals, dark=lambda place: (1 - place if by_score else place) < 0.55)
    canvas = new_figure(max(4.6, 2.6 + 0.85 * len(variants)), 0.9 + 0.33 * max(len(algorithms), 2))
    draw_matrix(canvas, best, algorithms, variants, shades)
    description = f"The {'higher' if by_score else 'lower'}, the better and the darker; '{NOTHING}' where no entry got"
    description += f" a {title}."
    if len(every) > len(variants):
        description += f" The first {len(variants)} of {len(every)} variants."
    rows = [
        (algorithm, *(f"no {title}" if np.isnan(value) else fixed(value, 2) for value in row))
        for algorithm, row in zip(algorithms, best.tolist(), strict=True)
    ]
    return Drawing(canvas, description, ("algorithm", *variants), rows, _finding(best, title, by_score=by_score))


def _finding(best: Floats, title: str, *, by_score: bool) -> str:
    """Say what matters more, the variant or the algorithm: by how much the best numbers differ."""
    worst = -np.inf if by_score else np.inf
    spreads = []
    for axis in (0, 1):
        filled = np.where(np.isnan(best), worst, best)
        ends = filled.max(axis=axis, initial=worst) if by_score else filled.min(axis=axis, initial=worst)
        known = ends[np.isfinite(ends)]
        spreads.append(float(np.ptp(known)) if len(known) > 1 else math.nan)
    if any(map(math.isnan, spreads)):
        return ""
    between_variants, between_algorithms = (fixed(spread, 2) for spread in spreads)
    return (
        f"The best {title} differs by {between_variants} between variants, by {between_algorithms} between algorithms"
    )


FIGURE = Figure("heat-map", "Best entry by algorithm and variant", of_one_dataset, _draw, order=70)
