"""Walks blocks of rows through the kernel, on several threads, with the same numbers for any number of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from clusterbench.environment import usable_cores
from clusterbench.labeling import Labels
from clusterbench.metrics.partition_layout import Partitions
from clusterbench.metrics.row_blocks import pieces, tasks
from clusterbench.tables import Floats, Ints

if TYPE_CHECKING:
    from clusterbench.metrics.anchors import Sample

WAITING = 2  # results per thread that may wait to be added up
EXTRA_ROWS = 128
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True, eq=False)
class RowScores:
    """Silhouettes of some rows in m partitions, each array (m, rows).

    Attributes
    ----------
    rows : slice
        Positions of the rows among those asked for.
    a, b : ndarray of float64
        Mean distance to the own cluster, and to the nearest other one.
    near : ndarray of int32
        The nearest other cluster.
    s : ndarray of float64
        NaN where the row takes no part.
    """

    rows: slice
    a: Floats
    b: Floats
    near: Labels
    s: Floats

    @classmethod
    def empty(cls, rows: slice, m: int) -> RowScores:
        """Make room for m partitions."""
        shape = (m, rows.stop - rows.start)
        return cls(rows, np.empty(shape), np.empty(shape), np.empty(shape, dtype=np.int32), np.empty(shape))


def count_threads(threads: int | None) -> int:
    """Return `threads`, or the number of cores that this process may use."""
    return usable_cores() if threads is None else max(1, int(threads))


def in_order(work: Callable[[_Item], _Result], items: Iterable[_Item], threads: int) -> Iterator[_Result]:
    """Yield ``work(item) for item in items``, in order; few results wait to be taken, whatever the number of items.

    The kernels release the GIL; no OpenMP is involved.
    """
    todo = list(items)
    if threads == 1 or len(todo) < 2:
        yield from map(work, todo)
        return
    waiting: deque[Future[_Result]] = deque()
    with ThreadPoolExecutor(min(threads, len(todo))) as pool:
        for item in todo:
            if len(waiting) == WAITING * threads:
                yield waiting.popleft().result()
            waiting.append(pool.submit(work, item))
        while waiting:
            yield waiting.popleft().result()


def in_threads(work: Callable[[_Item], _Result], items: Iterable[_Item], threads: int) -> list[_Result]:
    """Return ``[work(item) for item in items]``."""
    return list(in_order(work, items, threads))


def row_scorer(
    space: Floats, partitions: Partitions, rows: Ints, kept: type[np.floating[Any]]
) -> Callable[[slice], RowScores]:
    """Return what scores a slice of the given rows against all rows of all partitions.

    `kept` is the float type in which distances are added up: see the module `precision`.
    """
    from clusterbench.metrics import silhouette_kernel as _kernel
    from clusterbench.metrics import sum_kernels as _sums

    p = partitions

    def score(part: slice) -> RowScores:
        out = RowScores.empty(part, len(p.labels))
        lists = (p.places, p.run_start, p.run_cluster, p.chunk_start)
        buffer = np.empty((_sums.CHUNK, _kernel.LANES), dtype=kept)
        scratch = (*lists, buffer, out.a, out.b, out.near, out.s)
        _kernel.score_rows(space, rows[part], p.labels, p.starts, p.ids, p.sizes, *scratch)
        return out

    return score


def cluster_totals(
    space: Floats, partitions: Partitions, sample: Sample, kept: type[np.floating[Any]], threads: int
) -> tuple[Floats, Floats]:
    """Return the sums of s and of its square over each (labeling, cluster) pair's rows in the sample.

    The order of additions, and so the last bit, depends on the pair's own rows alone: rows common to all partitions are
    added up in tasks of their own; further ones, whose number depends on the partitions, one by one.
    """
    from clusterbench.metrics import sum_kernels as _sums

    score = row_scorer(space, partitions, sample.rows, kept)
    total = np.zeros((2, len(partitions.ids)))

    def add(part: slice, s: Floats, sums: Floats) -> None:
        chosen = (sample.rows[part], sample.rank[part], partitions.labels, partitions.starts, sample.cutoff)
        _sums.add_up(s, *chosen, sums[0], sums[1])

    def sums_of(part: slice) -> Floats:
        sums = np.zeros_like(total)
        add(part, score(part).s, sums)
        return sums

    for sums in in_order(sums_of, tasks(sample.common), threads):
        total += sums
    more = pieces(slice(sample.common, len(sample.rows)), EXTRA_ROWS)
    for part, s in zip(more, in_order(lambda part: score(part).s, more, threads), strict=True):
        add(part, s, total)
    return total[0], total[1]
