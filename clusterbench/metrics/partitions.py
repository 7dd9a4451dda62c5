"""Several partitions of the same rows, laid out for the kernels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from clusterbench.labeling import Labels
from clusterbench.metrics.threads import CHUNK
from clusterbench.tables import Bools, Ints


class Members(NamedTuple):
    """The rows of clusters, chunk by chunk and cluster by cluster: see `kernels.list_members`.

    Run r covers ``places[run_start[r]:run_start[r + 1]]`` and belongs to cluster ``run_cluster[r]``; chunk c covers the
    runs ``chunk_start[c]:chunk_start[c + 1]``. Places are positions within the chunk.
    """

    places: NDArray[np.uint8]
    run_start: Ints
    run_cluster: Ints
    chunk_start: Ints


class Partitions(NamedTuple):
    """Labels (m, n) of m partitions, and the distinct clusters among them with their sizes and members.

    The (labeling, cluster) pairs of partition p are ``starts[p]:starts[p + 1]``; ``ids[pair]`` is the distinct cluster.
    Equal clusters of different partitions (a tree's cuts share most) are summed once. They are recognised by a 128-bit
    key, the sum of random keys of their rows.
    """

    labels: Labels
    starts: Ints
    ids: Ints
    sizes: Ints
    members: Members

    @property
    def pair_sizes(self) -> Ints:
        return self.sizes[self.ids]

    def pairs(self, p: int) -> slice:
        """Return the (labeling, cluster) pairs of partition p."""
        return slice(int(self.starts[p]), int(self.starts[p + 1]))


def bytes_needed(n: int, k: int) -> int:
    """Return the memory that one partition of n rows into k clusters takes in `Partitions`."""
    return n * 5 + (n // CHUNK + 1) * min(k, CHUNK) * 16 + k * 128


def lay_out(labelings: Sequence[Labels]) -> Partitions:
    """Lay out compact partitions (clusters 0..k-1, -1 for rows that take no part)."""
    labels = np.ascontiguousarray(np.stack(labelings), dtype=np.int32)
    starts = np.concatenate([[0], np.cumsum(labels.max(axis=1) + 1)]).astype(np.int64)
    ids, own, sizes = _distinct_clusters(labels, starts)
    return Partitions(labels, starts, ids, sizes, list_members(labels, starts, ids, own))


def list_members(labels: Labels, starts: Ints, ids: Ints, own: Bools) -> Members:
    """List the rows of each (labeling, cluster) pair; not where `own` is False, as they are those of an earlier one."""
    from clusterbench.metrics import kernels

    chunks = -(-labels.shape[1] // CHUNK)
    runs = chunks * int(np.minimum(np.diff(starts), CHUNK).sum())
    run_start, run_cluster, chunk_start = (np.empty(size, dtype=np.int64) for size in (runs + 1, runs, chunks + 1))
    members = Members(np.empty(labels.size, dtype=np.uint8), run_start, run_cluster, chunk_start)
    kernels.list_members(labels, starts, ids, own, members)
    return members


def _distinct_clusters(labels: Labels, starts: Ints) -> tuple[Ints, Bools, Ints]:
    """Return the distinct cluster of each pair, whether the pair is its first, and the distinct clusters' sizes."""
    from clusterbench.metrics.kernels import cluster_keys

    row_keys = np.random.default_rng(0x5EED).integers(2**64, size=(labels.shape[1], 2), dtype=np.uint64)
    keys, sizes = np.zeros((int(starts[-1]), 2), dtype=np.uint64), np.zeros(int(starts[-1]), dtype=np.int64)
    cluster_keys(labels, starts, row_keys, keys, sizes)
    _, first, inverse = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    order = np.argsort(first)  # distinct clusters are numbered as they turn up
    ids = np.argsort(order)[inverse.reshape(-1)]
    own = np.zeros(len(keys), dtype=np.bool_)
    own[first] = True
    return ids, own, sizes[first[order]]
