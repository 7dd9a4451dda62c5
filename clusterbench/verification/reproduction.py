"""The result of fitting rows of a run again, and its text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from clusterbench.naming import EntryNames
from clusterbench.text import counted, printable
from clusterbench.verification.differences import Difference, Kind, RowKey, difference_lines, shortened

_FORM = "recorded {before}, now {after}"


@dataclass(frozen=True, slots=True)
class RefittedRow:
    """One row, fitted and scored again.

    Attributes
    ----------
    key : RowKey
    recorded, now : str
        SHA-256 of the labels, or the status of a row that gave none.
    n_scores : int
        Scores that were compared, over spaces, noise policies and metrics.
    differences : tuple of Difference
        Of its labels, sizes and scores.
    """

    key: RowKey
    recorded: str
    now: str
    n_scores: int
    differences: tuple[Difference, ...]

    @property
    def same_labels(self) -> bool:
        return self.recorded == self.now


@dataclass(frozen=True, slots=True)
class Reproduction:
    """Rows of a run that were fitted again.

    Attributes
    ----------
    benchmark, target : str
        Where the rows were found, and how they were asked for.
    rows : tuple of RefittedRow
    shared : tuple of Difference
        Of inputs and environment, which rows have in common.
    names : EntryNames
        Names of the settings of the run.
    """

    benchmark: str
    target: str
    rows: tuple[RefittedRow, ...]
    shared: tuple[Difference, ...]
    names: EntryNames

    @property
    def differences(self) -> tuple[Difference, ...]:
        """The shared differences, then those of each row."""
        return (*self.shared, *(found for row in self.rows for found in row.differences))

    @property
    def same(self) -> bool:
        """Whether the same inputs gave the same labels, sizes and scores (to each metric's reproducible digits)."""
        return not any(found.fails for found in self.differences)

    @property
    def verdict(self) -> str:
        """The outcome in one or two sentences."""
        n_scores = sum(row.n_scores for row in self.rows)
        other, rows = sum(not row.same_labels for row in self.rows), counted(len(self.rows), "row")
        if self.same:
            beside = f", although the environment differs ({self._causes()})" if self.shared else ""
            return f"Same: labels, sizes and {n_scores} scores of {rows} are as recorded{beside}."
        if other:
            return f"Differs: the labels of {other} of {rows} are not as recorded. {self._cause()}"
        outcomes = [found.subject for row in self.rows for found in row.differences if found.fails]
        if outcomes:
            more = f" and {len(outcomes) - 1} more" if len(outcomes) > 1 else ""
            return f"Differs: the labels are as recorded, but not {outcomes[0]}{more}. {self._cause()}"
        return f"Differs: labels and scores are as recorded, but the inputs are not. {self._cause()}"

    def _causes(self) -> str:
        return "; ".join(str(found.subject) for found in self.shared)

    def _cause(self) -> str:
        if self.shared:
            return f"What else differs: {self._causes()}."
        return (
            "Nothing else that is known differs: neither data, plug-in version, parameters, package versions, threads"
            " nor CPU. Either the algorithm is not deterministic, or the store, the engine or the plug-in's code was"
            " changed."
        )


def reproduction_text(reproduction: Reproduction) -> str:
    """Return a reproduction as plain text; long lists are cut short and say so."""
    return "\n".join(printable(line) for line in _lines(reproduction))


def _lines(reproduction: Reproduction) -> Iterator[str]:
    names = reproduction.names
    yield f"{reproduction.benchmark}: {reproduction.target} is {counted(len(reproduction.rows), 'row')}, fitted again"
    for row in reproduction.rows:
        labels = shortened(row.recorded)
        yield ""
        yield f"{row.key.text(names)}: {labels}, {counted(row.n_scores, 'score')} compared"
        yield from difference_lines(row.differences, names, form=_FORM, indent="  ")
    for kind in Kind:
        shared = [found for found in reproduction.shared if found.kind is kind]
        yield from (["", *difference_lines(shared, names, form=_FORM)] if shared else [])
    yield from ("", reproduction.verdict)
