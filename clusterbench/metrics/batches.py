"""Cuts a long list of labelings into batches that fit a memory budget, equal partitions taken once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clusterbench.labeling import Labels
from clusterbench.metrics.engine import EXTRA_ROWS, WAITING
from clusterbench.metrics.noise_policies import apply_policy, compact
from clusterbench.metrics.partition_layout import bytes_needed
from clusterbench.metrics.row_blocks import task_rows
from clusterbench.metrics.score import NoisePolicy
from clusterbench.tables import Floats

_ROW_BYTES = 28  # a, b, s as float64, near as int32


@dataclass(frozen=True, slots=True)
class Use:
    """One labeling under one policy: which partition it is scored by, or why it is not."""

    labeling: int
    policy: NoisePolicy
    key: bytes
    coverage: float
    reason: str


@dataclass(slots=True, eq=False)
class Batch:
    """Distinct partitions that are scored together, and all uses met while they were gathered.

    A use may refer to a partition of an earlier batch.
    """

    keys: list[bytes] = field(default_factory=list)
    labels: list[Labels] = field(default_factory=list)
    ks: list[int] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)

    def part(self, places: Sequence[int]) -> Batch:
        """Return the partitions at the given places, without uses."""
        return Batch([self.keys[p] for p in places], [self.labels[p] for p in places], [self.ks[p] for p in places])


def batches(
    space: Floats,
    labelings: Sequence[NDArray[np.integer[Any]]],
    policies: Sequence[NoisePolicy],
    memory_bytes: float,
    threads: int,
    *,
    row_bytes: int = 0,
) -> Iterator[Batch]:
    """Yield batches of partitions, each within the budget (but of one partition at least).

    `row_bytes` is what the caller holds per row and partition besides what the engine does.
    """
    batch, size = Batch(), 0.0
    known: set[bytes] = set()
    for position, given in enumerate(labelings):
        labels = compact(given)
        for policy in policies:
            partition = apply_policy(space, labels, policy)
            key = hashlib.blake2b(partition.labels.tobytes(), digest_size=16).digest()
            if not partition.reason and key not in known:
                more = _cost(len(space), partition.k, threads) + row_bytes * len(space)
                if batch.keys and size + more > memory_bytes:
                    yield batch
                    batch, size = Batch(), 0.0
                known.add(key)
                size += more
                batch.keys.append(key)
                batch.labels.append(partition.labels)
                batch.ks.append(partition.k)
            batch.uses.append(Use(position, policy, key, partition.coverage, partition.reason))
    yield batch


def _cost(n: int, k: int, threads: int) -> float:
    """Return the bytes that one more partition of n rows into k clusters takes."""
    waiting = (WAITING * threads + 1) * max(16 * k, 8 * EXTRA_ROWS)  # sums of s and of its square, or s
    return 4 * n + bytes_needed(n, k) + threads * (task_rows(n) * _ROW_BYTES + 256 * k) + waiting
