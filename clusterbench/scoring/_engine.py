"""Walks blocks of rows through the kernel, on several threads, with the same numbers for any number of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from clusterbench.scoring._device import BlockProducts
from clusterbench.scoring._partitions import Partitions

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
    a: NDArray[np.float64]
    b: NDArray[np.float64]
    near: NDArray[np.int32]
    s: NDArray[np.float64]

    @classmethod
    def empty(cls, rows: slice, m: int) -> RowScores:
        """Make room for m partitions."""
        shape = (m, rows.stop - rows.start)
        return cls(rows, np.empty(shape), np.empty(shape), np.empty(shape, dtype=np.int32), np.empty(shape))


def count_threads(threads: int | None) -> int:
    """Return `threads`, or the number of processors that this process may use."""
    if threads is not None:
        return max(1, int(threads))
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed is not None else os.cpu_count() or 1


def in_threads(work: Callable[[_Item], _Result], items: Iterable[_Item], threads: int) -> list[_Result]:
    """Return ``[work(item) for item in items]``. The kernels release the GIL; no OpenMP is involved."""
    todo = list(items)
    if threads == 1 or len(todo) < 2:
        return [work(item) for item in todo]
    with ThreadPoolExecutor(min(threads, len(todo))) as pool:
        return list(pool.map(work, todo))


def tasks(n_rows: int) -> list[slice]:
    """Cut rows into tasks whose borders depend on their number alone, so that partial sums do too."""
    from clusterbench.scoring._kernel import LANES

    step = LANES * int(np.clip(n_rows // (64 * LANES), 1, 16))
    return [slice(start, min(start + step, n_rows)) for start in range(0, n_rows, step)]


def over_rows(
    space: NDArray[np.float64],
    partitions: Partitions,
    rows: NDArray[np.int64],
    reduce: Callable[[RowScores], _Result],
    kept: type[np.floating[Any]],
    threads: int,
    device: str = "cpu",
) -> list[_Result]:
    """Score the given rows against all rows of all partitions; return what `reduce` makes of each task, in order.

    `kept` is the float type in which distances are added up: see `_precision`. `device` is a resolved one.
    """
    from clusterbench.scoring import _kernel, _sums

    p = partitions
    products = None if device == "cpu" else BlockProducts(space, partitions, kept)

    def work(part: slice) -> _Result:
        out = RowScores.empty(part, len(p.labels))
        if products is None:
            lists = (p.places, p.run_start, p.run_cluster, p.chunk_start)
            buffer = np.empty((_sums.CHUNK, _kernel.LANES), dtype=kept)
            scratch = (*lists, buffer, out.a, out.b, out.near, out.s)
            _kernel.score_rows(space, rows[part], p.labels, p.starts, p.ids, p.sizes, *scratch)
        else:
            sums, own = products.sums(rows[part]), np.ascontiguousarray(p.labels[:, rows[part]])
            found = (own.shape[1], out.a, out.b, out.near, out.s)
            _kernel.silhouettes(sums, p.starts, p.ids, p.sizes, own, *found)
        return reduce(out)

    return in_threads(work, tasks(len(rows)), threads if products is None else 1)


def cluster_totals(
    space: NDArray[np.float64],
    partitions: Partitions,
    rows: NDArray[np.int64],
    rank: NDArray[np.int64],
    cutoff: NDArray[np.int64],
    kept: type[np.floating[Any]],
    threads: int,
    device: str = "cpu",
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the sums of s and of its square over each (labeling, cluster) pair's rows with ``rank < cutoff``."""
    from clusterbench.scoring import _sums

    pairs = len(partitions.ids)

    def reduce(part: RowScores) -> NDArray[np.float64]:
        sums = np.zeros((2, pairs))
        chosen = (rows[part.rows], rank[part.rows])
        _sums.add_up(part.s, *chosen, partitions.labels, partitions.starts, cutoff, sums[0], sums[1])
        return sums

    total = np.zeros((2, pairs))
    for part in over_rows(
        space, partitions, rows, reduce, kept, threads, device
    ):  # one after the other: a fixed order of additions
        total += part
    return total[0], total[1]
