"""Tests of rows against a reference: columns, distances, segments and ranges, with limits for all tests together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from clusterbench.seeding import stable_rng
from clusterbench.segments.bundle import BundleManifest
from clusterbench.segments.drift_index import chance_limit, stability_index
from clusterbench.segments.operations import Ints
from clusterbench.segments.value_bins import BinCounts

DISTANCE = "distance to the segment"
ALARM_RATE = 0.05
SMALL_INDEX, SMALL_CHANGE = 0.02, 0.01


@dataclass(frozen=True, slots=True)
class Shift:
    """How far the values of a column, or the distances, are distributed otherwise than in the reference."""

    column: str
    segment: int | None  # None: all rows
    rows: int
    index: float  # the population stability index
    limit: float
    counts: bool  # whether the index is above its limit and not small


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of the rows, with its 95 % interval (Wilson)."""

    rows: int
    share: float
    low: float
    high: float
    reference: float  # the share in the reference

    @classmethod
    def of(cls, rows: int, total: int, reference: float) -> Rate:
        from scipy.stats import binomtest

        interval = binomtest(rows, total).proportion_ci(method="wilson")
        return cls(rows, rows / total, float(interval.low), float(interval.high), reference)


@dataclass(frozen=True, slots=True)
class SegmentRate:
    """The share of a segment."""

    segment: int  # 0: none
    name: str
    rate: Rate


@dataclass(frozen=True, slots=True)
class OutOfRange:
    """Values of a column outside the range of the fitted table."""

    column: str
    rate: Rate
    p_value: float
    counts: bool


@dataclass(frozen=True, slots=True)
class DriftTests:
    """All tests of some rows."""

    rows: int
    reference_rows: int
    tests: int
    shifts: tuple[Shift, ...]
    segments: tuple[SegmentRate, ...]
    segments_p_value: float  # chi-square
    segments_count: bool
    atypical: Rate
    out_of_range: Rate  # of rows
    columns_out_of_range: tuple[OutOfRange, ...]

    @property
    def changed_share(self) -> float:
        """The share of the rows by which the segments differ from the reference."""
        return sum(abs(one.rate.share - one.rate.reference) for one in self.segments) / 2


def drift_tests(manifest: BundleManifest, counts: BinCounts, reference: BinCounts) -> DriftTests:
    """Test counts of rows against those of a reference; see `docs/segments.md` for the limits."""
    n, n_reference = int(counts.segments.sum()), int(reference.segments.sum())
    tables = list(_tables(manifest, counts, reference))
    tests = len(tables) + len(manifest.columns) + 1
    level = ALARM_RATE / tests
    names = [(0, "no segment"), *((one.id, one.name) for one in manifest.segments)]
    sizes = zip(names, counts.segments.tolist(), (reference.segments / n_reference).tolist(), strict=True)
    segments = tuple(SegmentRate(*name, Rate.of(here, n, there)) for name, here, there in sizes if here or there)
    p_value = _independence(counts.segments, reference.segments)
    outside = zip(manifest.columns, counts.outside.tolist(), reference.outside.tolist(), strict=True)
    return DriftTests(
        n,
        n_reference,
        tests,
        tuple(_shift(*table, level) for table in tables),
        segments,
        p_value,
        p_value < level and max(abs(one.rate.share - one.rate.reference) for one in segments) >= SMALL_CHANGE,
        Rate.of(int(counts.distances[:, -1].sum()), n, int(reference.distances[:, -1].sum()) / n_reference),
        Rate.of(counts.rows_outside, n, reference.rows_outside / n_reference),
        tuple(_out_of_range(column.name, here, n, there, n_reference, level) for column, here, there in outside),
    )


def _tables(
    manifest: BundleManifest, counts: BinCounts, reference: BinCounts
) -> Iterator[tuple[str, int | None, Ints, Ints]]:
    """Yield a table of counts and one of the reference for each column and the distance, whole and by segment."""
    names = [*(column.name for column in manifest.columns), DISTANCE]
    pairs = zip((*counts.columns, counts.distances), (*reference.columns, reference.distances), strict=True)
    for name, (here, there) in zip(names, pairs, strict=True):
        if here.any() and there.any():
            yield name, None, here.sum(axis=0), there.sum(axis=0)
        for segment, one, other in zip(manifest.segments, here[1:], there[1:], strict=True):
            if one.any() and other.any():
                yield name, segment.id, one, other


def _shift(column: str, segment: int | None, here: Ints, there: Ints, level: float) -> Shift:
    filled = (here + there) > 0
    here, there = here[filled], there[filled]
    index = float(stability_index(here, there))
    limit = chance_limit(here, there, level, stable_rng(0, "drift", column, segment))
    return Shift(column, segment, int(here.sum()), index, limit, index > limit and index >= SMALL_INDEX)


def _independence(here: Ints, there: Ints) -> float:
    from scipy.stats import chi2_contingency

    table = np.stack([here, there])[:, (here + there) > 0]
    return float(chi2_contingency(table).pvalue)


def _out_of_range(column: str, here: int, n: int, there: int, n_reference: int, level: float) -> OutOfRange:
    """Compare by Fisher's exact test, whose p-value is multiplied since values may lie on both sides of the range."""
    from scipy.stats import fisher_exact

    p_value = fisher_exact([[here, n - here], [there, n_reference - there]], alternative="greater").pvalue
    rate = Rate.of(here, n, there / n_reference)
    p_value = min(1.0, (here + 1) * float(p_value))
    return OutOfRange(column, rate, p_value, p_value < level and rate.share - rate.reference >= SMALL_CHANGE)
