"""What clusters are in the columns of the table: typical values, what sets each cluster apart, typical rows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from clusterbench.datasets import ColumnRole
from clusterbench.report.entry_views import Entry
from clusterbench.report.model import Shaded, ShadedTable, Table, text_table
from clusterbench.report.number_text import NOTHING, amount, is_missing, share, signed
from clusterbench.results import StoredRun
from clusterbench.text import listed, percent, printable

_MOST_COLUMNS, _MOST_CARDS = 20, 200
_LEVELS, _FULL = 5, 1.5  # the darkest shade is 1.5 standard deviations
_NEGLIGIBLE = 0.147  # Cliff's delta below which a difference is negligible: Romano et al. 2006
_MOST_NAMED = 3
_EPOCH = date(1970, 1, 1)


def value_text(value: float, role: str) -> str:
    """Return a value of a column in its own units: a number, the share of ones, or a day.

    Examples
    --------
    >>> value_text(0.25, "binary"), value_text(19723.0, "date"), value_text(12345.6, "numeric")
    ('25.0 %', '2024-01-01', '12,346')
    """
    if is_missing(value):
        return NOTHING
    if role == ColumnRole.BINARY:
        return share(value)
    return str(_EPOCH + timedelta(days=math.floor(value))) if role == ColumnRole.DATE else amount(value)


@dataclass(frozen=True, slots=True)
class Contrast:
    """A column inside and outside a cluster: a row of `Details.profiles`."""

    cluster: int
    column: str
    role: str
    value: float
    rest: float
    standardised: float
    delta: float  # NaN where nothing can be compared

    @property
    def size(self) -> float:
        """How much the column differs, from 0 to 1."""
        return 0.0 if math.isnan(self.delta) else abs(self.delta)

    @property
    def shaded(self) -> Shaded:
        """The standardised value, with the value of the column itself as its title."""
        if math.isnan(self.standardised):
            return Shaded(NOTHING)
        level = round(_LEVELS * max(-1.0, min(1.0, self.standardised / _FULL)))
        return Shaded(signed(self.standardised), level, value_text(self.value, self.role))

    @property
    def text(self) -> str:
        """What the column is like inside against outside; where both are equal, how often the inside is larger."""
        inside, outside = (value_text(value, self.role) for value in (self.value, self.rest))
        more, less = ("more often", "less often") if self.role == ColumnRole.BINARY else ("higher", "lower")
        name = f"{more if self.delta > 0 else less} {printable(self.column)}"
        if inside != outside:
            return f"{name} ({inside} against {outside})"
        return f"{name} (in {percent((1 + self.size) / 2)} of pairs of rows; both medians {inside})"


def profile_table(profiles: Sequence[Contrast], n_clusters: int) -> ShadedTable:
    """Return the standardised medians of columns by clusters; what differs most comes first."""
    largest: dict[str, float] = {}
    for one in profiles:
        largest[one.column] = max(one.size, largest.get(one.column, 0.0))
    names = sorted(largest, key=lambda name: -largest[name])
    by_place = {(one.column, one.cluster): one.shaded for one in profiles}
    rows = tuple(
        (printable(name), tuple(by_place[name, cluster] for cluster in range(n_clusters)))
        for name in names[:_MOST_COLUMNS]
    )
    caption = "Medians of the clusters (of 0 and 1: shares), in standard deviations of all rows"
    if len(names) > len(rows):
        caption += f"; the {len(rows)} columns that differ most; clusters.csv has {len(names) - len(rows)} more"
    return ShadedTable(caption, ("Column", *map(str, range(n_clusters))), rows)


def cluster_sentences(
    entry: Entry, profiles: Sequence[Contrast], typical: Mapping[int, str]
) -> tuple[tuple[str, str], ...]:
    """Return for each cluster its name with its rows, and what sets it apart from all other rows.

    `typical` are the ids of the rows that are nearest to the mean of their cluster.
    """
    sentences = []
    for cluster, size in enumerate(entry.sizes):
        part = [one for one in profiles if one.cluster == cluster and one.size >= _NEGLIGIBLE]
        named = [one.text for one in sorted(part, key=lambda one: -one.size)[:_MOST_NAMED]]
        text = listed(named) if named else "no single column sets it apart"
        row = f"; row {printable(typical[cluster])} is nearest to its mean" if cluster in typical else ""
        sentences.append((f"Cluster {cluster}, {size:,} rows", f"{text}{row}."))
    return tuple(sentences)


def data_card(run: StoredRun, dataset: str) -> Table:
    """Return the facts of every column of a dataset; no rows where they were not stored."""
    frame = run.details.columns
    frame = frame[frame["dataset"] == dataset].drop(columns="dataset")
    rows = []
    for name, role, unit, distinct, missing, zeros, *ends in frame[:_MOST_CARDS].itertuples(index=False, name=None):
        kind = role if role == ColumnRole.DATE else ""  # the range of 0 and 1 is in numbers
        texts = [value_text(value, kind) for value in ends]
        rows.append((name, role, unit or NOTHING, *texts, share(missing), share(zeros), f"{distinct:,}"))
    header = ("Column", "Kind", "Unit", "Smallest", "Median", "Largest", "Missing", "Zeros", "Distinct")
    more = f"; the first {len(rows)} of {len(frame):,}, columns.csv has all" if len(frame) > len(rows) else ""
    return text_table(f"The columns of {dataset}{more}", header, rows, numeric=range(3, 9))
