"""How many spaces are scored side by side, and with how many threads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from clusterbench.metrics import Metric
from clusterbench.metrics.computation import count_threads

_LONG = 10_000  # rows of a table of which one space is scored at a time
_ALIKE = 0.8  # of the labelings of one space and the next, for both to be done at the same time


def side_by_side(sizes: Sequence[int], n_rows: int, metrics: Iterable[Metric]) -> tuple[int, list[int]]:
    """Return how many spaces are scored at once, and the threads of each; `sizes` are their numbers of labelings.

    Two at once keep the cores busy while one has work for one core only. Those that take equally long share the cores,
    since threads that wait for each other's core lose what is in its cache. A long table keeps the cores busy itself,
    and the memory; and a function of a plug-in may not be made for threads.
    """
    cores = count_threads(None)
    if cores == 1 or n_rows > _LONG or any(metric.shared is None for metric in metrics):
        return 1, [cores] * len(sizes)
    others = [sizes[place ^ 1] if place ^ 1 < len(sizes) else 0 for place in range(len(sizes))]
    alike = [min(pair) >= _ALIKE * max(pair) for pair in zip(sizes, others, strict=True)]
    return 2, [cores // 2 if half else cores for half in alike]
