"""Tasks on several threads, with the same numbers for any number of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import numpy as np

from clusterbench.environment import usable_cores

WAITING = 2  # results per thread that may wait to be added up
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


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


def task_rows(n_rows: int) -> int:
    """Return the rows per task, 32 to 512, so that there are 64 tasks if that can be."""
    from clusterbench.metrics.silhouette_kernel import LANES

    return LANES * int(np.clip(n_rows // (64 * LANES), 1, 16))


def tasks(n_rows: int) -> list[slice]:
    """Cut rows into tasks whose borders depend on their number alone, so that partial sums do too."""
    return pieces(slice(0, n_rows), task_rows(n_rows))


def pieces(part: slice, step: int) -> list[slice]:
    """Cut a slice into slices of at most `step`."""
    return [slice(start, min(start + step, part.stop)) for start in range(part.start, part.stop, step)]
