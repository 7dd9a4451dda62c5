"""Why an entry has its rank and its k: what each metric adds, and the numbers by which the k policy chose."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from clusterbench.ranking import KPolicy, OrderRule
from clusterbench.report.entry_views import Board, Entry, column_in_words, metric_title
from clusterbench.report.model import KChoice, Shaded, ShadedTable
from clusterbench.report.number_text import fixed, is_missing, score_text, settings, signed
from clusterbench.text import in_sentence, listed

_LEVELS = 5
_LEAST = {OrderRule.SCORE: 0.01, OrderRule.MEAN_RANK: 0.5}
_CRITERIA = {
    KPolicy.SCORE: "score",
    KPolicy.SILHOUETTE: "mean silhouette",
    KPolicy.CALIBRATED: "mean z against random partitions",
}
_GIVEN = {KPolicy.FIXED: "the declared number of clusters", KPolicy.ORACLE: "the number of known classes"}


def compared_with(board: Board, entry: Entry) -> Entry | None:
    """Return the entry whose place explains that of another: the first contender, for itself the second."""
    return next((other for other in board.contenders if other is not entry), None)


def rank_table(board: Board, entry: Entry, added: Mapping[str, pd.DataFrame]) -> ShadedTable:
    """Return what every metric in every space adds to the score or mean rank of an entry, beside another entry.

    `added` are rows of the contributions of a leaderboard, by the anchor of their entry.
    """
    other = compared_with(board, entry)
    parts = added.get(entry.anchor)
    if parts is None or not math.isfinite(entry.order_value):
        return ShadedTable("Why this rank")
    theirs = {} if other is None or other.anchor not in added else _by_column(added[other.anchor])
    by_rank = entry.order is OrderRule.MEAN_RANK
    differences = {name: part - theirs[name] for name, part in _by_column(parts).items() if name in theirs}
    largest = max([_LEAST[entry.order], *map(abs, differences.values())])  # of the darkest shade
    rows = []
    for metric, space, value, rank, part in parts[["metric", "space", "value", "rank", "contribution"]].itertuples(
        index=False, name=None
    ):
        column = f"{metric}@{space}" if space else str(metric)
        digits = board.metrics[metric].digits if metric in board.metrics else 6
        fields = [
            Shaded(score_text(value, digits)),
            *([Shaded(fixed(rank, 1))] if by_rank else []),
            Shaded(fixed(part, 3)),
        ]
        if theirs:
            gap = differences.get(column, math.nan)
            level = 0 if math.isnan(gap) else round(-entry.order.sign * _LEVELS * gap / largest)
            fields += [Shaded(fixed(theirs.get(column), 3)), Shaded(signed(gap, 3), level)]
        rows.append((metric_title(board.metrics, column), tuple(fields)))
    total = [Shaded(""), *([Shaded("")] if by_rank else []), Shaded(fixed(entry.order_value, 3))]
    if other is not None and theirs:
        gap = entry.order_value - other.order_value
        total += [Shaded(fixed(other.order_value, 3)), Shaded(signed(gap, 3))]
    rows.append((entry.order.heading, tuple(total)))
    against = (f"Rank {other.rank} adds", "Difference") if other is not None and theirs else ()
    header = ("Metric and space", "Value", *(("Rank",) if by_rank else ()), "Adds", *against)
    return ShadedTable(f"What adds up to the {entry.order.heading.lower()}", header, tuple(rows))


def rank_sentence(board: Board, entry: Entry, added: Mapping[str, pd.DataFrame]) -> str:
    """Return by what an entry is behind the first contender, or the first one ahead of the second; "" if unknown."""
    other = compared_with(board, entry)
    if other is None or entry.anchor not in added or other.anchor not in added:
        return ""
    mine, theirs = _by_column(added[entry.anchor]), _by_column(added[other.anchor])
    sign = -entry.order.sign
    gaps = {name: sign * (part - theirs[name]) for name, part in mine.items() if name in theirs}
    total = entry.order_value - other.order_value
    if not math.isfinite(total):
        return ""
    lead = "above" if total > 0 else "below"
    what = entry.order.heading.lower()
    relation = f"is {fixed(abs(total), 3)} {lead}"
    if abs(total) < 0.0005:
        relation = "differs by less than 0.001 from" if total else "equals"
    text = f"Its {what}, {fixed(entry.order_value, 3)}, {relation} that of {other.rank} {other.label}"
    ordered = sorted(gaps.items(), key=lambda pair: pair[1])
    losses = [(name, -gap) for name, gap in ordered[:2] if gap <= -0.0005]
    gains = [(name, gap) for name, gap in ordered[::-1][:2] if gap >= 0.0005]
    parts, changes = [], [("loses", losses), ("gains", gains)]
    for verb, some in changes[:: -1 if sign * total > 0 else 1]:
        named = [f"{fixed(gap, 3)} by {in_sentence(column_in_words(board.metrics, name))}" for name, gap in some]
        parts += [f"it {verb} {listed(named)}"] if named else []
    return f"{text}: {' and '.join(parts)}." if parts else f"{text}."


def _by_column(parts: pd.DataFrame) -> dict[str, float]:
    rows = parts[["metric", "space", "contribution"]].itertuples(index=False, name=None)
    return {f"{metric}@{space}" if space else str(metric): float(part) for metric, space, part in rows}


def k_sentence(entry: Entry, cuts: pd.DataFrame) -> str:
    """Return by which number k was chosen, and by how much; `cuts` are rows of `StoredRun.criteria`."""
    policy = KPolicy(str(entry.row["k_policy"]))
    eligible = cuts[cuts["eligible"].astype(bool) & cuts["criterion"].notna()]
    if eligible.empty or is_missing(entry.row["cut"]):
        return ""
    if policy in _GIVEN:
        return f"{settings(str(entry.row['cut']))} gives {_GIVEN[policy]}; no score chose it."
    criteria = dict(zip(eligible["cut"], eligible["criterion"].astype(float), strict=True))
    chosen = criteria.pop(str(entry.row["cut"]), math.nan)
    text = f"{settings(str(entry.row['cut']))} has the highest {_CRITERIA[policy]}, {fixed(chosen, 3)}"
    if not criteria:
        return f"{text}. No other cut passed the gate."
    cut, best = max(criteria.items(), key=lambda pair: pair[1])
    text += f", before {settings(cut)} with {fixed(best, 3)}; {len(criteria) + 1} of {len(cuts)} cuts passed the gate."
    values = cuts[~cuts["eligible"].astype(bool) & (cuts["criterion"].astype(float) > chosen)]
    names = [settings(one) for one in values["cut"]]
    return f"{text} Higher, but not let through by the gate: {listed(names, most=4)}." if names else text


def k_choices(cuts: pd.DataFrame) -> tuple[KChoice, ...]:
    """Return the number by which k was chosen, for every cut; `cuts` are rows of `StoredRun.criteria`."""
    values = cuts["criterion"].to_numpy(dtype=np.float64, na_value=np.nan)
    known = values[np.isfinite(values)]
    if len(known) < 2:
        return ()
    shares = (values - known.min()) / max(float(known.max() - known.min()), 1e-12)
    rows = zip(cuts["cut"], values.tolist(), shares.tolist(), cuts["chosen"], cuts["eligible"], strict=True)
    choices = []
    for cut, value, part, is_chosen, is_eligible in rows:
        height = 0 if math.isnan(part) else round(10 + 90 * part)
        choices.append(KChoice(settings(cut), fixed(value, 3), height, bool(is_chosen), bool(is_eligible)))
    return tuple(choices)
