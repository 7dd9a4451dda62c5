"""What the rows of each segment are like, in the units of the table."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clusterbench.segments.column_source import MarkedLevel
from clusterbench.segments.effect_sizes import Effect, cliffs_delta
from clusterbench.segments.segmentation import Segmentation

QUANTILES = (0.05, 0.25, 0.75, 0.95)
N_BORDERLINE = 5  # rows shown per segment
_SKEWED = 2.0  # skewness above which deviations are taken after log1p
Values = NDArray[np.float64]


class Scale(StrEnum):
    """On which values a deviation is measured."""

    RAW = "raw"
    LOG1P = "log1p"


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """A column in one segment."""

    column: str
    used: bool  # whether the clustering used it; other columns only describe
    n: int  # values that are not missing
    missing_share: float
    zero_share: float
    mean: float
    median: float
    quantiles: tuple[float, ...]  # at `QUANTILES`
    rest_mean: float  # of all rows outside the segment
    deviation: (
        float  # mean of the segment minus mean of all rows, in standard deviations of all rows, on `scale`; 0: none
    )
    scale: Scale
    effect: Effect  # Cliff's delta against all rows outside the segment
    share_of_total: float | None  # None where a total means nothing: negative values, shares
    marked: MarkedLevel | None = None  # the level that a column of 0 and 1 marks


@dataclass(frozen=True, slots=True)
class SegmentProfile:
    """A segment: its size, its columns, its typical and its borderline rows."""

    segment: int  # 1..m
    id: int
    size: int
    share: float  # of all rows of the table, those without a segment included
    jaccard: float | None  # mean Jaccard similarity with its match in fits to parts of the rows
    columns: tuple[ColumnProfile, ...]  # in the order of the table
    medoid: str  # id of the row with the least sum of squared distances to the others of the segment
    borderline: tuple[tuple[str, int, float], ...]  # id, second segment, margin: the smallest margins

    @property
    def strongest(self) -> tuple[ColumnProfile, ...]:
        """The columns by descending absolute deviation; the columns used before the others, if equal."""
        return tuple(sorted(self.columns, key=lambda one: (-round(abs(one.deviation), 9), not one.used)))

    def named(self, columns: Iterable[str]) -> tuple[ColumnProfile, ...]:
        """Return the columns of these names, in their order."""
        by_name = {one.column: one for one in self.columns}
        return tuple(by_name[column] for column in columns)

    @property
    def concentrated(self) -> tuple[ColumnProfile, ...]:
        """The columns of which the segment has much more than its share of rows, the most first."""
        known = [one for one in self.columns if (one.share_of_total or 0.0) >= 1.5 * self.share]
        return tuple(sorted(known, key=lambda one: -(one.share_of_total or 0.0)))


def profile_segments(segmentation: Segmentation) -> tuple[SegmentProfile, ...]:
    """Return the profile of every segment, in the order of their ids."""
    columns = [_TableColumn.of(segmentation, name) for name in map(str, segmentation.table.columns)]
    distances = distances_to_means(segmentation)
    ids = range(1, segmentation.n_segments + 1)
    return tuple(_profile(segmentation, columns, one, distances[:, one - 1]) for one in ids)


def distances_to_means(segmentation: Segmentation) -> Values:
    """Return the distance of each row to the mean of each segment in the space of the clustering, shape (n, m)."""
    space, ids = segmentation.space, range(1, segmentation.n_segments + 1)
    means = (space[segmentation.segment == one].mean(axis=0) for one in ids)
    return np.stack([np.sqrt(((space - mean) ** 2).sum(axis=1)) for mean in means], axis=1)


@dataclass(frozen=True, slots=True, eq=False)
class _TableColumn:
    """A column of the whole table with what every segment is compared with."""

    name: str
    used: bool
    values: Values
    scale: Scale
    scaled: Values
    total: float | None
    marked: MarkedLevel | None

    @classmethod
    def of(cls, segmentation: Segmentation, name: str) -> _TableColumn:
        values = segmentation.table[name].to_numpy(dtype=np.float64)
        known = values[~np.isnan(values)]
        marked = segmentation.marked(name)
        positive = len(known) > 0 and known.min() >= 0.0
        skewed = (
            marked is None
            and positive
            and known.std() > 0
            and float(((known - known.mean()) ** 3).mean() / known.std() ** 3) > _SKEWED
        )
        is_share = segmentation.units.get(name, "").startswith("share") or not (known > 1.0).any()
        return cls(
            name,
            name in segmentation.features,
            values,
            Scale.LOG1P if skewed else Scale.RAW,
            np.log1p(values) if skewed else values,
            float(known.sum()) if positive and not is_share else None,
            marked,
        )

    def within(self, inside: NDArray[np.bool_]) -> ColumnProfile:
        part = self.values[inside]
        known, rest = part[~np.isnan(part)], self.values[~inside]
        spread = float(np.nanstd(self.scaled)) if (~np.isnan(self.scaled)).any() else 0.0
        gap = _mean(self.scaled[inside]) - _mean(self.scaled)
        return ColumnProfile(
            self.name,
            self.used,
            n=len(known),
            missing_share=1.0 - len(known) / len(part),
            zero_share=float((known == 0).mean()) if len(known) else math.nan,
            mean=_mean(known),
            median=float(np.median(known)) if len(known) else math.nan,
            quantiles=tuple(np.quantile(known, QUANTILES).tolist()) if len(known) else (math.nan,) * len(QUANTILES),
            rest_mean=_mean(rest),
            deviation=gap / spread if spread > 0 and len(known) else 0.0,
            scale=self.scale,
            effect=cliffs_delta(part, rest),
            share_of_total=None if self.total is None else float(known.sum()) / self.total,
            marked=self.marked,
        )


def _mean(values: Values) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else math.nan


def _profile(
    segmentation: Segmentation, columns: Sequence[_TableColumn], segment: int, distance: Values
) -> SegmentProfile:
    inside, ids = segmentation.segment == segment, segmentation.table.index
    rows = np.flatnonzero(inside)
    nearest = rows[np.argsort(segmentation.margin[rows], kind="stable")[:N_BORDERLINE]]
    return SegmentProfile(
        segment,
        segmentation.ids[segment - 1],
        size=len(rows),
        share=len(rows) / len(segmentation.segment),
        jaccard=segmentation.jaccard[segment - 1],
        columns=tuple(column.within(inside) for column in columns),
        medoid=str(ids[rows[int(np.argmin(distance[rows]))]]),
        borderline=tuple(
            (str(ids[row]), int(segmentation.second[row]), float(segmentation.margin[row])) for row in nearest
        ),
    )


@dataclass(frozen=True, slots=True)
class Comparison:
    """A column in two segments."""

    one: int
    other: int
    column: str
    used: bool
    mean: float
    other_mean: float
    effect: Effect  # Cliff's delta of the first segment against the other


def compare_segments(segmentation: Segmentation, one: int, other: int) -> tuple[Comparison, ...]:
    """Return how two segments differ in each column, the largest effect first."""
    compared = []
    for name in map(str, segmentation.table.columns):
        values = segmentation.table[name].to_numpy(dtype=np.float64)
        left, right = values[segmentation.segment == one], values[segmentation.segment == other]
        used, effect = name in segmentation.features, cliffs_delta(left, right)
        compared.append(Comparison(one, other, name, used, _mean(left), _mean(right), effect))
    return tuple(sorted(compared, key=lambda c: -abs(c.effect.value) if not math.isnan(c.effect.value) else 1.0))


def profile_frame(profiles: Sequence[SegmentProfile], names: Sequence[str]) -> pd.DataFrame:
    """Return one row per segment and column: the content of ``profile.csv``; `names` are those of the segments."""
    return pd.DataFrame(
        {
            "segment": profile.id,
            "name": name,
            "column": one.column,
            "role": "clustering" if one.used else "profile only",
            "n": one.n,
            "missing_share": one.missing_share,
            "zero_share": one.zero_share,
            "mean": one.mean,
            "median": one.median,
            **{f"q{round(100 * at):02d}": value for at, value in zip(QUANTILES, one.quantiles, strict=True)},
            "rest_mean": one.rest_mean,
            "deviation_sd": one.deviation,
            "deviation_scale": one.scale.value,
            "cliffs_delta": one.effect.value,
            "delta_low": one.effect.low,
            "delta_high": one.effect.high,
            "share_of_total": math.nan if one.share_of_total is None else one.share_of_total,
        }
        for profile, name in zip(profiles, names, strict=True)
        for one in profile.columns
    )
