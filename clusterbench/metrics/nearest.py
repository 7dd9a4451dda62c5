"""Nearest of a few points, for many rows, in bounded memory."""

from __future__ import annotations

import numpy as np

from clusterbench.labeling import Labels
from clusterbench.tables import Floats

CELLS = 1 << 20  # cells of a distance table held at once
_TIE = 1e-12  # distances in a conditioned space, of unit size, that differ by rounding alone
_TIE_SHARE = 2.0**-20  # at most this share of the distance, for rows far closer to each other than to a far cluster


def nearest(rows: Floats, points: Floats, cells: int = CELLS) -> Labels:
    """Return for each of the rows (n, d) of a conditioned space the position of the nearest of the points (p, d).

    Of points that are equally near, up to rounding, the first. `cells` of 9 bytes are held at once, but a row at least.
    """
    from scipy.spatial.distance import cdist

    found = np.empty(len(rows), dtype=np.int32)
    step = max(1, cells // len(points))
    for start in range(0, len(rows), step):
        distances = cdist(rows[start : start + step], points)
        least = distances.min(axis=1, keepdims=True)
        ties = distances <= least + np.minimum(_TIE, _TIE_SHARE * least)
        found[start : start + step] = np.argmax(ties, axis=1)
    return found
