"""Why an entry has its rank and its k: what each metric adds, and the numbers by which the k policy chose."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from clusterbench.ranking import KPolicy, OrderRule
from clusterbench.report.entry_views import Board, Entry, column_in_words, metric_title
from clusterbench.report.model import KChoice, Shaded, ShadedTable
from clusterbench.report.number_text import fixed, is_missing, score_text, settings, signed
from clusterbench.report.plain_rows import Contribution, CutCriterion
from clusterbench.text import in_sentence, listed

Contributions = Mapping[str, Sequence[Contribution]]
"""The contributions to the entries of a board, by their anchors."""

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


def rank_table(board: Board, entry: Entry, added: Contributions) -> ShadedTable:
    """Return what every metric in every space adds to the score or mean rank of an entry, beside another entry."""
    other = compared_with(board, entry)
    parts = added.get(entry.anchor)
    if parts is None or not math.isfinite(entry.order_value):
        return ShadedTable("Why this rank")
    theirs = {} if other is None else _by_column(added.get(other.anchor, ()))
    by_rank = entry.order is OrderRule.MEAN_RANK
    differences = {name: part - theirs[name] for name, part in _by_column(parts).items() if name in theirs}
    largest = max([_LEAST[entry.order], *map(abs, differences.values())])  # of the darkest shade
    rows = []
    for one in parts:
        digits = board.metrics[one.metric].digits if one.metric in board.metrics else 6
        fields = [
            Shaded(score_text(one.value, digits)),
            *([Shaded(fixed(one.rank, 1))] if by_rank else []),
            Shaded(fixed(one.contribution, 3)),
        ]
        if theirs:
            gap = differences.get(one.column, math.nan)
            level = 0 if math.isnan(gap) else round(-entry.order.sign * _LEVELS * gap / largest)
            fields += [Shaded(fixed(theirs.get(one.column), 3)), Shaded(signed(gap, 3), level)]
        rows.append((metric_title(board.metrics, one.column), tuple(fields)))
    total = [Shaded(""), *([Shaded("")] if by_rank else []), Shaded(fixed(entry.order_value, 3))]
    if other is not None and theirs:
        gap = entry.order_value - other.order_value
        total += [Shaded(fixed(other.order_value, 3)), Shaded(signed(gap, 3))]
    rows.append((entry.order.heading, tuple(total)))
    against = (f"Rank {other.rank} adds", "Difference") if other is not None and theirs else ()
    header = ("Metric and space", "Value", *(("Rank",) if by_rank else ()), "Adds", *against)
    return ShadedTable(f"What adds up to the {entry.order.heading.lower()}", header, tuple(rows))


def rank_sentence(board: Board, entry: Entry, added: Contributions) -> str:
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


def _by_column(parts: Iterable[Contribution]) -> dict[str, float]:
    return {one.column: one.contribution for one in parts}


def k_sentence(entry: Entry, cuts: Sequence[CutCriterion]) -> str:
    """Return by which number k was chosen, and by how much, of all cuts of an entry."""
    policy = KPolicy(str(entry.row["k_policy"]))
    criteria = {one.cut: one.criterion for one in cuts if one.eligible and not is_missing(one.criterion)}
    if not criteria or is_missing(entry.row["cut"]):
        return ""
    if policy in _GIVEN:
        return f"{settings(str(entry.row['cut']))} gives {_GIVEN[policy]}; no score chose it."
    chosen = criteria.pop(str(entry.row["cut"]), math.nan)
    text = f"{settings(str(entry.row['cut']))} has the highest {_CRITERIA[policy]}, {fixed(chosen, 3)}"
    if not criteria:
        return f"{text}. No other cut passed the gate."
    cut, best = max(criteria.items(), key=lambda pair: pair[1])
    text += f", before {settings(cut)} with {fixed(best, 3)}; {len(criteria) + 1} of {len(cuts)} cuts passed the gate."
    names = [settings(one.cut) for one in cuts if not one.eligible and one.criterion > chosen]
    return f"{text} Higher, but not let through by the gate: {listed(names, most=4)}." if names else text


def k_choices(cuts: Sequence[CutCriterion]) -> tuple[KChoice, ...]:
    """Return the number by which k was chosen, for every cut of an entry."""
    known = [one.criterion for one in cuts if math.isfinite(one.criterion)]
    if len(known) < 2:
        return ()
    low, span = min(known), max(max(known) - min(known), 1e-12)
    return tuple(
        KChoice(
            settings(one.cut),
            fixed(one.criterion, 3),
            round(10 + 90 * (one.criterion - low) / span) if math.isfinite(one.criterion) else 0,
            one.chosen,
            one.eligible,
        )
        for one in cuts
    )
