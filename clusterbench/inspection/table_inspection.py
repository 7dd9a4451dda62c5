"""Facts of a table: its columns one by one, and how they hang together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clusterbench.datasets import ColumnRole, Dataset, DraftedDataset, inspect_dataset
from clusterbench.inspection.column_sums import ColumnSum, column_sums
from clusterbench.inspection.histograms import Histogram, histogram

SEED = 0
"""Of the sample of a large table."""

_MOST_ROWS, _FEWEST_ROWS = 100_000, 2_000
_MOST_PRODUCTS = 100_000_000  # rows of the sample x pairs of columns
_MOST_CORRELATED = 300  # columns: of 5,000 the pairs alone would be gigabytes
_MOST_PATTERNS = 20
_FAR_OUT = 3.0  # interquartile ranges beyond the quartiles (Tukey 1977)


@dataclass(frozen=True, slots=True)
class Level:
    """A level of a category, or a known class."""

    name: str  # "level 1", the largest, unless names are shown
    rows: int


@dataclass(frozen=True, slots=True)
class MissingPattern:
    """Columns that are missing together, and nothing else with them."""

    columns: tuple[str, ...]  # none: complete rows
    rows: int


@dataclass(frozen=True, slots=True, eq=False)
class Inspection:
    """What is known of a table.

    `facts` are those of `inspect_dataset` with the columns ``far_out`` (values in % of the present ones) and
    ``log_skew``, of all rows; so are `levels`, `classes` and `repeated_rows`. The rest is of `sampled` rows.
    """

    name: str
    source: str
    content_hash: str
    n_rows: int
    sampled: int
    roles: Mapping[str, ColumnRole]  # of all columns of the source
    column_counts: str  # how many columns of which kind
    facts: pd.DataFrame
    levels: Mapping[str, tuple[Level, ...]]  # of categories, the largest first
    classes: Mapping[str, tuple[Level, ...]]
    dates: Mapping[str, tuple[str, str, str]]  # first, median and last day of columns of dates
    histograms: Mapping[
        str, tuple[Histogram, Histogram | None]
    ]  # of the values, and of log(1 + value) where none is < 0
    patterns: tuple[MissingPattern, ...]  # the most frequent first
    n_patterns: int
    pearson: pd.DataFrame  # of the columns of numbers, at most the first 300
    spearman: pd.DataFrame
    sums: tuple[ColumnSum, ...]
    repeated_rows: int  # rows that equal an earlier one in all features
    far_out_rows: int  # of the sample: rows with a value that is far out
    warnings: tuple[str, ...]
    with_levels: bool  # whether names of levels and classes are shown

    @property
    def missing(self) -> dict[str, int]:
        """Missing values of each feature."""
        percent = self.facts["missing_percent"].to_dict()
        return {str(name): round(share * self.n_rows / 100) for name, share in percent.items()}

    @property
    def numbers(self) -> list[str]:
        """The columns of numbers that are correlated, in the order of the table."""
        return [str(name) for name in self.pearson.columns]


def inspect_table(drafted: DraftedDataset, *, levels: bool = False) -> Inspection:
    """Inspect a table with the roles that were detected.

    Values of single rows are in no fact but smallest and largest ones. Levels and classes are numbered by size unless
    `levels` shows their names. Beyond 100,000 rows, or fewer where columns are many, what the columns have to do with
    each other is computed of a random sample; correlations are those of the first 300 columns of numbers.
    """
    dataset = drafted.dataset
    numeric = [name for name in dataset.columns if name not in dataset.coded]
    pairs = max(1, len(numeric) * len(numeric))
    sample = dataset.sample(max(_FEWEST_ROWS, min(_MOST_ROWS, _MOST_PRODUCTS // pairs)), seed=SEED)
    facts, numbers = inspect_dataset(dataset), sample.frame[numeric]
    far_out = _far_out(dataset.frame[numeric], facts)
    facts["far_out"] = 100.0 * far_out.sum() / dataset.frame[numeric].notna().sum()
    facts["log_skew"] = numbers.mask(numbers < 0).transform(np.log1p).skew().where(facts["q0"] >= 0)
    patterns, correlated = _missing_patterns(sample.frame), numbers.iloc[:, :_MOST_CORRELATED]
    with np.errstate(all="ignore"):  # of values whose squares overflow
        pearson, spearman, sums = (
            correlated.corr(min_periods=3),
            correlated.corr("spearman", min_periods=3),
            column_sums(numbers),
        )
    return Inspection(
        name=dataset.name,
        source=dataset.source,
        content_hash=dataset.content_hash,
        n_rows=dataset.n_rows,
        sampled=sample.n_rows,
        roles=drafted.roles,
        column_counts=drafted.column_counts,
        facts=facts,
        levels=_levels(dataset, shown=levels),
        classes=_classes(dataset, shown=levels),
        dates=_dates(dataset),
        histograms=_histograms(sample, facts),
        patterns=patterns[:_MOST_PATTERNS],
        n_patterns=len(patterns),
        pearson=pearson,
        spearman=spearman,
        sums=tuple(sums),
        repeated_rows=int(dataset.frame.duplicated().sum()),
        far_out_rows=int(_far_out(numbers, facts).any(axis=1).sum()),
        warnings=dataset.warnings,
        with_levels=levels,
    )


def _far_out(numbers: pd.DataFrame, facts: pd.DataFrame) -> pd.DataFrame:
    """Return which values are beyond Tukey's outer fences; where half of a column is one value, there are none."""
    low, high = facts["q25"].reindex(numbers.columns), facts["q75"].reindex(numbers.columns)
    reach = _FAR_OUT * (high - low)
    return ((numbers < low - reach) | (numbers > high + reach)) & (reach > 0)


