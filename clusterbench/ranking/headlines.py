"""The sentence above the table, and the alerts: generated from the numbers, never bolder than they are."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np

from clusterbench.naming import EntryNames
from clusterbench.ranking.alerts import Alert, AlertKind
from clusterbench.ranking.board import DOUBTS, NOISE_POLICY, ONLY_METRIC, ONLY_SPACE, WITHOUT_METRIC, Board
from clusterbench.ranking.ranks import column_ranks
from clusterbench.ranking.rules import RankingSpec
from clusterbench.tables import OVERALL

_NAMED = 3
_LEAST_AGREEMENT = 0.3
_LEAST_CONTENDERS = 5  # fewer orders contradict each other by chance


def entry_name(board: Board, entry: int) -> str:
    """Return an entry in words, as `EntryNames.entry` does for the entries of the board."""
    frame = board.entries.frame
    row, rows = frame.iloc[entry], board.entries.rows[entry]
    policies = frame.loc[frame["algorithm"] == row["algorithm"], "k_policy"]
    return EntryNames.of(zip(frame["algorithm"], frame["params"], strict=True)).entry(
        row["algorithm"],
        row["params"],
        row["variant"],
        k=int(board.cells["n_clusters"].iloc[int(rows[0])]) if len(rows) else None,
        policy=row["k_policy"] if policies.nunique() > 1 else None,
    )


def first_entries(board: Board) -> list[int]:
    """Return the contenders of rank 1, those most often first in the draws before others, else as on the board."""
    leaders = [int(e) for e in board.order() if board.rank[e] == 1 and board.entries.contender[e]]
    return sorted(leaders, key=lambda e: -np.nan_to_num(board.p_first[e]))


def headline_of(board: Board, spec: RankingSpec) -> str:
    """Return one paragraph: who is first, how sure that is, and what would change it."""
    leaders = first_entries(board)
    place = "over all datasets" if board.entries.dataset == OVERALL else f"on {board.entries.dataset}"
    if not leaders:
        return f"No contender could be ranked {place}."
    n = int(board.entries.contender.sum())
    told = ", with the true k given," if board.entries.oracle else ""
    parts = [_first_sentence(board, leaders, n, place, told, spec)]
    parts += [
        tell(board, leaders[0]) for tell in (_space_sentence, _metric_sentence, _noise_sentence, _control_sentence)
    ]
    return " ".join(part for part in parts if part)


def _first_sentence(board: Board, leaders: Sequence[int], n: int, place: str, told: str, spec: RankingSpec) -> str:
    champion = leaders[0]
    name = entry_name(board, champion)
    if n == 1:
        return f"{name}{told} is the only contender that could be ranked {place}."
    equals = [entry_name(board, e) for e in leaders[1:]]
    shared = f" shares the first place of {n} {place} with {_list(equals)}" if equals else ""
    if board.uncertainty == "nothing":
        doubt = "how sure that is was not measured (neither seeds nor rows were resampled)"
        return f"{name}{told}{shared or f' is ranked first of {n} {place}'}; {doubt}."
    contenders = np.flatnonzero(board.entries.contender)
    near = [int(e) for e in board.order() if e in contenders and e not in leaders and not board.apart[champion, e]]
    interval = f"{spec.confidence:.0%} rank interval {board.rank_low[champion]:.0f} to {board.rank_high[champion]:.0f}"
    how = f"{interval}, first in {board.p_first[champion]:.0%} of the draws over {board.uncertainty}"
    if near:
        names = _list([entry_name(board, e) for e in near])
        first = shared or f" is ranked first of {n} {place}"
        return f"{name}{told}{first} ({how}), but cannot be told apart from {names}."
    if equals:
        return f"{name}{told}{shared} ({how})."
    # Without resampled rows the draws know only part of the doubt, and a control is nothing: the word is not earned.
    beaten = not unbeaten_controls(board, champion)
    first = "the best" if "rows" in board.uncertainty and beaten else "first"
    others = "every other" if beaten else "every other contender"
    return f"{name}{told} is {first} of {n} {place} ({how}) and is told apart from {others}."


def _list(names: Sequence[str]) -> str:
    """Return names in words, the tail as a count."""
    shown = list(names[:_NAMED])
    rest = len(names) - len(shown)
    if rest:
        return f"{', '.join(shown)} and {rest} more"
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def _space_sentence(board: Board, champion: int) -> str:
    spaces = [v for v in board.variations if v.kind == ONLY_SPACE]
    if len(spaces) < 2:
        return ""
    lost = [f"rank {v.rank[champion]} in {v.what}" for v in spaces if v.rank[champion] > 1]
    if lost:
        return f"Not robust: by one reference space alone it has {_list(lost)}."
    return f"It is first in each of the {len(spaces)} reference spaces alone."


def _metric_sentence(board: Board, champion: int) -> str:
    lost = [v for v in board.variations if v.kind == WITHOUT_METRIC and v.rank[champion] > 1]
    if not lost:
        return ""
    return f"It would have {_list([f'rank {v.rank[champion]} without {v.what}' for v in lost])}."


def _noise_sentence(board: Board, champion: int) -> str:
    lost = [v for v in board.variations if v.kind == NOISE_POLICY and v.rank[champion] > 1]
    if not lost:
        return ""
    return f"It would have {_list([f'rank {v.rank[champion]} with noise scored as {v.what}' for v in lost])}."


def unbeaten_controls(board: Board, champion: int) -> list[int]:
    """Return the controls that an entry is not clearly better than, best first."""
    controls = [int(e) for e in board.order() if not board.entries.contender[e]]
    level = board.mean_rank[champion]
    return [e for e in controls if board.mean_rank[e] <= level or not board.apart[champion, e]]


def _control_sentence(board: Board, champion: int) -> str:
    unbeaten = unbeaten_controls(board, champion)
    if not unbeaten:
        return ""
    names = _list([entry_name(board, e) for e in unbeaten])
    return f"Controls are not beaten: {names}."


def alerts_of(board: Board) -> list[Alert]:
    """Return the alerts about one board."""
    leaders = first_entries(board)
    alerts: list[tuple[AlertKind, str]] = []
    if leaders:
        champion = leaders[0]
        if not board.robust[champion]:
            others = [v for v in board.variations if v.kind in DOUBTS and v.rank[champion] > 1]
            lost = ", ".join(f"{v.kind} {v.what}: rank {v.rank[champion]}" for v in others)
            alerts.append((AlertKind.NOT_ROBUST, f"the first place is not robust ({lost})"))
        if disagreement := _disagreement(board, champion):
            alerts.append((AlertKind.METRICS_DISAGREE, disagreement))
        if unbeaten := unbeaten_controls(board, champion):
            names = _list([entry_name(board, e) for e in unbeaten])
            alerts.append((AlertKind.CONTROLS_UNBEATEN, f"the first entry does not beat the controls ({names})"))
    flagged = sum(bool(missing) for missing in board.entries.missing)
    if flagged:
        lack = "1 ranked entry lacks" if flagged == 1 else f"{flagged} ranked entries lack"
        alerts.append((AlertKind.MISSING_SCORES, f"{lack} a score, which ranks last"))
    return [Alert(kind, text, board.entries.dataset, board.entries.oracle) for kind, text in alerts]


def _disagreement(board: Board, champion: int) -> str:
    """Say that the metrics contradict each other, "" where they do not.

    They do where the orders of the contenders by two metrics alone have a rank correlation (Spearman) below 0.3, or
    where one metric alone puts the first entry outside the best quarter.
    """
    alone = [v for v in board.variations if v.kind == ONLY_METRIC]
    contender = board.entries.contender
    n = int(contender.sum())
    if len(alone) < 2 or n < _LEAST_CONTENDERS:
        return ""
    means = np.column_stack([v.mean_rank for v in alone])
    ranks = column_ranks(-means, contender)[contender]
    spread = np.ptp(ranks, axis=0)
    pairs = [
        (float(np.corrcoef(ranks[:, i], ranks[:, j])[0, 1]), f"{alone[i].what} and {alone[j].what}")
        for i, j in itertools.combinations(range(len(alone)), 2)
        if spread[i] and spread[j]
    ]
    lowest, names = min(pairs, default=(1.0, ""))
    worst = max(int(v.rank[champion]) for v in alone)
    if lowest >= _LEAST_AGREEMENT and worst <= math.ceil(n / 4):
        return ""
    told = f"; the least agreement is between {names} (rank correlation {lowest:.2f})" if names else ""
    single = ", ".join(f"{v.rank[champion]} by {v.what}" for v in alone)
    return f"the metrics disagree: alone they would rank the first entry, of {n}, {single}{told}"
