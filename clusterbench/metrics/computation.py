"""What computes metrics: one pass over a batch of partitions for all metrics that share work."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from clusterbench.environment import usable_cores
from clusterbench.errors import RequestError, unknown
from clusterbench.labeling import Labels
from clusterbench.metrics.conditioning import DTYPES, ScoringTable
from clusterbench.metrics.score import Score

Scores = dict[str, Score]
"""One score per metric's name."""


def at_least(name: str, value: float, least: float) -> None:
    """Refuse an argument below `least`, or one that is no number."""
    if not value >= least:
        raise RequestError(f"{name} = {value}", allowed=f"at least {least}")


def count_threads(threads: int | None) -> int:
    """Return `threads`, or the number of cores that this process may use."""
    at_least("threads", 1 if threads is None else threads, 1)
    return threads or usable_cores()


@dataclass(frozen=True, slots=True)
class ScoringSettings:
    """How the engine works: see `score_labelings`."""

    dtype: str
    memory_mb: float
    exact_rows: int
    anchors: int
    seed: int
    threads: int

    def __post_init__(self) -> None:
        if self.dtype not in DTYPES:
            raise unknown("dtype", self.dtype, DTYPES)
        at_least("memory_mb", self.memory_mb, 1)
        at_least("anchors", self.anchors, 2)


class Computation(Protocol):
    """Computes one metric, or several that share work."""

    def scores(
        self, table: ScoringTable, labelings: Sequence[Labels], names: Collection[str], settings: ScoringSettings
    ) -> list[Scores]:
        """Return the scores of the named metrics for each of the partitions, noise rows left out."""
