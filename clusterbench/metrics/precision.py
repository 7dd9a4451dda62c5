"""In which precision distances are kept while they are added up.

Distances are always *computed* in float64, from direct differences of centred data, so that no offset, no scale and no
tight cluster can spoil them. What can be saved is memory traffic: kept as float32 they are added in half the time.
Each distance then carries one rounding error of up to 6e-8, and each sum of 16 a few more, and they average out as long
as they are independent of each other. Two checks keep the promise of 1e-6 relative:

- before: the errors are not independent where the same few distances recur (duplicate rows, few distinct values, points
  on a lattice, small tables), nor where a row is so far away that most others have the same float32 distance to it
  (about 200,000 times as far as they are from each other): such tables are scored in float64 throughout (`kept_dtype`);
- after: an average over few rows, or close to zero, may be off by more than 1e-6 of itself: it is scored again in
  float64 (`rounding_bounds`, twice to four times what was measured on the credit-card table).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from clusterbench.errors import unknown
from clusterbench.seeding import stable_rng
from clusterbench.tables import Floats, Ints

DTYPES = ("auto", "float64", "float32")
_LEAST_ROWS = 2048
_LEAST_DISTINCT = 2048.0
_SAMPLED = (32, 256)
_LEAST_FROM_ONE = 128.0  # of 256; the credit-card table has 254
_ROW_ERROR = 2e-7
PROMISE = 1e-6


def kept_dtype(space: Floats, dtype: str) -> type[np.floating[Any]]:
    """Return the float type for a conditioned space (n, d).

    ``auto`` takes float32 for tables of at least 2,048 rows of which 8,192 sampled distances hold at least 2,048
    effectively distinct values (Simpson's number: their count squared over the sum of squared multiplicities), and no
    row of which is at effectively fewer than 128 distinct distances from 256 sampled ones.

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
    return np.float32 if distinct_from_far(space) >= _LEAST_FROM_ONE else np.float64


def distinct_distances(space: Floats) -> float:
    """Return the effective number of distinct positive distances between 32 and 256 sampled rows, at most 8,192."""
    from scipy.spatial.distance import cdist

    rng = stable_rng(0, "precision", len(space))
    left, right = (space[rng.integers(len(space), size=size)] for size in _SAMPLED)
    distances = cdist(left, right).astype(np.float32)
    _, counts = np.unique(distances[distances > 0.0], return_counts=True)
    return float(counts.sum()) ** 2 / float((counts.astype(np.float64) ** 2).sum()) if len(counts) else 0.0


def distinct_from_far(space: Floats) -> float:
    """Return the least effective number of distinct distances from one row to 256 sampled ones, as float32.

    The rounding error of a distance that all rows share does not average out, and the farthest row has the largest
    part in their means. Looked at are the 16 rows farthest from the middle of the sampled ones and up to 32 others,
    the more the farther out.
    """
    from scipy.spatial.distance import cdist

    n = len(space)
    sampled = space[stable_rng(0, "far rows", n).choice(n, min(n, _SAMPLED[1]), replace=False)]
    gaps = space - np.median(sampled, axis=0)
    order = np.argsort(np.einsum("ij,ij->i", gaps, gaps))[::-1]
    places = np.concatenate([np.arange(min(n, 16)), np.geomspace(1, n, 32).astype(np.int64) - 1])
    distances = np.sort(cdist(space[order[np.unique(places)]], sampled).astype(np.float32))
    starts = np.diff(distances, axis=1, prepend=-1.0) > 0.0  # of each run of equal distances
    runs = np.bincount(np.cumsum(starts) - 1).astype(np.float64)
    squares = np.bincount(np.nonzero(starts)[0], weights=runs**2)
    return float(distances.shape[1] ** 2 / squares.max())


def rounding_bounds(count: Ints) -> tuple[float, float]:
    """Return how far float32 may move the micro and the macro silhouette, from the numbers of rows averaged (k,)."""
    micro = _ROW_ERROR / np.sqrt(count.sum())
    macro = _ROW_ERROR * np.sqrt((1.0 / count).sum()) / len(count)
    return float(micro), float(macro)
