"""Names for segments, from rules over standardised deviations, with the evidence for each."""

from __future__ import annotations

import operator
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources

from clusterbench.report.number_text import signed
from clusterbench.segments.profile import ColumnProfile, SegmentProfile

WEAK = 0.5  # absolute deviation below which a column does not characterise a segment
_MOST_EVIDENCE = 3


@dataclass(frozen=True, slots=True)
class SegmentName:
    """What a segment is called, and why."""

    name: str
    evidence: tuple[tuple[str, float], ...]  # columns with their deviations in standard deviations
    weak: bool  # whether no column deviates by `WEAK`, so that the name says little
    edited: bool = False  # whether the analyst gave the name

    @property
    def evidence_text(self) -> str:
        """The evidence as it is printed, such as ``CASH_ADVANCE +1.8 sd, PURCHASES -1.2 sd``."""
        return ", ".join(f"{column} {signed(deviation)} sd" for column, deviation in self.evidence)


@dataclass(frozen=True, slots=True)
class NameRule:
    """A name with the conditions for it: column to ``>= 0.5`` or ``<= -0.3``, limits of its deviation."""

    name: str
    when: Mapping[str, str]

    def holds(self, deviations: Mapping[str, float]) -> bool:
        for column, condition in self.when.items():
            comparison, limit = condition.split()
            compare = {">=": operator.ge, "<=": operator.le}[comparison]
            if not compare(deviations[column], float(limit)):
                return False
        return True


@dataclass(frozen=True, slots=True)
class NameTable:
    """Rules in the order in which they are tried, and what columns are called inside a name."""

    rules: tuple[NameRule, ...] = ()
    words: Mapping[str, str] = field(default_factory=dict)
    rows: str = "rows"  # what several rows are called


@cache
def _credit_card_names() -> NameTable:
    text = (resources.files("clusterbench.segments") / "credit_card_names.toml").read_text(encoding="utf-8")
    content = tomllib.loads(text)
    rules = tuple(NameRule(rule["name"], rule["when"]) for rule in content["rules"])
    return NameTable(rules, content["words"], content["rows"])


def name_table(columns: Iterable[str]) -> NameTable:
    """Return the table of credit cards if its rules find all their columns among these, else an empty one."""
    table = _credit_card_names()
    return table if {column for rule in table.rules for column in rule.when} <= set(columns) else NameTable()


def suggest_names(profiles: Sequence[SegmentProfile]) -> tuple[SegmentName, ...]:
    """Return a name for each segment, no two of them equal.

    The first rule of the credit-card table that holds names a segment of a table with its columns. Any other segment is
    named after its two largest deviations, in the order of the table: ``high A, low B``. Equal names are told apart by
    the column in which their segments differ most.
    """
    if not profiles:
        return ()
    table = name_table(one.column for one in profiles[0].columns)
    return _distinct([_suggest(profile, table) for profile in profiles], profiles, table.words)


def _suggest(profile: SegmentProfile, table: NameTable) -> SegmentName:
    deviations = {one.column: one.deviation for one in profile.columns}
    rule = next((rule for rule in table.rules if rule.holds(deviations)), None)
    strongest = _one_per_category([one for one in profile.strongest if one.used] or profile.strongest)
    if rule is not None:
        named = [(column, deviations[column]) for column in rule.when]
        evidence = [*named, *((one.column, one.deviation) for one in strongest if one.column not in rule.when)]
        return SegmentName(rule.name, tuple(evidence[:_MOST_EVIDENCE]), weak=max(abs(d) for _, d in named) < WEAK)
    distinct = {round(abs(one.deviation), 9): one for one in reversed(strongest) if abs(one.deviation) >= WEAK}
    largest = list(distinct.values())[-2:]  # equal columns are named once
    # In the order of the table, so that equal names are seen.
    marked = [one for one in profile.columns if one in largest]
    evidence = [(one.column, one.deviation) for one in strongest[:_MOST_EVIDENCE]]
    name = ", ".join(_feature(one, table.words) for one in marked) or "no marked feature"
    return SegmentName(name, tuple(evidence), weak=not marked)


def _one_per_category(columns: Iterable[ColumnProfile]) -> list[ColumnProfile]:
    """Return the columns, of each category only the first."""
    first: dict[str, ColumnProfile] = {}
    for one in columns:
        first.setdefault(f"{one.marked.column}=" if one.marked else one.column, one)
    return list(first.values())


def _feature(one: ColumnProfile, words: Mapping[str, str]) -> str:
    if one.marked is not None:
        more = "" if one.mean >= 0.5 else "more "  # of the rows of the segment
        less = "less " if one.mean > 0 else "not "
        return f"{more if one.deviation > 0 else less}{one.marked.text}"
    return f"{'high' if one.deviation > 0 else 'low'} {words.get(one.column, one.column)}"


def _distinct(
    names: Sequence[SegmentName], profiles: Sequence[SegmentProfile], words: Mapping[str, str]
) -> tuple[SegmentName, ...]:
    """Add to equal names the columns in which their segments differ most, at last the segment's id."""
    distinct, used = list(names), set[str]()
    while len({one.name for one in distinct}) < len(distinct):
        texts = [one.name for one in distinct]
        group = [place for place, text in enumerate(texts) if texts.count(text) > 1 and text == _first_double(texts)]
        column = _most_different([profiles[place] for place in group], used)
        if column is not None:
            used.add(column)
        for place in group:
            addition = f"segment {profiles[place].id}"
            if column is not None:
                others = [_deviation(profiles[other], column) for other in group]
                above = _deviation(profiles[place], column) > (max(others) + min(others)) / 2
                addition = _difference(profiles[place], column, words, above=above)
            distinct[place] = replace(distinct[place], name=f"{distinct[place].name}, {addition}")
    return tuple(distinct)


def _difference(profile: SegmentProfile, column: str, words: Mapping[str, str], *, above: bool) -> str:
    [one] = profile.named([column])
    if one.marked is not None:
        return f"{'more' if above else 'less'} {one.marked.text}"
    return f"{'higher' if above else 'lower'} {words.get(column, column)}"


def _first_double(texts: Sequence[str]) -> str:
    return next(text for text in texts if texts.count(text) > 1)


def _most_different(profiles: Sequence[SegmentProfile], used: set[str]) -> str | None:
    """Return the column whose deviations differ most, None where they differ by less than `WEAK` in every other."""
    spreads = {}
    for column in (one.column for one in profiles[0].columns if one.column not in used):
        values = [_deviation(profile, column) for profile in profiles]
        spreads[column] = max(values) - min(values)
    best = max(spreads, key=lambda column: spreads[column], default=None)
    return best if best is not None and spreads[best] >= WEAK else None


def _deviation(profile: SegmentProfile, column: str) -> float:
    return next(one.deviation for one in profile.columns if one.column == column)
