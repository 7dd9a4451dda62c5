"""Sums of distances by TensorFlow: block products on a GPU, where there is one.

The products |x|^2 + |y|^2 - 2 x.y lose digits where rows are close to each other compared with their distance from the
centre; they agree with the compiled kernel to 1e-5 on ordinary data. No GPU is ever needed, and TensorFlow is imported
here only on request.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clusterbench.errors import RequestError, unknown
from clusterbench.scoring._partitions import Partitions

DEVICES = ("auto", "cpu", "gpu", "tensorflow")
_POINTS = 16_384  # points per product


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


class BlockProducts:
    """Sums of distances from given rows to every distinct cluster of a set of partitions."""

    def __init__(self, space: NDArray[np.float64], partitions: Partitions, kept: type[np.floating[Any]]) -> None:
        import tensorflow as tf

        tf.config.experimental.enable_tensor_float_32_execution(False)
        self._tf = tf
        self._space = space.astype(kept)
        self._blocks = []
        for start in range(0, len(space), _POINTS):
            block = slice(start, start + _POINTS)
            points = tf.constant(self._space[block])
            members = tf.constant(_membership(partitions, block).astype(kept))
            self._blocks.append((points, tf.reduce_sum(points * points, axis=1), members))

    def sums(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the sums, shape (distinct clusters, len(rows))."""
        tf = self._tf
        left = tf.constant(self._space[rows])
        length = tf.reduce_sum(left * left, axis=1)[:, None]
        total = np.zeros((len(rows), self._blocks[0][2].shape[1]))
        for points, lengths, members in self._blocks:
            square = length + lengths - 2.0 * tf.matmul(left, points, transpose_b=True)
            total += tf.matmul(tf.sqrt(tf.maximum(square, 0.0)), members).numpy()
        return np.ascontiguousarray(total.T)


def _membership(partitions: Partitions, block: slice) -> NDArray[np.float64]:
    """Return 1 where a row of the block is in a distinct cluster, shape (rows, distinct clusters)."""
    labels = partitions.labels[:, block]
    table = np.zeros((labels.shape[1], len(partitions.sizes)))
    for p, part in enumerate(labels):
        rows = np.flatnonzero(part >= 0)
        table[rows, partitions.ids[partitions.starts[p] + part[rows]]] = 1.0
    return table