def _levels(dataset: Dataset, *, shown: bool) -> dict[str, tuple[Level, ...]]:
    return {
        name: _counted(dataset.frame[name].to_numpy(), column.levels, shown=shown)
        for name, column in dataset.coded.items()
        if column.role is ColumnRole.CATEGORY
    }


def _classes(dataset: Dataset, *, shown: bool) -> dict[str, tuple[Level, ...]]:
    return {
        known.name: _counted(known.codes.astype(float), known.names, shown=shown) for known in dataset.known_classes
    }


def _counted(codes: NDArray[np.float64], names: tuple[str, ...], *, shown: bool) -> tuple[Level, ...]:
    present = codes[codes >= 0].astype(int)  # NaN is no level, and -1 no class
    counts = np.bincount(present, minlength=len(names)).tolist()
    ordered = sorted(zip(names, counts, strict=True), key=lambda level: -level[1])
    return tuple(Level(name if shown else f"level {place}", rows) for place, (name, rows) in enumerate(ordered, 1))


def _dates(dataset: Dataset) -> dict[str, tuple[str, str, str]]:
    names = [name for name, column in dataset.coded.items() if column.role is ColumnRole.DATE]
    quantiles = dataset.frame[names].quantile([0, 0.5, 1])
    days = {name: np.datetime_as_string(np.floor(quantiles[name].to_numpy()).astype("datetime64[D]")) for name in names}
    return {name: (str(first), str(median), str(last)) for name, (first, median, last) in days.items()}


def _histograms(sample: Dataset, facts: pd.DataFrame) -> dict[str, tuple[Histogram, Histogram | None]]:
    drawn = {}
    is_drawn = facts["role"].isin([ColumnRole.NUMERIC, ColumnRole.DATE])
    for name, is_log in (facts["q0"] >= 0)[is_drawn].items():  # a date has no quantiles
        values = sample.frame[name].to_numpy(dtype=np.float64)
        if (raw := histogram(values)) is not None:
            drawn[str(name)] = (raw, histogram(np.log1p(values)) if is_log else None)
    return drawn


def _missing_patterns(frame: pd.DataFrame) -> tuple[MissingPattern, ...]:
    missing = frame.isna()
    gaps = missing.loc[:, missing.any()]
    if gaps.empty:
        return ()
    rows, counts = np.unique(gaps.to_numpy(), axis=0, return_counts=True)
    patterns = [
        MissingPattern(tuple(map(str, gaps.columns[row])), int(count)) for row, count in zip(rows, counts, strict=True)
    ]
    return tuple(sorted(patterns, key=lambda pattern: (-pattern.rows, pattern.columns)))
