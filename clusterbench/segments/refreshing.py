"""Refresh a segmentation: segments of a new fit continue the ids of an earlier bundle, and a log says what changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd

from clusterbench.errors import RequestError, did_you_mean
from clusterbench.segments.bundle import Bundle
from clusterbench.segments.migration import Migration
from clusterbench.segments.operations import Floats, Ints
from clusterbench.segments.segmentation import Segmentation

KEPT_OVERLAP = 0.5
"""Jaccard similarity from which a segment of a new fit keeps the id of an earlier one."""

_MOST_OF = 0.5  # share of the rows of a segment that makes it a part of another


class ChangeKind(StrEnum):
    """What happened to segments."""

    KEPT = "kept"
    SPLIT = "split"
    MERGED = "merged"
    NEW = "new"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class SegmentChange:
    """What happened to some segments, by their ids."""

    kind: ChangeKind
    before: tuple[int, ...]
    after: tuple[int, ...]
    overlap: float | None = None  # Jaccard similarity of a kept one


@dataclass(frozen=True, slots=True)
class ChangeLog:
    """What changed from a bundle to the segments of a new fit, on the rows of the new fit."""

    previous: str  # id of the bundle
    overlap: float  # from which ids were kept
    changes: tuple[SegmentChange, ...]
    retired: tuple[int, ...]  # ids that are never used again
    names_before: Mapping[int, str]
    names_after: Mapping[int, str]
    migration: Migration


def earlier_segments(previous: Bundle, table: pd.DataFrame) -> Ints:
    """Return the segment, by id, that an earlier bundle gives each row of a table; RequestError if it cannot."""
    for name in previous.program.columns:
        if name not in table.columns:
            hint = did_you_mean(name, map(str, table.columns))
            raise RequestError(f"the table has no column {name!r} of the previous bundle{hint}")
    return previous.assign(table[list(previous.program.columns)].to_numpy(dtype=np.float64)).segment


def continued_ids(clusters: Ints, earlier: Ints, previous: Bundle, overlap: float) -> tuple[int, ...]:
    """Return the ids of clusters 1..m, given the earlier segment of each row, both of shape (n,), 0 for none.

    Clusters and earlier segments are paired so that the sum of their Jaccard similarities is largest (Kuhn 1955). A
    pair with at least `overlap` keeps the id; every other cluster gets an id that was never used, in their order.
    """
    from scipy.optimize import linear_sum_assignment

    ids = previous.program.segments
    similarity = _similarity(Migration.of(earlier, clusters, ids, range(1, int(clusters.max()) + 1)))
    fresh = max((*ids, *previous.manifest.retired)) + 1
    kept = {
        int(cluster): ids[place]
        for place, cluster in zip(*linear_sum_assignment(similarity, maximize=True), strict=True)
        if similarity[place, cluster] >= overlap
    }
    given = []
    for cluster in range(similarity.shape[1]):
        given.append(kept.get(cluster, fresh))
        fresh += cluster not in kept
    return tuple(given)


def change_log(previous: Bundle, segmentation: Segmentation, names: Sequence[str], overlap: float) -> ChangeLog:
    """Return what changed; `names` are those of the segments now."""
    before, after = previous.program.segments, segmentation.ids
    earlier = earlier_segments(previous, segmentation.table)
    migration = Migration.of(earlier, segmentation.row_ids, before, after)
    gone = set(before) - set(after)
    return ChangeLog(
        previous.id,
        overlap,
        tuple(_changes(migration, before, after)),
        tuple(sorted({*previous.manifest.retired, *gone})),
        previous.names,
        dict(zip(after, names, strict=True)),
        migration,
    )


def _changes(migration: Migration, before: Sequence[int], after: Sequence[int]) -> Iterator[SegmentChange]:
    """Yield the kept ids, then splits and merges, then segments that are neither: new and gone."""
    similarity, counts = _similarity(migration), migration.table[1:, 1:]
    comes_from = counts / np.maximum(migration.table[:, 1:].sum(axis=0), 1) >= _MOST_OF
    goes_to = counts / np.maximum(migration.table[1:].sum(axis=1, keepdims=True), 1) >= _MOST_OF
    explained = set(before) & set(after)
    for one in sorted(explained):
        yield SegmentChange(ChangeKind.KEPT, (one,), (one,), float(similarity[before.index(one), after.index(one)]))
    for place, one in enumerate(before):
        parts = tuple(after[at] for at in np.flatnonzero(comes_from[place]))
        if len(parts) > 1:
            explained |= {one, *parts}
            yield SegmentChange(ChangeKind.SPLIT, (one,), parts)
    for at, one in enumerate(after):
        sources = tuple(before[place] for place in np.flatnonzero(goes_to[:, at]))
        if len(sources) > 1:
            explained |= {one, *sources}
            yield SegmentChange(ChangeKind.MERGED, sources, (one,))
    yield from (SegmentChange(ChangeKind.NEW, (), (one,)) for one in after if one not in explained)
    yield from (SegmentChange(ChangeKind.GONE, (one,), ()) for one in before if one not in explained)


def _similarity(migration: Migration) -> Floats:
    """Return the Jaccard similarity of each segment before with each after, shape (m, m')."""
    table = migration.table
    both = table[1:, 1:]
    either = table[1:].sum(axis=1, keepdims=True) + table[:, 1:].sum(axis=0) - both
    return np.asarray(both / np.maximum(either, 1))
