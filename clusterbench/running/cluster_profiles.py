"""What the rows of each cluster are like in the columns of the table: medians, contrasts with other rows, medoids."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from clusterbench.datasets import ColumnRole, Dataset, inspect_dataset
from clusterbench.labeling import Labels
from clusterbench.preprocessing.column_selection import Scope
from clusterbench.preprocessing.encoding import OneHot
from clusterbench.results.details import MOST_PROFILED, PROFILED_ROWS, no_rows
from clusterbench.seeding import stable_rng
from clusterbench.tables import Bools, Floats

_KEPT = 3  # columns that differ most, of every cluster
_SKEWED = 2.0  # skewness above which values are standardised after log1p
_QUANTILES = {"low": "q0", "median": "q50", "high": "q100"}


@dataclass(frozen=True, slots=True, eq=False)
class _Column:
    """A column as clusters are described by it: its ranks among all rows, and how its values are standardised."""

    name: str
    role: str  # ``numeric``, ``date``; ``binary`` for 0 and 1, of which the mean is a share
    values: Floats
    ranks: Floats  # among the values that are not missing
    skewed: bool
    centre: float
    spread: float

    @classmethod
    def of(cls, name: str, values: pd.Series, *, is_date: bool = False) -> _Column:
        known = values.dropna().to_numpy(dtype=np.float64)
        is_binary = not is_date and bool(np.isin(known, [0.0, 1.0]).all())
        role = ColumnRole.DATE if is_date else ColumnRole.BINARY if is_binary else ColumnRole.NUMERIC
        skewed = role is ColumnRole.NUMERIC and _is_skewed(known)
        scaled = np.log1p(known) if skewed else known
        centre, spread = (float(scaled.mean()), float(scaled.std())) if len(known) else (0.0, 0.0)
        numbers, ranks = values.to_numpy(dtype=np.float64), values.rank().to_numpy(dtype=np.float64)
        return cls(name, role.value, numbers, ranks, skewed, centre, spread)

    def typical(self, inside: Bools) -> float:
        """Return the median of some rows, or the mean of 0 and 1; NaN where all are missing."""
        known = self.values[inside & ~np.isnan(self.values)]
        if not len(known):
            return np.nan
        return float(known.mean() if self.role == ColumnRole.BINARY else np.median(known))

    def profile(self, inside: Bools) -> tuple[str, str, float, float, float, float]:
        """Return name, role, typical value inside and outside, the first standardised, and Cliff's delta."""
        value, rest = self.typical(inside), self.typical(~inside)
        scaled = np.log1p(value) if self.skewed else value
        standardised = (scaled - self.centre) / self.spread if self.spread > 0 else 0.0
        ranks, n_known = self.ranks[inside & ~np.isnan(self.ranks)], int((~np.isnan(self.ranks)).sum())
        n_rest = n_known - len(ranks)
        delta = np.nan
        if len(ranks) and n_rest:
            delta = 2.0 * (ranks.mean() - (len(ranks) + 1) / 2) / n_rest - 1.0
        return self.name, self.role, value, rest, float(standardised), float(delta)


def _is_skewed(values: Floats) -> bool:
    deviations, spread = values - values.mean(), float(values.std())
    return bool((values >= 0).all()) and spread > 0 and float((deviations**3).mean()) / spread**3 > _SKEWED


def profile_clusters(dataset: Dataset, labelings: Mapping[str, Labels], seed: int) -> pd.DataFrame:
    """Return typical values of each column in each cluster: `Details.profiles` without the dataset.

    Cliff's delta is the share of pairs of a row inside and a row outside of which that inside is larger, minus the
    share of which it is smaller (Cliff 1993, doi:10.1037/0033-2909.114.3.494). Every level of a category is a column.
    Of more than 40 columns, a labeling keeps the 40 whose largest delta is largest and, of every cluster, the 3 whose
    delta is largest; of more than 50,000 rows, a random sample is used.
    """
    if dataset.n_rows > PROFILED_ROWS:
        rng = stable_rng(seed, "rows of the profiles")
        sampled = np.sort(rng.choice(dataset.n_rows, PROFILED_ROWS, replace=False))
        dataset, labelings = dataset.take(sampled), {sha: labels[sampled] for sha, labels in labelings.items()}
    columns = list(_described_columns(dataset))
    parts = [no_rows("profiles").drop(columns="dataset")]
    for sha, labels in labelings.items():
        rows = [
            (sha, cluster, *column.profile(labels == cluster))
            for cluster in range(int(labels.max(initial=-1)) + 1)
            for column in columns
        ]
        part = pd.DataFrame(rows, columns=list(parts[0]))
        if len(columns) > MOST_PROFILED:
            ordered = part.iloc[(-part["delta"].abs().fillna(0.0)).argsort(kind="stable")]
            kept = {*ordered["column"].unique()[:MOST_PROFILED], *ordered.groupby("cluster").head(_KEPT)["column"]}
            part = part[part["column"].isin(kept)]
        parts.append(part)
    return pd.concat(parts[1:] or parts, ignore_index=True)


def medoids(dataset: Dataset, space: Floats, labelings: Mapping[str, Labels]) -> pd.DataFrame:
    """Return the row of each cluster with the least sum of squared distances to the others, by its id.

    Of `space`, shape (n, d), that is the row nearest to the mean of its cluster.
    """
    rows = []
    for sha, labels in labelings.items():
        for cluster in range(int(labels.max(initial=-1)) + 1):
            inside = np.flatnonzero(labels == cluster)
            distances = ((space[inside] - space[inside].mean(axis=0)) ** 2).sum(axis=1)
            rows.append((sha, cluster, str(dataset.row_ids[inside[int(distances.argmin())]])))
    return pd.DataFrame(rows, columns=["labels_sha256", "cluster", "row_id"])


def data_card(dataset: Dataset) -> pd.DataFrame:
    """Return role, unit, range, and shares of missing values and zeros of each column: `Details.columns`."""
    facts = inspect_dataset(dataset).reset_index()
    facts = facts.assign(missing=facts["missing_percent"] / 100.0, zeros=facts["zero_percent"] / 100.0)
    dates = [name for name, column in dataset.coded.items() if column.role is ColumnRole.DATE]
    frame, is_date = dataset.frame, facts["column"].isin(dates)
    for name, quantile in _QUANTILES.items():
        of_dates = facts["column"].map(frame[dates].quantile(int(quantile[1:]) / 100.0).to_dict())
        facts[name] = facts[quantile].where(~is_date, of_dates)
    names = ["column", "role", "unit", "distinct", "missing", "zeros", *_QUANTILES]
    return facts[names].astype({"distinct": "int64"})


def _described_columns(dataset: Dataset) -> Iterator[_Column]:
    """Yield the columns of numbers and dates as they are, and the columns that `OneHot` makes of categories."""
    made = OneHot().bound(Scope.of(dataset)).transformer().fit_transform(dataset.frame)
    for name in made.columns:
        yield _Column.of(str(name), made[name], is_date=name in dataset.coded)
