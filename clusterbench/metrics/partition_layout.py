"""Several partitions of the same rows, laid out for the kernel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from clusterbench.labeling import Labels
from clusterbench.tables import Bools, Ints

if TYPE_CHECKING:
    from clusterbench.metrics.sum_kernels import Lists


@dataclass(frozen=True, slots=True, eq=False)
class Partitions:
    """m partitions and the distinct clusters among them.

    Equal clusters of different partitions (a tree's cuts share most) are summed once. They are recognised by a 128-bit
    key, the sum of random keys of their rows.

    Attributes
    ----------
    labels : ndarray of int32, shape (m, n)
    starts : ndarray of int64, shape (m + 1,)
        (labeling, cluster) pairs of partition p are ``starts[p]:starts[p + 1]``.
    ids : ndarray of int64, shape (pairs,)
        Distinct cluster of each pair.
    sizes : ndarray of int64, shape (distinct clusters,)
    lists : tuple of ndarray
        Rows of each distinct cluster, chunk by chunk: see `sum_kernels.list_members`.
    """

    labels: Labels
    starts: Ints
    ids: Ints
    sizes: Ints
    lists: Lists

    @property
    def pair_sizes(self) -> Ints:
        return self.sizes[self.ids]

    def pairs(self, p: int) -> slice:
        """Return the (labeling, cluster) pairs of partition p."""
        return slice(int(self.starts[p]), int(self.starts[p + 1]))


def bytes_needed(n: int, k: int) -> int:
    """Return the memory that one partition of n rows into k clusters takes in `Partitions`."""
    return n * 5 + (n // 256 + 1) * min(k, 256) * 16 + k * 128


def lay_out(labelings: Sequence[Labels], ks: Sequence[int]) -> Partitions:
    """Lay out compact partitions (clusters 0..k-1, -1 for rows that take no part)."""
    labels = np.ascontiguousarray(np.stack(labelings), dtype=np.int32)
    starts = np.concatenate([[0], np.cumsum(ks)]).astype(np.int64)
    ids, own, sizes = _distinct_clusters(labels, starts)
    return Partitions(labels, starts, ids, sizes, list_members(labels, starts, ids, own))


def list_members(labels: Labels, starts: Ints, ids: Ints, own: Bools) -> Lists:
    """Return the lists that `sum_kernels.list_members` fills."""
    from clusterbench.metrics import sum_kernels

    chunks = -(-labels.shape[1] // sum_kernels.CHUNK)
    runs = chunks * int(np.minimum(np.diff(starts), sum_kernels.CHUNK).sum())
    run_start, run_cluster, chunk_start = (np.empty(size, dtype=np.int64) for size in (runs + 1, runs, chunks + 1))
    lists = (np.empty(labels.size, dtype=np.uint8), run_start, run_cluster, chunk_start)
    sum_kernels.list_members(labels, starts, ids, own, lists)
    return lists


def _distinct_clusters(labels: Labels, starts: Ints) -> tuple[Ints, Bools, Ints]:
    """Return the distinct cluster of each pair, whether the pair is its first, and the distinct clusters' sizes."""
    from clusterbench.metrics import sum_kernels as _sums

    row_keys = np.random.default_rng(0x5EED).integers(2**64, size=(labels.shape[1], 2), dtype=np.uint64)
    keys, sizes = np.zeros((int(starts[-1]), 2), dtype=np.uint64), np.zeros(int(starts[-1]), dtype=np.int64)
    _sums.cluster_keys(labels, starts, row_keys, keys, sizes)
    order = np.lexsort(keys.T)  # stable: of equal keys, the first pair's comes first
    new = np.concatenate([[True], np.any(keys[order[1:]] != keys[order[:-1]], axis=1)])
    leaders = order[new]
    place = np.empty(len(leaders), dtype=np.int64)
    place[np.argsort(leaders)] = np.arange(len(leaders))  # distinct clusters are numbered as they turn up
    ids = np.empty(len(keys), dtype=np.int64)
    ids[order] = place[np.cumsum(new) - 1]
    first = np.sort(leaders)
    own = np.zeros(len(ids), dtype=np.bool_)
    own[first] = True
    return ids, own, sizes[first]
