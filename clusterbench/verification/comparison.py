"""The result of a comparison of two runs, and its text."""

from collections.abc import Iterator
from dataclasses import dataclass

from clusterbench.naming import EntryNames
from clusterbench.text import counted, printable
from clusterbench.verification.differences import SHOWN, Difference, Judgement, Kind, difference_lines

_COMPLAINTS = {
    Kind.RANK: ("entry fell beyond the rank interval", "entries fell beyond the rank interval"),
    Kind.ENTRY: ("entry lost the rank", "entries lost the rank"),
    Kind.STATUS: ("cell that gave labels in A gave none in B", "cells that gave labels in A gave none in B"),
    Kind.LABELS: ("cell has other labels without a known cause", "cells have other labels without a known cause"),
    Kind.SCORE: ("score differs for equal labels", "scores differ for equal labels"),
}
"""What makes B worse, by the kind of the difference: one of them, and several."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How much was compared: entries and cells of both sides, and scores of equal labels.

    `scores_by_other_rule` were left out, because the sides declare different noise policies.
    """

    entries: int
    cells: int
    scores: int
    cells_only_a: int
    cells_only_b: int
    scores_by_other_rule: int = 0


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs, A (before) and B (after)."""

    a: str  # name of the side
    b: str
    counts: Counts
    differences: tuple[Difference, ...]  # entries by the distance that they moved, the farthest first
    names: EntryNames  # of the settings of both sides

    def of(self, kind: Kind) -> tuple[Difference, ...]:
        """Return the differences of a kind."""
        return tuple(difference for difference in self.differences if difference.kind is kind)

    @property
    def worse(self) -> tuple[str, ...]:
        """Why B is worse than A, one sentence each; empty where it is not.

        It is worse if an entry that is no control fell so far that its rank intervals have no rank in common, or lost
        its rank although B ran it; if a cell that gave labels in A gave none in B; if a cell has other labels although
        data, declaration and environment are the same; or if a score differs for equal labels. All other differences
        are reported, and do not make B worse.
        """
        failing = [(kind, sum(difference.fails for difference in self.of(kind))) for kind in _COMPLAINTS]
        return tuple(counted(number, *_COMPLAINTS[kind]) for kind, number in failing if number)


def comparison_text(comparison: Comparison, *, shown: int = SHOWN) -> str:
    """Return a comparison as plain text, with at most `shown` differences of each kind."""
    differences = difference_lines(comparison.differences, comparison.names, shown=shown)
    lines = [f"A  {comparison.a}", f"B  {comparison.b}", "", *_summary(comparison), *differences]
    return "\n".join(printable(line) for line in [*lines, "", " ".join(_verdict(comparison))])


def _summary(comparison: Comparison) -> Iterator[str]:
    counts, changed = comparison.counts, {kind: len(comparison.of(kind)) for kind in Kind}
    yield (
        f"{counted(counts.entries, 'entry', 'entries')} on both boards, {changed[Kind.RANK]} with another rank;"
        f" {counted(counts.cells, 'cell')} on both sides, {changed[Kind.LABELS]} with other labels;"
        f" {counted(counts.scores, 'score')} of equal labels, {changed[Kind.SCORE]} with another value."
    )
    if counts.cells_only_a or counts.cells_only_b:
        yield f"{counts.cells_only_a} cells are in A only, {counts.cells_only_b} in B only."
    if counts.scores_by_other_rule:
        scores = counted(counts.scores_by_other_rule, "score")
        yield f"{scores} of labelings with noise not compared: the sides declare different noise policies."
    if changed[Kind.RANK] and changed[Kind.ENTRY]:
        yield "The boards have different entries: some may have moved because others joined or left."


def _verdict(comparison: Comparison) -> Iterator[str]:
    if comparison.worse:
        yield f"B is worse: {'; '.join(comparison.worse)}."
    else:
        yield "B is not worse: nothing fell beyond its interval, failed, or has other scores for equal labels."
    undecided = [one.kind for one in comparison.differences if one.judgement is Judgement.UNDECIDED]
    if unknown := undecided.count(Kind.RANK):
        yield f"No rank interval is known for {counted(unknown, 'entry', 'entries')} that fell."
    if absent := undecided.count(Kind.ENTRY):
        entries = counted(absent, "entry", "entries")
        yield f"Not judged: {entries} of A that B did not run, or not by that k policy."
