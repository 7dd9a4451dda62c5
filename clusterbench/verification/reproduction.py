"""The outcome of doing rows of a run again: every difference with both its values, and what it means."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from clusterbench.naming import parameter_pairs
from clusterbench.verification.equality import printable

_SHOWN = 12
_HASH_DIGITS = 16


class Matter(StrEnum):
    """What a difference concerns.

    ``input``: what the row was declared to be made of (data, space, plug-in version, parameters). ``outcome``: labels,
    sizes or scores. ``surroundings``: versions, threads, machine. ``digits``: a score beyond the digits that its metric
    reproduces. The first two make a row another one; the others are told.
    """

    INPUT = "input"
    OUTCOME = "outcome"
    SURROUNDINGS = "surroundings"
    DIGITS = "digits"


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it was recorded.

    Attributes
    ----------
    matter : Matter
    what : str
    recorded, now : str
        Both values in words.
    """

    matter: Matter
    what: str
    recorded: str
    now: str

    def words(self) -> str:
        """Return the difference in one line."""
        return f"{self.what}: recorded {self.recorded}, now {self.now}"


@dataclass(frozen=True, slots=True)
class RefittedRow:
    """One row, fitted and scored again.

    Attributes
    ----------
    dataset, variant, algorithm, params, cut : str
        `params` and `cut` are canonical JSON.
    seeds : tuple of int
        The seeds that it stands for: several where the seed has no influence.
    recorded, now : str
        SHA-256 of the labels, or the status of a row that gave none.
    n_scores : int
        Scores that were compared, over spaces, noise policies and metrics.
    differences : tuple of Difference
        Of its labels, sizes and scores.
    """

    dataset: str
    variant: str
    algorithm: str
    params: str
    cut: str
    seeds: tuple[int, ...]
    recorded: str
    now: str
    n_scores: int
    differences: tuple[Difference, ...]

    @property
    def name(self) -> str:
        """The row in one line."""
        seeds = " and ".join(map(str, self.seeds))
        params, cut = (", ".join(parameter_pairs(text)) for text in (self.params, self.cut))
        name = f"{self.algorithm}, {self.variant}, {cut}, seed {seeds} on {self.dataset}"
        return f"{name} ({params})" if params else name

    @property
    def same_labels(self) -> bool:
        return self.recorded == self.now


@dataclass(frozen=True, slots=True)
class Reproduction:
    """Rows of a run that were done again.

    Attributes
    ----------
    benchmark, target : str
        Where the rows were found, and how they were asked for.
    rows : tuple of RefittedRow
    differences : tuple of Difference
        Of inputs and surroundings, which the rows share.
    """

    benchmark: str
    target: str
    rows: tuple[RefittedRow, ...]
    differences: tuple[Difference, ...]

    def all_differences(self) -> Iterator[Difference]:
        """Give the differences of inputs and surroundings, then those of every row."""
        yield from self.differences
        for row in self.rows:
            yield from row.differences

    @property
    def same(self) -> bool:
        """Whether the same inputs gave the same labels, sizes and scores (to each metric's reproducible digits)."""
        return not any(found.matter in (Matter.INPUT, Matter.OUTCOME) for found in self.all_differences())

    @property
    def verdict(self) -> str:
        """What came out, in one or two sentences."""
        n_scores = sum(row.n_scores for row in self.rows)
        other, rows = sum(not row.same_labels for row in self.rows), _count(len(self.rows), "row")
        if self.same:
            beside = f", although the surroundings differ ({self._others()})" if self.differences else ""
            return f"Same: labels, sizes and {n_scores} scores of {rows} are as recorded{beside}."
        if other:
            return f"Differs: the labels of {other} of {rows} are others. {self._cause()}"
        outcomes = [found.what for found in self.all_differences() if found.matter is Matter.OUTCOME]
        if outcomes:
            more = f" and {len(outcomes) - 1} more" if len(outcomes) > 1 else ""
            return f"Differs: the labels are as recorded, but not {outcomes[0]}{more}. {self._cause()}"
        return f"Differs: labels and scores are as recorded, but they were made of something else. {self._cause()}"

    def _others(self) -> str:
        return "; ".join(difference.what for difference in self.differences)

    def _cause(self) -> str:
        if self.differences:
            return f"What else differs: {self._others()}."
        return (
            "Nothing known differs beside: neither data, plug-in version, parameters, package versions, threads nor"
            " CPU. Either the algorithm is not deterministic, or the store, the engine or the plug-in's code was"
            " changed."
        )


def reproduction_text(reproduction: Reproduction) -> str:
    """Return a reproduction as plain text; long lists are cut short and say so."""
    lines = [
        f"{reproduction.benchmark}: {reproduction.target} is {_count(len(reproduction.rows), 'row')}, fitted again"
    ]
    for row in reproduction.rows:
        labels = "as recorded" if row.same_labels else f"recorded {_short(row.recorded)}, now {_short(row.now)}"
        lines += [
            "",
            row.name,
            f"  labels  {_short(row.recorded)} {labels}" if row.same_labels else f"  labels  {labels}",
        ]
        rest = [difference for difference in row.differences if difference.what != LABELS]
        lines.append(f"  scores  {row.n_scores} compared")
        lines += _listed(rest, "  ")
    for title, matters in (("What it was made of", Matter.INPUT), ("Surroundings", Matter.SURROUNDINGS)):
        mine = [difference for difference in reproduction.differences if difference.matter is matters]
        if mine:
            lines += ["", title, *_listed(mine, "  ")]
    return "\n".join(printable(line) for line in [*lines, "", reproduction.verdict])


LABELS = "labels"


def _listed(differences: Sequence[Difference], indent: str) -> list[str]:
    shown = [f"{indent}{difference.words()}" for difference in differences[:_SHOWN]]
    rest = len(differences) - len(shown)
    return [*shown, f"{indent}... and {rest} more"] if rest else shown


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _short(text: str) -> str:
    return text[:_HASH_DIGITS] if len(text) == 64 else text
