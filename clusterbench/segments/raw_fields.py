"""The fields of a row as it is given to a service: numbers, levels of categories, and dates."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from clusterbench.segments.bundle import BundleManifest, ColumnFacts
from clusterbench.segments.column_source import ColumnSource

RawValue = float | str | datetime | None
_EPOCH = datetime(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class RawField:
    """A field of a row, and the columns of the program that are made of it, with their places."""

    name: str
    columns: tuple[ColumnFacts, ...]
    places: tuple[int, ...]

    @property
    def levels(self) -> tuple[str, ...]:
        """The levels of a category; none of a number or a date."""
        source = self.columns[0].source
        return source.levels if source else ()

    @property
    def takes_others(self) -> bool:
        """Whether a level that the fitted table lacked has a number."""
        return all(column.source is not None and column.source.other is not None for column in self.columns)

    def lacks(self, value: RawValue) -> bool:
        """Whether a value is a level that the fitted table lacked."""
        return bool(self.levels) and value is not None and str(value) not in self.levels

    @property
    def is_date(self) -> bool:
        source = self.columns[0].source
        return source is not None and bool(source.part)

    @property
    def may_be_missing(self) -> bool:
        return all(
            column.filled or (column.source is not None and column.source.missing is not None)
            for column in self.columns
        )

    def numbers(self, value: RawValue) -> list[float]:
        """Return the numbers of the columns that are made of a value, NaN where it is missing; a date may be a text."""
        return [_number(column.source, value) for column in self.columns]

    def level(self, row: NDArray[np.float64]) -> str:
        """Return the level of a category that has the numbers of a row: "(other)" of rare and of unknown levels."""
        given = row[list(self.places)]
        levels = [level for level in self.levels if np.array_equal(self.numbers(level), given, equal_nan=True)]
        if not levels and np.array_equal(self.numbers(None), given, equal_nan=True):
            return "missing"
        return levels[0] if len(levels) == 1 else "(other)"

    def example(self, at: int) -> float | str:
        """Return a typical value: the quantile at a place of the manifest's levels, the most frequent level, a day."""
        first = self.columns[0]
        if self.is_date:
            days = next((one.quantiles[at] for one in self.columns if one.source and one.source.part == "days"), 0.0)
            return (_EPOCH + timedelta(days=math.floor(days))).date().isoformat()
        if not first.source:
            return first.quantiles[at]
        return self.most_frequent() or ""

    @property
    def marks_levels(self) -> bool:
        """Whether it is a category whose columns hold 0 and 1."""
        sources = [column.source for column in self.columns]
        return bool(self.levels) and all(source is not None and {*source.values} <= {0.0, 1.0} for source in sources)

    def most_frequent(self, *, without: str | None = None) -> str | None:
        """Return the most frequent level of a category, without one of them; None where there is no other."""
        places = [at for at, level in enumerate(self.levels) if level != without]
        return self.levels[max(places, key=self._share)] if places else None

    def _share(self, level: int) -> float:
        """Return the mean of the column that is 1 for a level; 0 where there is none."""
        marked = (one.mean for one in self.columns if one.source and one.source.values[level] == 1.0)
        return max(marked, default=0.0)


def raw_fields(manifest: BundleManifest) -> tuple[RawField, ...]:
    """Return the fields of a row, in the order of the columns that are made of them."""
    named: dict[str, list[tuple[ColumnFacts, int]]] = {}
    for place, column in enumerate(manifest.columns):
        named.setdefault(column.source.column if column.source else column.name, []).append((column, place))
    return tuple(RawField(name, tuple(c for c, _ in made), tuple(at for _, at in made)) for name, made in named.items())


def categories(manifest: BundleManifest) -> list[RawField]:
    """Return the fields that are categories."""
    return [field for field in raw_fields(manifest) if field.levels]


def raw_names(manifest: BundleManifest) -> dict[str, str]:
    """Return the field that each column of the program is made of."""
    return {column.name: column.source.column if column.source else column.name for column in manifest.columns}


def numbers_of_row(fields: tuple[RawField, ...], row: Mapping[str, RawValue]) -> list[float]:
    """Return the values of the columns of a program, in their order, of a row with every field."""
    pairs = (pair for one in fields for pair in zip(one.places, one.numbers(row[one.name]), strict=True))
    return [value for _, value in sorted(pairs, key=lambda pair: pair[0])]


def _number(source: ColumnSource | None, value: RawValue) -> float:
    if value is None:
        return math.nan if source is None or source.missing is None else source.missing
    if source is None:
        assert not isinstance(value, datetime)
        return float(value)
    if source.part:
        return _part(value if isinstance(value, datetime) else datetime.fromisoformat(str(value)), source.part)
    known = dict(zip(source.levels, source.values, strict=True))
    given = known.get(str(value), source.other)
    return math.nan if given is None else given


def _part(value: datetime, part: str) -> float:
    """Return a part of a date; see `clusterbench.datasets.date_columns.date_part`."""
    naive = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
    if part == "days":
        return (naive - _EPOCH) / timedelta(days=1)
    return float(naive.weekday() if part == "weekday" else getattr(naive, part))
