"""Whether the segments of a bundle still hold for new rows: tests of drift, and a verdict."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from clusterbench.errors import RequestError
from clusterbench.report.number_text import fixed, share
from clusterbench.segments.bundle import Bundle
from clusterbench.segments.drift_tests import ALARM_RATE, SMALL_CHANGE, SMALL_INDEX, DriftTests, Rate, drift_tests
from clusterbench.segments.file_assignment import assigned_parts
from clusterbench.segments.migration import Migration, RowSegments, matched_rows
from clusterbench.segments.unknown_levels import LevelCounts, UnknownLevels
from clusterbench.segments.value_bins import BinCounts
from clusterbench.text import listed, percent

LARGE_INDEX, LARGE_CHANGE, MANY_ROWS = 0.25, 0.10, 0.05

RULE = (
    f"A difference counts if it passes its limit and is not small. All limits together are passed by at most "
    f"{percent(ALARM_RATE)} of files without drift; small are a stability index below {SMALL_INDEX} and shares "
    f"within {percent(SMALL_CHANGE)} of the rows. keep: no difference counts. watch: one does. refit: one of a "
    f"column or of the distances over all rows has an index of at least {LARGE_INDEX}, or the segments of "
    f"{percent(LARGE_CHANGE)} of the rows changed, or more than {percent(MANY_ROWS)} of the rows are atypical "
    "or out of range (lower end of the interval)."
)


class Verdict(StrEnum):
    """What to do with a segmentation, the worst last."""

    KEEP = "keep"
    WATCH = "watch"
    REFIT = "refit"

    def reaches(self, limit: Verdict) -> bool:
        """Return whether it is at least as bad as another one."""
        order = list(Verdict)
        return order.index(self) >= order.index(limit)


@dataclass(frozen=True, slots=True)
class Reason:
    """A difference that counts."""

    verdict: Verdict
    text: str


@dataclass(frozen=True, slots=True)
class Monitoring:
    """How the rows of a file differ from a reference, and what follows."""

    bundle: str  # its id
    title: str
    file: str
    reference: str  # in words
    verdict: Verdict
    reasons: tuple[Reason, ...]
    unknown_levels: tuple[UnknownLevels, ...]  # in the file; they do not count, since one wrong word would
    drift: DriftTests
    migration: Migration | None


def monitor_file(
    bundle: Bundle, path: Path, *, against: Path | None = None, id_column: str | None = None
) -> Monitoring:
    """Compare the rows of a file with the fitted table of a bundle, or with those of another file.

    Files are read part by part; with `against`, 12 bytes per row are kept to match ids.

    Parameters
    ----------
    bundle : Bundle
    path, against : Path
        CSV or Parquet; see `assign_file`.
    id_column : str, optional
        Column that identifies a row in both files; default: the first one that the program does not use.

    Raises
    ------
    RequestError
        If a file has no rows or a row cannot be assigned, or if the bundle keeps no counts and there is no `against`.
    """
    rows, earlier = (None, None) if against is None else (RowSegments(), RowSegments())
    levels = LevelCounts(bundle.manifest)
    counts = _counts(bundle, path, id_column, rows, levels)
    reference = bundle.manifest.counts if against is None else _counts(bundle, against, id_column, earlier)
    if reference is None:
        raise RequestError("this bundle keeps no counts of its fitted table", allowed="--against FILE")
    drift = drift_tests(bundle.manifest, counts, reference)
    reasons = tuple(_reasons(drift))
    return Monitoring(
        bundle.id,
        bundle.manifest.title,
        str(path),
        f"the fitted table {bundle.manifest.dataset}" if against is None else str(against),
        max((one.verdict for one in reasons), key=list(Verdict).index, default=Verdict.KEEP),
        reasons,
        levels.unknown(),
        drift,
        matched_rows(earlier, rows, bundle.names) if rows is not None and earlier is not None else None,
    )


def _counts(
    bundle: Bundle, path: Path, id_column: str | None, kept: RowSegments | None, levels: LevelCounts | None = None
) -> BinCounts:
    """Return the counts of a file; ids and segments of its rows are added to `kept`, unknown levels to `levels`."""
    bins, counts = bundle.manifest.bins, None
    for part in assigned_parts(bundle, path, id_column):
        more = bins.count(part.values, part.given.segment, part.given.distance, bundle.out_of_range(part.values))
        counts = more if counts is None else counts + more
        if levels is not None:
            levels.add(part.unknown)
        if kept is not None and part.ids is not None:
            kept.add(part.ids, part.given.segment)
    if counts is None or not counts.segments.any():
        raise RequestError(f"{path} has no rows", allowed="at least one row")
    return counts


def _reasons(drift: DriftTests) -> Iterator[Reason]:
    """Yield the differences that count, as `RULE` says."""
    for shift in drift.shifts:
        if shift.counts and shift.segment is None:
            verdict = Verdict.REFIT if shift.index >= LARGE_INDEX else Verdict.WATCH
            index = f"stability index {fixed(shift.index, 3)}, limit {fixed(shift.limit, 3)}"
            yield Reason(verdict, f"{shift.column} is distributed otherwise ({index})")
    for segment in drift.segments:
        columns = [one.column for one in drift.shifts if one.counts and one.segment == segment.segment]
        if columns:
            place = f"in segment {segment.segment}, {segment.name}"
            yield Reason(Verdict.WATCH, f"{place}: {listed(columns, most=5)} distributed otherwise")
    if drift.segments_count:
        verdict = Verdict.REFIT if drift.changed_share >= LARGE_CHANGE else Verdict.WATCH
        yield Reason(verdict, f"the shares of the segments differ, by {share(drift.changed_share)} of the rows")
    for words, rate in (("atypical", drift.atypical), ("out of range", drift.out_of_range)):
        if rate.low > max(MANY_ROWS, rate.reference):
            yield Reason(Verdict.REFIT, f"{interval_text(rate)} of the rows are {words}")
    for column in drift.columns_out_of_range:
        if column.counts:
            yield Reason(Verdict.WATCH, f"{column.column} is out of range in {interval_text(column.rate)} of the rows")


def interval_text(rate: Rate) -> str:
    """Return a share with its interval."""
    return f"{share(rate.share)} ({share(rate.low)} to {share(rate.high)})"
