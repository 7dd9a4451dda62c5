"""Rows of the tables of a run as plain objects: entries and their details are many, and small frames are slow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, TypeVar

import pandas as pd

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_Row = TypeVar("_Row", bound="DataclassInstance")


@dataclass(frozen=True, slots=True)
class SeedCell:
    """The cell of an entry with one seed: some columns of `StoredRun.cells`; numbers that it lacks are missing."""

    seed: int
    labels_sha256: str
    n_rows: int
    sizes: Sequence[int]
    noise_share: float
    fit_seconds: float
    peak_mb: float
    inertia: float
    info: str


@dataclass(frozen=True, slots=True)
class LabelScore:
    """A score of a labeling in a space, NaN with a reason where it has none."""

    labels_sha256: str
    metric: str
    space: str
    value: float
    reason: str


@dataclass(frozen=True, slots=True)
class Contribution:
    """A row of `Leaderboard.contributions`."""

    metric: str
    space: str
    value: float
    rank: float
    contribution: float

    @property
    def column(self) -> str:
        """The name of its column of the leaderboard."""
        return f"{self.metric}@{self.space}" if self.space else self.metric


@dataclass(frozen=True, slots=True)
class CutCriterion:
    """A row of `StoredRun.criteria`: the number by which k was chosen, for one cut."""

    cut: str
    criterion: float
    eligible: bool
    chosen: bool


@dataclass(frozen=True, slots=True)
class ClusterSilhouette:
    """A row of `Details.silhouettes`."""

    space: str
    cluster: int
    silhouette: float
    rows: int


@dataclass(frozen=True, slots=True)
class ClusterMedoid:
    """A row of `Details.medoids`."""

    cluster: int
    row_id: str


def rows_by(kind: type[_Row], frame: pd.DataFrame, by: Sequence[str]) -> dict[tuple[str, ...], list[_Row]]:
    """Return the rows of a frame by the values of some columns as text; the fields of `kind` are its columns."""
    keys, rows = (
        zip(*(frame[name].to_numpy(dtype=object).tolist() for name in names), strict=True)
        for names in (by, [field.name for field in fields(kind)])
    )
    groups: dict[tuple[str, ...], list[_Row]] = {}
    for key, row in zip(keys, rows, strict=True):
        groups.setdefault(tuple(map(str, key)), []).append(kind(*row))
    return groups
