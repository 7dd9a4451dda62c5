"""What a comparison of two runs gives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from clusterbench.statuses import CellStatus

LOST = frozenset({CellStatus.FAILED, CellStatus.TIMEOUT, CellStatus.OUT_OF_MEMORY, CellStatus.SKIPPED})
"""Statuses of a cell that gave no labels."""


@dataclass(frozen=True, slots=True, order=True)
class EntryKey:
    """What an entry is known by on both sides; `params` is canonical JSON."""

    dataset: str
    algorithm: str
    params: str
    variant: str
    k_policy: str


@dataclass(frozen=True, slots=True, order=True)
class CellKey:
    """What a cell is known by on both sides; `params` and `cut` are canonical JSON."""

    dataset: str
    variant: str
    algorithm: str
    params: str
    cut: str
    seed: int


@dataclass(frozen=True, slots=True)
class Move:
    """An entry that has another rank in B.

    Attributes
    ----------
    entry : EntryKey
    control : bool
        Whether it is a null competitor, whose fall is nobody's loss.
    rank_a, rank_b : int
    interval_a, interval_b : tuple of int or None
        Best and worst rank of the bootstrap; None where nothing was resampled.
    cut_a, cut_b : str or None
        The cuts that were chosen; None on the board over all datasets.
    """

    entry: EntryKey
    control: bool
    rank_a: int
    rank_b: int
    interval_a: tuple[int, int] | None
    interval_b: tuple[int, int] | None
    cut_a: str | None
    cut_b: str | None

    @property
    def by(self) -> int:
        """Ranks that it fell (positive) or rose (negative)."""
        return self.rank_b - self.rank_a

    @property
    def beyond(self) -> bool | None:
        """Whether the rank intervals of both sides do not meet; None where one is not known."""
        if self.interval_a is None or self.interval_b is None:
            return None
        return self.interval_a[1] < self.interval_b[0] or self.interval_b[1] < self.interval_a[0]


@dataclass(frozen=True, slots=True)
class ScoreChange:
    """A metric that differs, by more than its reproducible digits, for the same labels in the same space.

    `variant` names the own space of the labels; it is None in a reference space. A status that is not ``ok`` stands in
    place of a value. `same_data` tells whether both manifests name one hash of the table: then it is the engine, or
    the declaration of the space, that changed. `same_rule` is None where the labels have noise and an export does not
    tell by which policy it was scored.
    """

    dataset: str
    variant: str | None
    space: str
    metric: str
    labels_sha256: str
    a: float | str
    b: float | str
    same_data: bool | None
    same_rule: bool | None = True


@dataclass(frozen=True, slots=True)
class LabelChange:
    """A cell whose labels differ for the same declaration.

    `unexplained` says that data, variant, plug-in version, package versions, machine and threads are known on both
    sides, and equal: then the labels should be.
    """

    cell: CellKey
    sha256_a: str
    sha256_b: str
    same_data: bool | None
    unexplained: bool = False


@dataclass(frozen=True, slots=True)
class FailureChange:
    """A cell that gave labels on one side only: failed, out of time or memory, or skipped on the other."""

    cell: CellKey
    status_a: str
    status_b: str
    reason: str


@dataclass(frozen=True, slots=True)
class ManifestChange:
    """A version, hash, thread count or other fact on which the sides differ."""

    what: str
    a: str
    b: str


@dataclass(frozen=True, slots=True)
class FitTime:
    """Seconds of fitting in B for each second in A: the median over the cells that both sides fitted."""

    algorithm: str
    ratio: float
    n_cells: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs, A (before) and B (after).

    Attributes
    ----------
    a, b : str
        Names of the sides.
    n_entries, n_cells, n_scores : int
        What both sides have: entries, cells, scores of equal labels.
    moves : tuple of Move
        Entries of another rank, the farthest first.
    only_a, only_b : tuple of EntryKey
        Entries that are ranked on one side alone.
    lost : tuple of EntryKey
        Those of `only_a` that no gate lets pass in B, although B ran them and ranks by their k policy.
    scores : tuple of ScoreChange
    labels : tuple of LabelChange
    failures : tuple of FailureChange
    cells_only_a, cells_only_b : int
    manifest : tuple of ManifestChange
    fit_times : tuple of FitTime
    gone : tuple of EntryKey
        Those of `only_a`, controls apart, of which B was not asked for a rank: it did not run them, or ranks by no such
        k policy.
    settings : tuple of (str, str)
        Algorithm and parameters of all that stands on either side: what a name has to tell apart.
    rules : tuple of ManifestChange
        What the sides declare otherwise: noise policy, gate, weights, variants.
    n_by_other_rule : int
        Scores of equal labels that were not compared, since the sides score noise by other policies.
    """

    a: str
    b: str
    n_entries: int
    n_cells: int
    n_scores: int
    moves: tuple[Move, ...]
    only_a: tuple[EntryKey, ...]
    only_b: tuple[EntryKey, ...]
    lost: tuple[EntryKey, ...]
    scores: tuple[ScoreChange, ...]
    labels: tuple[LabelChange, ...]
    failures: tuple[FailureChange, ...]
    cells_only_a: int
    cells_only_b: int
    manifest: tuple[ManifestChange, ...]
    fit_times: tuple[FitTime, ...]
    gone: tuple[EntryKey, ...] = ()
    settings: tuple[tuple[str, str], ...] = ()
    rules: tuple[ManifestChange, ...] = ()
    n_by_other_rule: int = 0

    @property
    def worse(self) -> tuple[str, ...]:
        """Why B is worse than A, one sentence each; empty where it is not.

        It is worse if an entry that is no control fell so far that its rank intervals do not meet, or has no rank any
        more although B ran it; if a cell that gave labels in A failed, ran out of time or memory, or was skipped in B;
        if a cell has other labels and nothing known differs of which they are made; or if a score differs for equal
        labels. A fall within the intervals, or where they are not known, other labels with a known cause, scores by
        another noise policy and longer fits are told, and are not worse.
        """
        return tuple(self._complaints())

    def _complaints(self) -> Iterator[str]:
        fell = [move for move in self.moves if move.by > 0 and move.beyond and not move.control]
        failed = [change for change in self.failures if change.status_b in LOST]
        if fell:
            yield f"{counted(len(fell), 'entry', 'entries')} fell beyond the rank interval"
        if self.lost:
            yield f"{counted(len(self.lost), 'entry', 'entries')} lost the rank"
        if failed:
            yield f"{counted(len(failed), 'cell', 'cells')} that gave labels in A gave none in B"
        if unexplained := sum(change.unexplained for change in self.labels):
            cells = counted(unexplained, "cell has", "cells have")
            yield f"{cells} other labels, of the same data by the same versions"
        if self.scores:
            yield f"{counted(len(self.scores), 'score differs', 'scores differ')} for equal labels"


def counted(number: int, one: str, many: str) -> str:
    """Return a number with its word.

    Examples
    --------
    >>> counted(1, "entry", "entries"), counted(0, "entry", "entries")
    ('1 entry', '0 entries')
    """
    return f"{number} {one if number == 1 else many}"
