"""The result of fitting rows of a run again, and its text."""

from dataclasses import dataclass
from enum import StrEnum

from clusterbench.naming import EntryNames
from clusterbench.text import counted, printable
from clusterbench.verification.differences import Difference, Kind, RowKey, difference_lines, short_hash

_FORM = "recorded {before}, now {after}"
_NO_CAUSE = (
    "Nothing else that is known differs: neither data, plug-in version, parameters, package versions, threads nor CPU."
    " Either the algorithm is not deterministic, or the store, the engine or the plug-in's code was changed."
)


class Outcome(StrEnum):
    """How a row that was fitted again compares with its record; close is equal but for the last digits of scores."""

    EQUAL = "equal"
    CLOSE = "close"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class RefittedRow:
    """One row, fitted and scored again.

    `recorded` and `now` are the SHA-256 of the labels, or the status of a row that gave none.
    """

    key: RowKey
    recorded: str
    now: str
    n_scores: int  # that were compared, over spaces, noise policies and metrics
    differences: tuple[Difference, ...]  # of its labels, sizes and scores

    @property
    def outcome(self) -> Outcome:
        if any(difference.fails for difference in self.differences):
            return Outcome.DIFFERENT
        return Outcome.CLOSE if self.differences else Outcome.EQUAL

    @property
    def same_labels(self) -> bool:
        return self.recorded == self.now


@dataclass(frozen=True, slots=True)
class Reproduction:
    """Rows of a run that were fitted again."""

    benchmark: str
    target: str  # how the rows were asked for
    rows: tuple[RefittedRow, ...]
    shared: tuple[Difference, ...]  # of inputs, environment and ranks, which rows have in common
    names: EntryNames  # of the settings of the run

    @property
    def differences(self) -> tuple[Difference, ...]:
        """The shared differences, then those of each row."""
        return (*self.shared, *(difference for row in self.rows for difference in row.differences))

    @property
    def same(self) -> bool:
        """Whether the same inputs gave the same labels, sizes and scores (to each metric's reproducible digits)."""
        return not any(difference.fails for difference in self.differences)

    @property
    def verdict(self) -> str:
        """The outcome in one or two sentences."""
        causes = [str(difference.subject) for difference in self.shared if difference.kind is not Kind.RANK]
        rows, others = counted(len(self.rows), "row"), "; ".join(causes)
        if self.same:
            n_scores = sum(row.n_scores for row in self.rows)
            beside = f", although the environment differs ({others})" if others else ""
            return f"Same: labels, sizes and {n_scores} scores of {rows} are as recorded{beside}."
        cause = f"What else differs: {others}." if others else _NO_CAUSE
        if other_labels := sum(not row.same_labels for row in self.rows):
            return f"Differs: the labels of {other_labels} of {rows} are not as recorded. {cause}"
        outcomes = [difference.subject for row in self.rows for difference in row.differences if difference.fails]
        if outcomes:
            more = f" and {len(outcomes) - 1} more" if len(outcomes) > 1 else ""
            return f"Differs: the labels are as recorded, but not {outcomes[0]}{more}. {cause}"
        if moved := sum(difference.kind is Kind.RANK and difference.fails for difference in self.shared):
            ranks = counted(moved, "rank does", "ranks do")
            return f"Differs: labels and scores are as recorded, but {ranks} not follow from cells and scores. {cause}"
        return f"Differs: labels and scores are as recorded, but the inputs are not. {cause}"


def reproduction_text(reproduction: Reproduction) -> str:
    """Return a reproduction as plain text; long lists are cut short and say so."""
    names, rows = reproduction.names, reproduction.rows
    lines = [f"{reproduction.benchmark}: {reproduction.target} is {counted(len(rows), 'row')}, fitted again"]
    for row in rows:
        compared = f"{row.outcome}, {short_hash(row.recorded)}, {counted(row.n_scores, 'score')} compared"
        lines += ["", f"{row.key.text(names)}: {compared}"]
        lines += difference_lines(row.differences, names, form=_FORM, indent="  ")
    lines += difference_lines(reproduction.shared, names, form=_FORM)
    return "\n".join(printable(line) for line in [*lines, "", reproduction.verdict])
