"""The sentence above the table, and the alerts: generated from the numbers, never stronger than they are."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

import numpy as np

from clusterbench.metrics import NoisePolicy
from clusterbench.naming import EntryNames
from clusterbench.ranking.alerts import Alert, AlertKind
from clusterbench.ranking.board import (
    DOUBTS,
    NOISE_POLICY,
    ONLY_METRIC,
    ONLY_SPACE,
    WITHOUT_METRIC,
    RankedBoard,
    Variation,
)
from clusterbench.ranking.ranks import column_ranks
from clusterbench.ranking.rules import RankingSpec
from clusterbench.tables import OVERALL, STABILITY
from clusterbench.text import in_sentence, listed, percent

_NAMED = 3
LEAST_DRAWS = 10
"""With fewer draws, as by `--quick`, no entry is called the best or told apart."""
_LEAST_AGREEMENT = 0.3
_NOISE: Mapping[str, str] = {
    NoisePolicy.ZERO: "scored as 0",
    NoisePolicy.DROP: "left out of the scores",
    NoisePolicy.CLUSTER: "scored as one cluster",
    NoisePolicy.NEAREST: "put into the nearest cluster",
}
_LEAST_CONTENDERS = 5  # fewer entries are ordered in opposite ways by chance


def entry_name(board: RankedBoard, entry: int) -> str:
    """Return the name of an entry, as `EntryNames.entry` does for the entries of the board."""
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


def headline_of(board: RankedBoard, spec: RankingSpec) -> str:
    """Return one paragraph: which entry is first, how certain that is, and what would change it."""
    leaders = board.first_entries()
    place = "over all datasets" if board.entries.dataset == OVERALL else f"on {board.entries.dataset}"
    if not leaders:
        return f"No contender could be ranked {place}."
    sentences = (
        _first_sentence(board, leaders, place, spec),
        _space_sentence(board, leaders[0]),
        _rank_sentence(board, leaders[0], WITHOUT_METRIC, "without", spec),
        _rank_sentence(board, leaders[0], NOISE_POLICY, "if noise rows are", spec),
        _control_sentence(board, leaders[0], spec),
    )
    return " ".join(sentence for sentence in sentences if sentence)


def _first_sentence(board: RankedBoard, leaders: Sequence[int], place: str, spec: RankingSpec) -> str:
    first, n = leaders[0], int(board.entries.contender.sum())
    name = entry_name(board, first) + (", with the true k given," if board.entries.oracle else "")
    if n == 1:
        return f"{name} is the only contender that could be ranked {place}."
    equals = [entry_name(board, e) for e in leaders[1:]]
    ranked = f"is ranked first of {n} {place}"
    if equals:
        ranked = f"shares the first place of {n} {place} with {listed(equals, most=_NAMED)}"
    if np.isnan(board.p_first[first]):
        return f"{name} {ranked}; how certain that is was not measured (nothing was fitted to halves of the rows)."
    interval = f"{100 * spec.confidence:g} % rank interval {board.rank_low[first]:.0f} to {board.rank_high[first]:.0f}"
    sample = f"first in {percent(board.p_first[first])} of samples of the same size from the same population"
    how = f"{interval}, {sample}, by {len(board.entries.drawn)} draws"
    contender = board.entries.contender
    near = [int(e) for e in board.order() if contender[e] and e not in leaders and not board.apart[first, e]]
    if near:
        names = listed([entry_name(board, e) for e in near], most=_NAMED)
        return f"{name} {ranked} ({how}), but is not separated from {names}."
    if equals or len(board.entries.drawn) < LEAST_DRAWS:
        return f"{name} {ranked} ({how})."
    if unbeaten_controls(board, first, spec):  # "best" needs controls that are beaten
        return f"{name} is first of {n} {place}, told apart from every other contender ({how})."
    return f"{name} is the best of {n} {place}, told apart from every other ({how})."


def _space_sentence(board: RankedBoard, first: int) -> str:
    spaces = [v for v in board.variations if v.kind == ONLY_SPACE]
    if len(spaces) < 2:
        return ""
    lost = [f"rank {v.rank[first]} in {v.what}" for v in spaces if v.rank[first] > 1]
    if lost:
        return f"Not robust: by one reference space alone it has {listed(lost, most=_NAMED)}."
    return f"It is first in each of the {len(spaces)} reference spaces alone."


def _what(variation: Variation, spec: RankingSpec) -> str:
    """Return what a variation is of: the title of a metric, the name of a space, what is done with noise rows."""
    if variation.kind == NOISE_POLICY:
        return _NOISE[variation.what]
    is_metric = variation.kind in (WITHOUT_METRIC, ONLY_METRIC) and variation.what != STABILITY
    return in_sentence(spec.metric(variation.what).title) if is_metric else variation.what


def _rank_sentence(board: RankedBoard, first: int, kind: str, how: str, spec: RankingSpec) -> str:
    varied = [v for v in board.variations if v.kind == kind and v.rank[first] > 1]
    lost = [f"rank {v.rank[first]} {how} {_what(v, spec)}" for v in varied]
    return f"It would have {listed(lost, most=_NAMED)}." if lost else ""


def unbeaten_controls(board: RankedBoard, entry: int, spec: RankingSpec) -> list[int]:
    """Return the controls whose expectation an entry is not shown to beat, best first.

    p is the share of simulated samples in which the entry is not ahead of the control, corrected by Holm for the number
    of controls; without samples, 0 or 1.
    """
    controls = [int(e) for e in board.order() if not board.entries.contender[e]]
    samples = board.criterion[None] if board.samples is None else board.samples
    p = np.array([np.mean(samples[:, entry] >= board.criterion[control]) for control in controls])
    order = np.argsort(p, kind="stable")
    corrected = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    beaten = {controls[i] for i, value in zip(order, corrected, strict=True) if value <= (1.0 - spec.confidence) / 2.0}
    return [control for control in controls if control not in beaten]


def _control_sentence(board: RankedBoard, first: int, spec: RankingSpec) -> str:
    unbeaten = unbeaten_controls(board, first, spec)
    return (
        f"Controls are not beaten: {listed([entry_name(board, e) for e in unbeaten], most=_NAMED)}." if unbeaten else ""
    )


def alerts_of(board: RankedBoard, spec: RankingSpec) -> list[Alert]:
    """Return the alerts about one board."""
    alerts: list[tuple[AlertKind, str]] = []
    for first in board.first_entries()[:1]:
        if not board.robust[first]:
            others = [v for v in board.variations if v.kind in DOUBTS and v.rank[first] > 1]
            lost = ", ".join(f"rank {v.rank[first]} {_condition(v, spec)}" for v in others)
            alerts.append((AlertKind.NOT_ROBUST, f"the first place is not robust ({lost})"))
        if disagreement := _disagreement(board, first, spec):
            alerts.append((AlertKind.METRICS_DISAGREE, disagreement))
        if end := board.entries.at_end[first]:
            text = f"the k of the first entry is the {end} that was run: the best may lie beyond, run a larger range"
            alerts.append((AlertKind.END_OF_RANGE, text))
        if unbeaten := unbeaten_controls(board, first, spec):
            names = listed([entry_name(board, e) for e in unbeaten], most=_NAMED)
            alerts.append((AlertKind.CONTROLS_UNBEATEN, f"the first entry does not beat the controls ({names})"))
    flagged = sum(bool(missing) for missing in board.entries.missing)
    if flagged:
        lack = "1 ranked entry lacks" if flagged == 1 else f"{flagged} ranked entries lack"
        alerts.append((AlertKind.MISSING_SCORES, f"{lack} a score, which ranks last"))
    return [Alert(kind, text, board.entries.dataset, board.entries.oracle) for kind, text in alerts]


def _condition(variation: Variation, spec: RankingSpec) -> str:
    """Return under what other rule a rank holds, such as ``if noise rows are left out of the scores``."""
    what = _what(variation, spec)
    if variation.kind == NOISE_POLICY:
        return f"if noise rows are {what}"
    return f"without {what}" if variation.kind == WITHOUT_METRIC else f"by the space {what} alone"


def _disagreement(board: RankedBoard, first: int, spec: RankingSpec) -> str:
    """Return how the metrics contradict each other, "" where they do not.

    They do where the ranks of the contenders by two single metrics have a correlation (Spearman) below 0.3, or where
    the first entry is not in the best quarter by a single metric.
    """
    single = [v for v in board.variations if v.kind == ONLY_METRIC]
    contender = board.entries.contender
    n = int(contender.sum())
    if len(single) < 2 or n < _LEAST_CONTENDERS:
        return ""
    ranks = column_ranks(-np.column_stack([v.criterion for v in single]), contender)[contender]
    spread = np.ptp(ranks, axis=0)
    pairs = [
        (float(np.corrcoef(ranks[:, i], ranks[:, j])[0, 1]), f"{_what(single[i], spec)} and {_what(single[j], spec)}")
        for i, j in itertools.combinations(range(len(single)), 2)
        if spread[i] and spread[j]
    ]
    lowest, names = min(pairs, default=(1.0, ""))
    if lowest >= _LEAST_AGREEMENT and max(int(v.rank[first]) for v in single) <= math.ceil(n / 4):
        return ""
    least = f"; the least agreement is between {names} (rank correlation {lowest:.2f})" if names else ""
    places = ", ".join(f"{v.rank[first]} ({_what(v, spec)})" for v in single)
    return f"the metrics disagree: alone, they would put the first entry, of {n}, at place {places}{least}"
