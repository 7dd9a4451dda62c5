"""Tasks on several threads, with the same numbers for any number of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import numpy as np

LANES = 32  # rows that a kernel scores together
CHUNK = 256  # rows to which it takes distances at once: places within a chunk fit uint8
WAITING = 2  # items per thread that are begun, or done and not taken
_PARTS = 8  # of a list of items, per thread
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def in_order(work: Callable[[_Item], _Result], items: Iterable[_Item], threads: int) -> Iterator[_Result]:
    """Yield ``work(item) for item in items``, in order; few items are taken ahead, whatever their number.

    The kernels release the GIL; no OpenMP is involved.
    """
    if threads == 1 or (isinstance(items, Sequence) and len(items) < 2):
        yield from map(work, items)
        return
    begun: deque[Future[_Result]] = deque()
    with ThreadPoolExecutor(threads) as pool:  # which starts a thread only where none is free
        for item in items:
            if len(begun) == WAITING * threads:
                yield begun.popleft().result()
            begun.append(pool.submit(work, item))
        while begun:
            yield begun.popleft().result()


def in_threads(work: Callable[[_Item], _Result], items: Sequence[_Item], threads: int) -> list[_Result]:
    """Return ``[work(item) for item in items]``; short items are handed over several at a time, which costs less."""
    parts = pieces(0, len(items), max(1, len(items) // (_PARTS * threads)))
    found = in_order(lambda part: [work(item) for item in items[part]], parts, threads)
    return [result for part in found for result in part]


def task_rows(n_rows: int) -> int:
    """Return the rows per task, 32 to 512, so that there are 64 tasks if that can be."""
    return LANES * int(np.clip(n_rows // (64 * LANES), 1, 16))


def tasks(n_rows: int) -> list[slice]:
    """Cut rows into tasks whose borders depend on their number alone, so that partial sums do too."""
    return pieces(0, n_rows, task_rows(n_rows))


def pieces(start: int, stop: int, step: int) -> list[slice]:
    """Cut the rows from `start` to `stop` into slices of at most `step`."""
    return [slice(first, min(first + step, stop)) for first in range(start, stop, step)]
