"""Sums of distances by TensorFlow: blocks of distances times memberships on a GPU, where there is one.

Distances come from direct differences in float64, as in the compiled kernel: |x|^2 + |y|^2 - 2 x.y would save work that
is small beside the product with the memberships, and lose all digits of clusters far tighter than the table. No GPU is
ever needed, and TensorFlow is imported here only on request.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clusterbench.errors import RequestError, unknown
from clusterbench.metrics.partition_layout import Partitions
from clusterbench.metrics.row_blocks import task_rows

DEVICES = ("auto", "cpu", "gpu", "tensorflow")
_POINTS = 16_384  # points per product, at most
_CELL_BYTES = 40  # per distance held: their squares, one more term, the roots, and what TensorFlow keeps for later


def resolve_device(device: str = "auto") -> str:
    """Return where scores are computed: ``cpu`` (compiled kernel), ``gpu`` or ``tensorflow``.

    ``auto`` is ``gpu`` only in a process that has imported TensorFlow already and in which it sees a GPU.
    ``tensorflow`` does the same products on whatever device TensorFlow has.

    Raises
    ------
    RequestError
        For an unknown device, or ``gpu`` where TensorFlow sees none.
    """
    if device not in DEVICES:
        raise unknown("device", device, DEVICES)
    if device == "auto":
        return "gpu" if "tensorflow" in sys.modules and _sees_gpu() else "cpu"
    if device == "gpu" and not _sees_gpu():
        raise RequestError("device = 'gpu', but TensorFlow sees no GPU", allowed="auto, cpu, tensorflow")
    return device


def _sees_gpu() -> bool:
    import tensorflow as tf

    return bool(tf.config.list_physical_devices("GPU"))


def device_name(device: str = "auto") -> str:
    """Return where `device` has scores computed in this process, as a record of a run would say it.

    ``cpu`` (compiled kernel), ``tensorflow GPU: NAME`` or ``tensorflow CPU``. For ``auto``, nothing is imported.

    Raises
    ------
    RequestError
        As `resolve_device`.

    Examples
    --------
    >>> device_name("cpu")
    'cpu'
    """
    if resolve_device(device) == "cpu":
        return "cpu"
    import tensorflow as tf

    found = tf.config.list_physical_devices("GPU")
    if not found:
        return "tensorflow CPU"
    return f"tensorflow GPU: {tf.config.experimental.get_device_details(found[0]).get('device_name', found[0].name)}"


def member_bytes(n: int, k: int) -> float:
    """Return what a `BlockProducts` holds of one more partition of n rows into k clusters."""
    return 8 * k * (n + 2 * min(n, _POINTS) + 3 * task_rows(n))


class BlockProducts:
    """Sums of distances from given rows to every distinct cluster of a set of partitions.

    Distances held at once take up to a quarter of `memory_bytes`; memberships are counted as partitions are gathered.
    """

    def __init__(
        self,
        space: NDArray[np.float64],
        partitions: Partitions,
        kept: type[np.floating[Any]],
        memory_bytes: float = 512e6,
    ) -> None:
        import tensorflow as tf

        tf.config.experimental.enable_tensor_float_32_execution(False)
        self._tf, self._kept = tf, kept
        self._space, self._clusters = space, len(partitions.sizes)
        points = int(np.clip(memory_bytes / 4 / (_CELL_BYTES * task_rows(len(space))), 64, _POINTS))
        self._blocks = []
        for start in range(0, len(space), points):
            block = slice(start, start + points)
            columns = [tf.constant(np.ascontiguousarray(column)) for column in space[block].T]
            self._blocks.append((columns, tf.constant(_membership(partitions, block, kept))))

    def sums(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the sums, shape (distinct clusters, len(rows))."""
        tf = self._tf
        left = [tf.constant(column[:, None]) for column in np.ascontiguousarray(self._space[rows].T)]
        total = np.zeros((len(rows), self._clusters))
        for columns, members in self._blocks:
            square = tf.math.squared_difference(left[0], columns[0])
            for ours, theirs in zip(left[1:], columns[1:], strict=True):
                square += tf.math.squared_difference(ours, theirs)
            total += tf.matmul(tf.cast(tf.sqrt(square), self._kept), members).numpy()
        return np.ascontiguousarray(total.T)


def _membership(partitions: Partitions, block: slice, kept: type[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """Return 1 where a row of the block is in a distinct cluster, shape (rows, distinct clusters)."""
    labels = partitions.labels[:, block]
    table = np.zeros((labels.shape[1], len(partitions.sizes)), dtype=kept)
    for p, part in enumerate(labels):
        rows = np.flatnonzero(part >= 0)
        table[rows, partitions.ids[partitions.starts[p] + part[rows]]] = 1.0
    return table
