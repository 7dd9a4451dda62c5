"""From which segments to which segments rows moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clusterbench.segments.operations import Ints


@dataclass(frozen=True, slots=True)
class Migration:
    """Rows by their segment before and after; 0 is no segment."""

    before: tuple[int, ...]  # ids
    after: tuple[int, ...]
    counts: tuple[tuple[int, ...], ...]  # of rows, by segment before and after
    unmatched: int = 0  # rows of either table without a partner, or whose id occurs twice

    @classmethod
    def of(
        cls, before: Ints, after: Ints, ids: Sequence[int], new_ids: Sequence[int], *, unmatched: int = 0
    ) -> Migration:
        """Count rows with a segment before and after, each of shape (n,); the ids ascend."""
        rows, columns = (0, *ids), (0, *new_ids)
        place = np.searchsorted(rows, before) * len(columns) + np.searchsorted(columns, after)
        counts = np.bincount(place, minlength=len(rows) * len(columns)).reshape(len(rows), len(columns))
        return cls(rows, columns, tuple(map(tuple, counts.tolist())), unmatched)

    @property
    def table(self) -> Ints:
        return np.array(self.counts, dtype=np.int64)

    @property
    def stayed(self) -> float:
        """The share of the rows that have the same segment as before."""
        same = np.equal.outer(np.array(self.before), np.array(self.after))
        return float(self.table[same].sum() / max(1, self.table.sum()))


@dataclass(slots=True, eq=False)
class RowSegments:
    """Ids of rows, hashed to 64 bits, and their segments, part by part."""

    hashes: list[NDArray[np.uint64]] = field(default_factory=list)
    segments: list[NDArray[np.int32]] = field(default_factory=list)

    def add(self, ids: Any, segment: Ints) -> None:
        """Add rows; `ids` is an Arrow array."""
        import pandas as pd
        import pyarrow as pa
        import pyarrow.compute as pc

        texts = pc.cast(ids, pa.string()).to_numpy(zero_copy_only=False)
        self.hashes.append(pd.util.hash_array(texts, categorize=False))
        self.segments.append(segment.astype(np.int32))

    def once(self) -> tuple[NDArray[np.uint64], NDArray[np.int32]]:
        """Return hashes and segments of the rows whose id occurs once, in the order of their hashes."""
        hashes, first, times = np.unique(np.concatenate(self.hashes), return_index=True, return_counts=True)
        return hashes[times == 1], np.concatenate(self.segments)[first[times == 1]]


def matched_rows(before: RowSegments, after: RowSegments, names: Mapping[int, str]) -> Migration | None:
    """Return the migration of the rows that both have, by id; None if there is none."""
    (one, from_segment), (other, to_segment) = before.once(), after.once()
    _, here, there = np.intersect1d(one, other, assume_unique=True, return_indices=True)
    if not len(here):
        return None
    total = sum(map(len, (*before.hashes, *after.hashes)))
    return Migration.of(
        from_segment[here].astype(np.int64), to_segment[there].astype(np.int64), list(names), list(names),
        unmatched=total - 2 * len(here),
    )  # fmt: skip
