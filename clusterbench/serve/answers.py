"""What the service answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from clusterbench.segments.bundle import Bundle
from clusterbench.segments.operations import Bools
from clusterbench.segments.program import RowError
from clusterbench.segments.raw_fields import raw_names
from clusterbench.serve.request_rows import FieldError, RefusedRows, RequestRows


@dataclass(frozen=True, slots=True)
class Assignment:
    """The segment of a row."""

    segment: int | None  # null: no segment
    name: str | None
    distance: float  # from the centre, component or nearest row of the segment
    second_segment: int | None
    second_name: str | None
    margin: float  # by how much the second segment is farther, in the units of its cost; 0: on the boundary
    imputed: tuple[str, ...]  # columns without a value, which the program fills
    out_of_range: tuple[
        str, ...
    ]  # columns whose value lies outside of the fitted table, and categories with a level that it lacked


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment of the bundle, and its rows in the fitted table."""

    segment: int
    name: str
    rows: int
    share: float
    agreement: float  # share of its rows that the program gives it
    jaccard: float | None  # stability: mean over fits to other samples, where it was measured


@dataclass(frozen=True, slots=True)
class Version:
    """What is served."""

    clusterbench: str
    bundle: str  # id: the SHA-256 of its manifest
    title: str
    dataset: str
    data_sha256: str
    finished: str  # when the run ended, in UTC


@dataclass(frozen=True, slots=True)
class Health:
    """The state of the service."""

    status: str


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a request has no answer."""

    detail: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why rows are refused; of a batch, the first wrong row."""

    detail: str
    errors: tuple[FieldError, ...]


def assignments(bundle: Bundle, given_rows: RequestRows) -> list[Assignment]:
    """Return the segments of rows; a row that cannot be assigned is refused without its values."""
    values = given_rows.values
    outside = zip(_listed(bundle.out_of_range(values), bundle.program.columns), given_rows.unknown, strict=True)
    try:
        given = bundle.assign(values)
    except RowError as error:
        names = [raw_names(bundle.manifest).get(name) for name in error.columns]
        raise RefusedRows(*(FieldError(error.reason, name, error.row) for name in names or [None])) from None
    called, columns = bundle.names, bundle.program.columns
    rows = zip(
        *(given.segment.tolist(), given.distance.tolist(), given.second.tolist(), given.margin.tolist()),
        *(_listed(bundle.imputed(values), columns), ((*columns, *unknown) for columns, unknown in outside)),
        strict=True,
    )
    return [
        Assignment(segment or None, called.get(segment), distance, second or None, called.get(second), margin, *fields)
        for segment, distance, second, margin, *fields in rows
    ]


def _listed(marked: Bools, columns: tuple[str, ...]) -> list[tuple[str, ...]]:
    return [tuple(columns[at] for at in np.flatnonzero(row)) for row in marked]


def segments(bundle: Bundle) -> list[Segment]:
    """Return the segments of a bundle."""
    total = bundle.manifest.n_rows
    return [
        Segment(one.id, one.name, one.rows, one.rows / total, one.agreement, one.jaccard)
        for one in bundle.manifest.segments
    ]
