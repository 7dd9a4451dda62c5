"""What monitoring found, as Markdown, as JSON and for the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from clusterbench.naming import path_inside
from clusterbench.report.number_text import NOTHING, fixed, share
from clusterbench.report.writing import write_atomically
from clusterbench.segments.drift_tests import DriftTests, Rate, Shift
from clusterbench.segments.migration import Migration
from clusterbench.segments.model_card import markdown_table
from clusterbench.segments.monitoring import RULE, Monitoring, interval_text
from clusterbench.text import printable

if TYPE_CHECKING:
    from rich.table import Table

_SHIFTS = ["column", "rows of", "rows", "stability index", "limit", ""]


def write_monitoring(found: Monitoring, names: Mapping[int, str], folder: Path) -> list[Path]:
    """Write ``monitoring.md`` and ``monitoring.json`` and return their paths."""
    json = TypeAdapter(Monitoring).dump_json(found, indent=1) + b"\n"
    markdown = write_atomically(path_inside(folder, "monitoring.md"), monitoring_markdown(found, names))
    return [markdown, write_atomically(path_inside(folder, "monitoring.json"), json)]


def monitoring_markdown(found: Monitoring, names: Mapping[int, str]) -> str:
    """Return everything as Markdown; `names` are those of the segments."""
    shifts = found.drift.shifts
    lines = [
        f"# {found.verdict.capitalize()}: {printable(found.title)}",
        "",
        f"{printable(_compared(found))}. Bundle {found.bundle}.",
        "",
        *(f"- **{one.verdict}**: {printable(one.text)}" for one in found.reasons or ()),
        *(() if found.reasons else ("No difference counts.",)),
        *(f"- {one.text}" for one in found.unknown_levels),
        "",
        f"{RULE} Number of tests: {found.drift.tests}.",
        "",
        *_segments(found.drift),
        *_migration(found.migration, names),
        "## Columns",
        "",
        *markdown_table(_SHIFTS, [_row(one, names) for one in shifts if one.segment is None]),
        "",
        "## Columns in segments",
        "",
        *markdown_table(_SHIFTS, [_row(one, names) for one in shifts if one.segment is not None]),
        "",
        *_outside(found.drift),
    ]
    return "\n".join(lines)


def _segments(drift: DriftTests) -> Iterator[str]:
    yield from ("## Segments", "")
    shares = [[str(one.segment or NOTHING), one.name, *_rate(one.rate)] for one in drift.segments]
    yield from markdown_table(["id", "name", "rows", "share (95 % interval)", "reference"], shares)
    yield ""
    yield f"Chi-square test of equal shares: p = {drift.segments_p_value:.2g}. {_mark(drift.segments_count)}"
    yield ""
    for words, rate in (("atypical", drift.atypical), ("out of range", drift.out_of_range)):
        yield f"{interval_text(rate)} of the rows are {words}; reference {share(rate.reference)}."
    yield ""


def _outside(drift: DriftTests) -> Iterator[str]:
    rows = [
        [one.column, *_rate(one.rate), f"{one.p_value:.2g}", _mark(one.counts)]
        for one in drift.columns_out_of_range
        if one.rate.rows
    ]
    if rows:
        head = ["column", "rows", "share (95 % interval)", "reference", "p", ""]
        yield from ("## Values out of range", "", *markdown_table(head, rows), "")


def monitoring_table(found: Monitoring, names: Mapping[int, str]) -> Table:
    """Return the columns and distances over all rows, and those that count in segments, as a table of rich."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, padding=0, show_edge=False)
    for name in _SHIFTS:
        table.add_column(name, justify="left" if name in ("column", "rows of", "") else "right")
    for shift in found.drift.shifts:
        if shift.counts or shift.segment is None:
            table.add_row(*_row(shift, names))
    return table


def monitoring_summary(found: Monitoring) -> str:
    """Return the verdict with its reasons, a line each."""
    reasons = (f"  {one.verdict}: {one.text}" for one in found.reasons)
    levels = (f"  {one.text}" for one in found.unknown_levels)
    return "\n".join([f"{found.verdict}: {_compared(found)}", *reasons, *levels])


def _compared(found: Monitoring) -> str:
    return f"{found.drift.rows:,} rows of {found.file} against {found.drift.reference_rows:,} of {found.reference}"


def migration_lines(migration: Migration, before: Mapping[int, str], after: Mapping[int, str]) -> list[str]:
    """Return a table of the rows by their segment before, down, and after, across; empty segments without names."""
    used = migration.table
    rows = [at for at, one in enumerate(migration.before) if one or used[at].any()]
    columns = [at for at, one in enumerate(migration.after) if one or used[:, at].any()]
    head = ["before \\ after", *(_called(migration.after[at], after) for at in columns)]
    lines = [[_called(migration.before[at], before), *(f"{used[at, to]:,}" for to in columns)] for at in rows]
    return markdown_table(head, lines)


def _called(segment: int, names: Mapping[int, str]) -> str:
    return f"{segment} {names[segment]}" if segment else "no segment"


def _migration(migration: Migration | None, names: Mapping[int, str]) -> Iterator[str]:
    if migration is not None:
        matched = int(migration.table.sum())
        yield from ("## Rows that are in both files", "", *migration_lines(migration, names, names), "")
        yield f"{share(migration.stayed)} of {matched:,} kept their segment."
        yield f"{migration.unmatched:,} rows of the two files have no partner, or an id that occurs twice."
        yield ""


def _row(shift: Shift, names: Mapping[int, str]) -> list[str]:
    place = "all" if shift.segment is None else _called(shift.segment, names)
    return [shift.column, place, f"{shift.rows:,}", fixed(shift.index, 3), fixed(shift.limit, 3), _mark(shift.counts)]


def _rate(rate: Rate) -> list[str]:
    return [f"{rate.rows:,}", interval_text(rate), share(rate.reference)]


def _mark(counts: bool) -> str:
    return "counts" if counts else ""
