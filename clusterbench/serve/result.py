"""The result of the form: segment, profile, reasons, and the smallest change that would move the row."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from clusterbench.errors import RequestError
from clusterbench.report.number_text import NOTHING, amount, fixed, share
from clusterbench.segments.bundle import PROFILE, Bundle
from clusterbench.segments.explanation import Explanation, LevelChange, explain_row
from clusterbench.segments.operations import Floats
from clusterbench.segments.raw_fields import RawField, raw_fields
from clusterbench.serve.form import range_text
from clusterbench.text import listed, printable


@dataclass(frozen=True, slots=True)
class ResultRow:
    """A column of the row: its value beside the segment and all rows, and what it says for the segment."""

    column: str
    unit: str
    value: str
    note: str
    segment_median: str
    median: str
    weight: str
    bar: float  # length in per cent of the longest one
    against: bool
    is_number: bool


@dataclass(frozen=True, slots=True)
class Result:
    """What the result page says."""

    title: str
    facts: tuple[tuple[str, str], ...]
    change: str
    exact: bool
    rows: tuple[ResultRow, ...]
    has_profile: bool


Medians = Mapping[tuple[int, str], float]
"""Of a segment and a column."""


def segment_medians(bundle: Bundle) -> Medians:
    """Return the medians of the segments from the profile of a bundle; nothing where it has none."""
    try:
        rows = csv.DictReader(io.StringIO(bundle.files.get(PROFILE, b"").decode("utf-8-sig")))
        return {(int(row["segment"]), row["column"]): float(row["median"]) for row in rows}
    except (KeyError, TypeError, ValueError, csv.Error) as error:
        raise RequestError("it holds no profile of segments", where=PROFILE) from error


def result_of(bundle: Bundle, medians: Medians, values: Floats) -> Result:
    """Return the result for a row, shape (1, p); see `clusterbench.segments.explain_row` for what is refused."""
    one = explain_row(bundle, values[0])
    return Result(
        _sentence(_called(bundle, one.segment)),
        tuple(_facts(bundle, one)),
        _change(bundle, one),
        one.exact,
        tuple(_rows(bundle, one, medians, values)),
        any(segment == one.segment for segment, _ in medians),
    )


def _called(bundle: Bundle, segment: int) -> str:
    return f"segment {segment} · {printable(bundle.names[segment])}" if segment else "no segment"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _facts(bundle: Bundle, one: Explanation) -> Iterator[tuple[str, str]]:
    manifest = bundle.manifest
    for segment in manifest.segments:
        if segment.id == one.segment:
            yield "Size", f"{segment.rows:,} of {manifest.n_rows:,} rows ({share(segment.rows / manifest.n_rows)})"
            nearer = int(np.searchsorted(segment.distances, one.distance))
            farther = share(manifest.levels[nearer - 1]) if nearer else "none"
            yield "Distance", f"{amount(one.distance)}: farther than {farther} of its rows"
            if segment.jaccard is not None:
                yield "Stability", f"Jaccard similarity {fixed(segment.jaccard, 2)} to fits of other samples"
    yield "Next", f"{_sentence(_called(bundle, one.second))}, by a margin of {amount(one.margin)} (0: on the boundary)"


def _change(bundle: Bundle, one: Explanation) -> str:
    levels = [f"{printable(column)} (such as {printable(next(c).level)})" for column, c in _by_column(one)]
    another = f"Another level of {listed(levels)} moves this row." if levels else ""
    if one.change is None:
        return another or "No change of one column within the fitted ranges moves this row to another segment."
    change = one.change
    moved = f"{printable(change.column)} from {amount(change.value)} to {amount(change.to)}"
    size, other = f"{amount(change.deviations)} standard deviations", _called(bundle, change.segment)
    return f"The smallest change of one column that moves this row: {moved} ({size}), to {other}. {another}".rstrip()


def _by_column(one: Explanation) -> Iterator[tuple[str, Iterator[LevelChange]]]:
    return groupby(one.levels, key=lambda change: change.column)


def _rows(bundle: Bundle, one: Explanation, medians: Medians, values: Floats) -> Iterator[ResultRow]:
    outside = bundle.out_of_range(values)[0].tolist()
    fields = {field.name: field for field in raw_fields(bundle.manifest)}
    places = {column.name: at for at, column in enumerate(bundle.manifest.columns)}
    longest = max(abs(reason.weight) for reason in one.reasons) or 1.0
    for reason in one.reasons:
        if isinstance(reason.value, str):
            field = fields[reason.column]
            own = [medians.get((one.segment, column.name), np.nan) for column in field.columns]
            every = [bundle.manifest.medians[at] for at in field.places]
            facts = ("", reason.value, "", _usual_level(field, own), _usual_level(field, every))
        else:
            at = places[reason.column]
            column, missing = bundle.manifest.columns[at], np.isnan(reason.value)
            facts = (
                column.unit,
                NOTHING if missing else f"{reason.value:,.10g}",
                "filled" if missing else f"outside of {range_text(column)}" if outside[at] else "",
                amount(medians.get((one.segment, column.name))),
                amount(bundle.manifest.medians[at]),
            )
        weight = f"{reason.weight:+.3g}" if reason.weight else "0"
        bar = 100.0 * abs(reason.weight) / longest
        unit, value, note, usual, median = map(printable, facts)
        yield ResultRow(
            printable(reason.column),
            unit,
            value,
            note,
            usual,
            median,
            weight,
            bar,
            against=reason.weight < 0,
            is_number=not isinstance(reason.value, str),
        )


def _usual_level(field: RawField, medians: list[float]) -> str:
    """Return the level that the medians of the columns of a category give: more than half of the rows have it."""
    levels = [level for level in field.levels if field.numbers(level) == medians]
    return levels[0] if len(levels) == 1 and (any(medians) or len(medians) == 1) else NOTHING
