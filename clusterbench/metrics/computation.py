"""What computes metrics: one pass over a batch of partitions for all metrics that share work."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Protocol

from clusterbench.errors import RequestError, unknown
from clusterbench.metrics.batches import Batch
from clusterbench.metrics.conditioning import DTYPES, Table
from clusterbench.metrics.score import Estimate
from clusterbench.metrics.threads import count_threads
from clusterbench.tables import Floats


@dataclass(frozen=True, slots=True)
class Settings:
    """How the engine works, checked: see `score_labelings`."""

    dtype: str
    memory_bytes: float
    exact_rows: int
    anchors: int
    seed: int
    threads: int

    @classmethod
    def check(
        cls, *, dtype: str, memory_mb: float, exact_rows: int, anchors: int, seed: int, threads: int | None
    ) -> Settings:
        """Return the settings.

        Raises
        ------
        RequestError
            For an unknown dtype, or a number that is too small.
        """
        if dtype not in DTYPES:
            raise unknown("dtype", dtype, DTYPES)
        at_least("memory_mb", memory_mb, 1)
        at_least("anchors", anchors, 2)
        at_least("threads", 1 if threads is None else threads, 1)
        return cls(dtype, memory_mb * 1e6, exact_rows, anchors, seed, count_threads(threads))


def at_least(name: str, value: float, least: float) -> None:
    """Refuse an argument below `least`, or one that is no number."""
    if not value >= least:
        raise RequestError(f"{name} = {value}", allowed=f"at least {least}")


Estimates = dict[str, Estimate]
"""One estimate per metric's name."""

Replicates = dict[str, tuple[Floats, str]]
"""Values (r,) of metrics by name, NaN where undefined, and why they failed, or ""."""

Replicator = Callable[[int, Floats], Replicates]
"""From a partition's place in a batch and weights (n, r) to the values at them."""


class Computation(Protocol):
    """Computes one metric, or several that share work."""

    def estimates(self, table: Table, batch: Batch, names: Collection[str], settings: Settings) -> list[Estimates]:
        """Return the estimates of the named metrics for each partition of the batch, noise rows left out."""

    def replicator(
        self, table: Table, batch: Batch, names: Collection[str], settings: Settings, rows: int
    ) -> Replicator | None:
        """Return what computes the named metrics under row weights, or None where that is impossible.

        `rows` limits the rows from which an approximation is made.
        """
