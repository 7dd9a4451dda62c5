"""Agreement of entries and the ranks under other rules, as matrices whose order and shades show the pattern."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from clusterbench.report.entry_views import Board, Entry, metric_title
from clusterbench.report.model import Shaded, ShadedTable
from clusterbench.report.number_text import NOTHING, fixed
from clusterbench.report.plain_rows import rows_by
from clusterbench.tables import ENTRY_IDENTITY, Floats
from clusterbench.text import listed

_MOST_COMPARED = 30  # a wider matrix fits no screen
_MOST_VARIED = 300
_LEVELS, _FULL_SHIFT = 5, 10  # the darkest shade is a shift by 10 ranks


@dataclass(frozen=True, slots=True)
class _VariedRank:
    """A row of `Leaderboard.sensitivity`."""

    kind: str
    what: str
    rank: int


def agreement_matrix(board: Board, ari: Callable[[str, Entry, Entry], float | None]) -> ShadedTable:
    """Return the agreement of the first entries with one another, those with like labels side by side.

    `ari` gives the adjusted Rand index of two entries of a dataset, None where it was not computed.
    """
    first = board.entries[:_MOST_COMPARED]
    values = np.array([[ari(board.dataset, one, other) for other in first] for one in first], dtype=np.float64)
    values = values.reshape(len(first), len(first))
    if len(first) < 2 or np.isnan(values[~np.eye(len(first), dtype=bool)]).all():
        return ShadedTable("Agreement")
    order = _seriated(values)
    rows = []
    for number, place in enumerate(order, start=1):
        fields = (
            Shaded("") if place == other else Shaded(fixed(value, 2), _agreement_level(value))
            for other, value in zip(order, values[place, order].tolist(), strict=True)
        )
        rows.append((f"#{number} (rank {first[place].rank}) {first[place].label}", tuple(fields)))
    caption = (
        "Agreement of the entries: adjusted Rand index of their labels with the first seed, 1 is equal. Entries with"
    )
    caption += " like labels are side by side; column #2 is the entry of row #2"
    if len(board.entries) > len(first):
        caption += f". The first {len(first)} of {len(board.entries)} entries"
    return ShadedTable(caption, ("Entry", *(f"#{place + 1}" for place in range(len(first)))), tuple(rows))


def _agreement_level(value: float) -> int:
    return 0 if math.isnan(value) else round(_LEVELS * min(max(value, 0.0), 1.0))


def _seriated(values: Floats) -> list[int]:
    """Return an order in which neighbours agree: the leaves of average linkage (Bar-Joseph et al. 2001)."""
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    if len(values) < 3:
        return list(range(len(values)))
    distances = 1.0 - np.nan_to_num((values + values.T) / 2)
    np.fill_diagonal(distances, 0.0)
    tree = linkage(squareform(np.maximum(distances, 0.0), checks=False), "average", optimal_ordering=True)
    order: list[int] = leaves_list(tree).tolist()
    return order if order.index(0) < len(order) / 2 else order[::-1]


def sensitivity_matrix(board: Board) -> ShadedTable:
    """Return the ranks of the entries of a board under every other rule that changes one, best first."""
    frame = board.run.board.sensitivity
    frame = frame[(frame["dataset"] == board.dataset) & (frame["oracle"] == board.oracle)]
    rows_of = rows_by(_VariedRank, frame, ENTRY_IDENTITY)
    groups = {key: {(one.kind, one.what): one.rank for one in part} for key, part in rows_of.items()}
    entries = [entry for entry in board.entries if entry.key in groups]
    rules = list(dict.fromkeys(zip(frame["kind"], frame["what"], strict=True)))
    moving = [rule for rule in rules if any(groups[entry.key].get(rule) != entry.rank for entry in entries)]
    rows = tuple(
        (
            entry.label,
            (Shaded(str(entry.rank)), *(_shifted(entry.rank, groups[entry.key].get(rule)) for rule in moving)),
        )
        for entry in entries[:_MOST_VARIED]
    )
    caption = "Published rank, and the rank under another rule: blue is better than published, orange worse"
    if still := [_rule_title(board, *rule) for rule in rules if rule not in moving]:
        caption += f". No rank changes by these: {listed(still)}"
    if len(entries) > len(rows):
        caption += f". The first {len(rows)} of {len(entries)} entries"
    header = ("Entry", "Published", *(_rule_title(board, *rule) for rule in moving))
    return ShadedTable(caption, header if rows else (), tuple(rows))


def _rule_title(board: Board, kind: str, what: str) -> str:
    title = metric_title(board.metrics, what)
    return {"without metric": f"without {title}", "noise policy": f"noise: {title}"}.get(kind, f"{title} alone")


def _shifted(published: int, rank: int | None) -> Shaded:
    if rank is None:
        return Shaded(NOTHING)
    shift = published - rank
    level = min(_LEVELS, math.ceil(_LEVELS * abs(shift) / _FULL_SHIFT))
    return Shaded(str(rank), level if shift > 0 else -level)
