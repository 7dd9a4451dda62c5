"""The one kind of finding of all checks, and its text."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from clusterbench.naming import EntryNames, flat_facts, parameter_pairs

NOT_RECORDED = "not recorded"
SHOWN = 20  # differences of a kind that are printed at most
_SHA256 = re.compile(r"[0-9a-f]{64}")


class Kind(StrEnum):
    """What differs. The value is the title under which differences are printed, in this order."""

    RULE = "Rules declared differently"
    INPUT = "Inputs"
    RANK = "Entries that moved"
    ENTRY = "Entries ranked on one side only"
    SCORE = "Scores of equal labels"
    LABELS = "Labels of the same declaration"
    STATUS = "Cells with labels on one side only"
    ENVIRONMENT = "Environment"
    DIGITS = "Digits beyond those that the metric reproduces"
    FIT_TIME = "Seconds of fitting (median)"


class Judgement(StrEnum):
    """What a difference means: the check fails, cannot judge it, or allows it."""

    FAILS = "fails"
    UNDECIDED = "undecided"
    ALLOWED = "allowed"


@dataclass(frozen=True, slots=True)
class Rank:
    """A rank, with the ends of its interval where there were draws."""

    rank: int
    low: int | None = None
    high: int | None = None

    def __str__(self) -> str:
        return f"{self.rank}" if self.low is None else f"{self.rank} [{self.low}-{self.high}]"

    def is_apart(self, other: Rank) -> bool | None:
        """Return whether the two intervals have no rank in common; None where one of them is not known."""
        if self.low is None or self.high is None or other.low is None or other.high is None:
            return None
        return self.high < other.low or other.high < self.low


@dataclass(frozen=True, slots=True, order=True)
class RowKey:
    """Identity of an entry (with its k policy) or of a cell (with its cut and seeds).

    `params` and `cut` are canonical JSON. There are several seeds where the seed has no influence.
    """

    dataset: str
    algorithm: str
    params: str
    variant: str
    k_policy: str = ""
    cut: str = ""
    seeds: tuple[int, ...] = ()

    def text(self, names: EntryNames) -> str:
        """Return the row in one line."""
        parts = [names.setting(self.algorithm, self.params), self.variant]
        if self.k_policy:
            parts.append(f"k {self.k_policy}")
        if self.cut:
            parts += parameter_pairs(self.cut)
        if self.seeds:
            parts.append(f"seed {' and '.join(map(str, self.seeds))}")
        return f"{self.dataset}: {', '.join(parts)}"


Value = str | int | float | Rank


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not the same before and after: in sides A and B, or as recorded and as computed again.

    `subject` is a row of a run, or any other thing by its name, such as ``packages numpy``; `note` says how large the
    difference is, or where it comes from.
    """

    kind: Kind
    subject: RowKey | str
    before: Value
    after: Value
    note: str = ""
    judgement: Judgement = Judgement.ALLOWED

    @property
    def fails(self) -> bool:
        return self.judgement is Judgement.FAILS


def difference_lines(
    differences: Iterable[Difference],
    names: EntryNames,
    *,
    form: str = "{before} -> {after}",
    shown: int = SHOWN,
    indent: str = "",
) -> Iterator[str]:
    """Yield the title of each kind and under it one line per difference, its two values in the given form.

    Of more than `shown` differences of a kind, a further line counts the rest. Without an indent, each title has a
    blank line before it.
    """
    ordered = sorted(differences, key=lambda difference: [*Kind].index(difference.kind))
    for kind, group in itertools.groupby(ordered, key=lambda difference: difference.kind):
        rows = list(group)
        yield from (f"{indent}{kind}",) if indent else ("", str(kind))
        yield from (f"{indent}  {_line(row, names, form)}" for row in rows[:shown])
        if len(rows) > shown:
            yield f"{indent}  ... and {len(rows) - shown} more"


def _line(row: Difference, names: EntryNames, form: str) -> str:
    subject = row.subject if isinstance(row.subject, str) else row.subject.text(names)
    values = form.format(before=short_hash(row.before), after=short_hash(row.after))
    return f"{subject}: {values}{f', {row.note}' if row.note else ''}"


def short_hash(value: Value) -> str:
    """Return a value as text, a SHA-256 by its first digits."""
    text = str(value)
    return text[:16] if _SHA256.fullmatch(text) else text


def fact_differences(kind: Kind, before: Mapping[str, object], after: Mapping[str, object]) -> list[Difference]:
    """Return a difference for every fact that two nested tables of facts state differently.

    Examples
    --------
    >>> [found] = fact_differences(Kind.ENVIRONMENT, {"packages": {"numpy": "1"}}, {"packages": {"numpy": "2"}})
    >>> found.subject, found.before, found.after
    ('packages numpy', '1', '2')
    """
    left, right = dict(flat_facts(before, " ")), dict(flat_facts(after, " "))
    pairs = [(name, left.get(name, NOT_RECORDED), right.get(name, NOT_RECORDED)) for name in {**left, **right}]
    return [Difference(kind, name, a, b) for name, a, b in pairs if a != b]


def same_score(one: float, other: float, *, digits: int) -> bool:
    """Return whether two scores differ by less than one unit of the last reproducible digit; NaN equals NaN.

    Examples
    --------
    >>> same_score(0.5, 0.5000004, digits=6), same_score(0.5, 0.500002, digits=6)
    (True, False)
    """
    return one == other or (one != one and other != other) or abs(one - other) < 10.0**-digits
