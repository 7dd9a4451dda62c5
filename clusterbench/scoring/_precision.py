"""In which precision distances are kept while they are added up.

Distances are always *computed* in float64, from direct differences of centred data, so that no offset, no scale and no
tight cluster can spoil them. What can be saved is memory traffic: kept as float32 they are added in half the time.
Each distance then carries one rounding error of up to 6e-8, and each sum of 16 a few more, and they average out as long
as they are independent of each other. Two checks keep the promise of 1e-6 relative:

- before: the errors are not independent where the same few distances recur (duplicate rows, few distinct values, points
  on a lattice, small tables): such tables are scored in float64 throughout (`kept_dtype`);
- after: an average over few rows, or close to zero, may be off by more than 1e-6 of itself: it is scored again in
  float64 (`rounding_bounds`, twice to four times what was measured on the credit-card table).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from clusterbench.errors import unknown
from clusterbench.scoring._seeding import stable_rng

DTYPES = ("auto", "float64", "float32")
_LEAST_ROWS = 2048
_LEAST_DISTINCT = 2048.0
_SAMPLED = (32, 256)
_ROW_ERROR = 2e-7
PROMISE = 1e-6


def kept_dtype(space: NDArray[np.float64], dtype: str) -> type[np.floating[Any]]:
    """Return the float type for a conditioned space (n, d).

    ``auto`` takes float32 for tables of at least 2,048 rows of which 8,192 sampled distances hold at least 2,048
    effectively distinct values (Simpson's number: their count squared over the sum of squared multiplicities).

    Raises
    ------
    RequestError
        For an unknown dtype.
    """
    if dtype not in DTYPES:
        raise unknown("dtype", dtype, DTYPES)
    if dtype != "auto":
        return np.float32 if dtype == "float32" else np.float64
    if len(space) < _LEAST_ROWS or distinct_distances(space) < _LEAST_DISTINCT:
        return np.float64
    return np.float32


def distinct_distances(space: NDArray[np.float64]) -> float:
    """Return the effective number of distinct positive distances between 32 and 256 sampled rows, at most 8,192."""
    from scipy.spatial.distance import cdist

    rng = stable_rng(0, "precision", len(space))
    left, right = (space[rng.integers(len(space), size=size)] for size in _SAMPLED)
    distances = cdist(left, right).astype(np.float32)
    _, counts = np.unique(distances[distances > 0.0], return_counts=True)
    return float(counts.sum()) ** 2 / float((counts.astype(np.float64) ** 2).sum()) if len(counts) else 0.0


def rounding_bounds(count: NDArray[np.int64]) -> tuple[float, float]:
    """Return how far float32 may move the micro and the macro silhouette, from the numbers of rows averaged (k,)."""
    micro = _ROW_ERROR / np.sqrt(count.sum())
    macro = _ROW_ERROR * np.sqrt((1.0 / count).sum()) / len(count)
    return float(micro), float(macro)
