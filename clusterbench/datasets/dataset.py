"""The one form in which a table enters the engine."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clusterbench.datasets.column_roles import ColumnRole

_HASHED_ROWS = 100_000  # at one time


class TruthKind(StrEnum):
    """Where known classes come from, which says how far they may be clusters."""

    GENERATED = "generated"
    """The groups from which the rows were drawn."""
    EXPERT = "expert"
    """Clusters that a person sees in the table."""
    CLASS = "class"
    """Labels of another purpose, such as a species or a diagnosis: they need not be clusters."""


@dataclass(frozen=True, slots=True, eq=False)
class KnownClasses:
    """One reference partition of the rows of a table."""

    name: str  # its column, or its file
    codes: NDArray[np.int64]  # shape (n,): classes 0..; -1 for rows that have none (noise)
    names: tuple[str, ...]  # of the codes

    @property
    def content_hash(self) -> str:
        """SHA-256 of the codes (little-endian int64) and their names."""
        codes = np.ascontiguousarray(self.codes, dtype="<i8").tobytes()
        return hashlib.sha256(codes + "\x1f".join(self.names).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class CodedColumn:
    """A column whose numbers stand for something else: steps make features of it."""

    role: ColumnRole  # category: codes 0.. of `levels`; date: days since 1970-01-01
    levels: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)  # without slots, which cached_property cannot use
class Dataset:
    """A numeric table ready for preprocessing."""

    name: str
    frame: pd.DataFrame  # float64, shape (n, d): missing values are NaN, infinities never occur; its index is 0..n-1
    row_ids: pd.Index  # length n: unique identifiers of the rows (customer numbers, or row numbers)
    known_classes: tuple[KnownClasses, ...] = ()  # for oracle policies and external metrics; the first gives the true k
    truth_kind: TruthKind | None = None
    coded: Mapping[str, CodedColumn] = field(default_factory=dict)  # columns that are no numbers, by name
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # columns that steps can name, as ``monetary``
    units: Mapping[str, str] = field(default_factory=dict)  # of columns, where they are known, such as ``currency``
    source: str = ""  # where it came from, without credentials
    warnings: tuple[str, ...] = ()  # what a reader should know: constant columns, dropped rows

    @property
    def n_rows(self) -> int:
        return len(self.frame)

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self.frame.columns)

    @property
    def truth(self) -> NDArray[np.int64] | None:
        """Codes of the first known classes, shape (n,)."""
        return self.known_classes[0].codes if self.known_classes else None

    @property
    def truth_names(self) -> tuple[str, ...]:
        """Name of each code in `truth`."""
        return self.known_classes[0].names if self.known_classes else ()

    @property
    def true_k(self) -> int | None:
        """Number of the first known classes that rows have."""
        return len(set(self.truth.tolist()) - {-1}) or None if self.truth is not None else None

    def take(self, rows: NDArray[np.int64]) -> Self:
        """Return the dataset with the rows at these positions."""
        return replace(
            self,
            frame=self.frame.iloc[rows].reset_index(drop=True),
            row_ids=self.row_ids[rows],
            known_classes=tuple(replace(known, codes=known.codes[rows]) for known in self.known_classes),
        )

    def sample(self, n_rows: int, *, seed: int) -> Self:
        """Return `n_rows` random rows, in their order, with a warning that says so; a shorter table as it is."""
        if self.n_rows <= n_rows:
            return self
        rows = np.sort(np.random.default_rng(seed).choice(self.n_rows, n_rows, replace=False))
        warning = f"{n_rows} of {self.n_rows} rows, drawn with seed {seed}"
        return replace(self.take(rows), warnings=(*self.warnings, warning))

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 of column names, values (little-endian float64), row ids and levels."""
        digest = hashlib.sha256()
        digest.update("\x1f".join(self.columns).encode())
        digest.update(np.array(self.frame.shape, dtype="<i8").tobytes())
        for start in range(0, self.n_rows, _HASHED_ROWS):
            values = np.ascontiguousarray(self.frame.iloc[start : start + _HASHED_ROWS].to_numpy(dtype="<f8"))
            # One bit pattern for every NaN and for both zeros, so equal tables have equal hashes.
            digest.update(np.where(np.isnan(values), np.nan, values + 0.0).data)
        digest.update("\x1f".join(map(str, self.row_ids)).encode())
        for name, column in self.coded.items():
            digest.update("\x1f".join((name, column.role, *column.levels)).encode())
        return digest.hexdigest()
