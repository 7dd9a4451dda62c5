"""The critical-difference diagram: average ranks over many datasets; bars join entries that cannot be separated."""

from clusterbench.report.entry_views import Board, entry_label
from clusterbench.report.figure import Figure
from clusterbench.report.figure_style import ACCENT, SECOND, literal, new_figure, rank_axis
from clusterbench.report.number_text import fixed
from clusterbench.report.svg import Drawing
from clusterbench.tables import ENTRY_IDENTITY
from clusterbench.text import counted

_MOST_ENTRIES = 24


def _draw(board: Board) -> Drawing:
    tests = board.run.board.significance
    assert tests is not None
    keys = [dict(zip(ENTRY_IDENTITY, key, strict=True)) for key in tests.average_rank.index]
    labels = [entry_label(board.names, key, several_policies=board.several_policies) for key in keys]
    ranks = tests.average_rank.tolist()[:_MOST_ENTRIES]
    canvas = new_figure(8.2, 1.0 + 0.26 * max(len(ranks), 3))
    axes = canvas.add_subplot()
    axes.plot(ranks, range(len(ranks)), "o", color=ACCENT)
    cliques = [[place for place in clique if place < len(ranks)] for clique in tests.cliques]
    bars = [clique for clique in cliques if len(clique) > 1]
    right = max(ranks, default=1.0)
    step = 0.02 * max(right - min(ranks, default=0.0), 1.0)
    for number, clique in enumerate(bars):
        x = right + step * (2 + number)
        axes.plot([x, x], [clique[0] - 0.25, clique[-1] + 0.25], color=SECOND, linewidth=3)
    axes.set_yticks(range(len(ranks)), [literal(label) for label in labels[: len(ranks)]])
    axes.set_ylim(len(ranks) - 0.4, -0.6)
    rank_axis(axes, across=True)
    axes.set_xlabel(f"average rank over {tests.n_datasets} datasets; lower is better")
    description = (
        f"Friedman test: p = {fixed(tests.friedman_p, 4)}. A bar joins entries that the Wilcoxon-Holm test at"
        f" {tests.alpha:g} does not separate. Nemenyi's critical difference is {fixed(tests.nemenyi_difference, 2)}."
        f" The first {len(ranks)} of {len(labels)} entries."
    )
    rows = [
        (label, fixed(rank, 2), ", ".join(str(n + 1) for n, clique in enumerate(bars) if place in clique))
        for place, (label, rank) in enumerate(zip(labels, ranks, strict=False))
    ]
    header = ("entry", "average rank", "groups without a significant difference")
    finding = ""
    if labels:
        alike = {place for clique in tests.cliques if 0 in clique for place in clique} - {0}
        finding = f"{labels[0]} has the best average rank, {fixed(tests.average_rank.tolist()[0], 2)};"
        finding += f" {counted(len(alike), 'entry', 'entries')} of {len(labels) - 1} cannot be separated from it"
    return Drawing(canvas, description, header, rows, finding)


def _is_drawn(board: Board) -> bool:
    return bool(board.entries) and board.overall and board.run.board.significance is not None


FIGURE = Figure("critical-difference", "Average ranks and critical differences", _is_drawn, _draw, order=20)
