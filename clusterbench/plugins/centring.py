"""Rows far from the origin, for algorithms that compute distances by dot products."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
# A squared distance by dot products has an error of about 2e-16 times the squared distance from the origin; up to this
# ratio of offset to spread that is below 1e-12 of the squared spread.
_LARGEST_RATIO = 32.0


def without_offset(X: Floats) -> tuple[Floats, Floats | None]:
    """Return rows whose distances can be computed by dot products, and what was subtracted from them.

    Dot products give the distance of two rows as ``x.x - 2 x.y + y.y``, which loses the digits that the rows have in
    common: of Unix seconds nothing below a minute is left. Rows near the origin come back unchanged, bit for bit.

    Parameters
    ----------
    X : ndarray of float64, shape (n, d)

    Returns
    -------
    rows : ndarray of float64, shape (n, d)
        `X` itself, or `X` less `centre`.
    centre : ndarray of float64, shape (d,), or None
        The medians, which a few far rows do not move, where they exceed 32 times the median deviation from them.

    Examples
    --------
    >>> rows, centre = without_offset(np.array([[1.7e9], [1.7e9 + 1], [1.7e9 + 2]]))
    >>> rows.ravel().tolist(), centre.tolist()
    ([-1.0, 0.0, 1.0], [1700000001.0])
    """
    centre = np.median(X, axis=0)
    rows = X - centre
    spread = np.median(np.abs(rows), axis=0)
    if np.linalg.norm(centre) <= _LARGEST_RATIO * np.linalg.norm(spread):
        return X, None
    return rows, centre


@dataclass(frozen=True, slots=True, eq=False)
class ShiftedModel:
    """A model, with ``predict``, that was fitted to rows less their centre, shape (d,), for rows as they are."""

    model: Any
    centre: Floats

    def predict(self, X: ArrayLike) -> NDArray[np.int64]:
        """Return the cluster of each row, shape (m,)."""
        labels: NDArray[np.int64] = self.model.predict(np.asarray(X, dtype=np.float64) - self.centre)
        return labels
