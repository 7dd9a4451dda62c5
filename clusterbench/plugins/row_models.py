"""Models of plug-ins that give the cluster of new rows: of rows less their centre, or behind an encoder."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clusterbench.plugins.algorithm import Floats

# A squared distance by dot products has an error of about 2e-16 times the squared distance from the origin; up to this
# ratio of offset to spread that is below 1e-12 of the squared spread.
_LARGEST_RATIO = 32.0


def without_offset(X: Floats) -> tuple[Floats, Floats | None]:
    """Return rows whose distances can be computed by dot products, and what was subtracted from them, or None.

    Dot products give the distance of two rows as ``x.x - 2 x.y + y.y``, which loses the digits that the rows have in
    common: of Unix seconds nothing below a minute is left. So the medians, shape (d,), which a few far rows do not
    move, are subtracted from `X`, shape (n, d), where they exceed 32 times the median deviation from them. Rows near
    the origin come back unchanged, bit for bit.

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


@dataclass(frozen=True, slots=True, eq=False)
class Encoder:
    """A trained encoder as plain numbers: a standardisation and dense layers, with ReLU after each but the last."""

    mean: Floats  # (d,), in the units of the fitted space, subtracted first
    scale: Floats  # (d,), divided by then
    layers: tuple[tuple[Floats, Floats], ...]  # weights (d_in, d_out) and biases (d_out,)

    def encode(self, X: ArrayLike) -> Floats:
        """Return the latent coordinates, shape (m, n_latent), of rows of the fitted space, shape (m, d)."""
        given = np.asarray(X, dtype=np.float64)
        if given.ndim != 2 or given.shape[1] != len(self.mean):
            raise ValueError(f"the encoder takes rows of {len(self.mean)} values, got shape {given.shape}")
        hidden: Floats = (given - self.mean) / self.scale
        for weights, bias in self.layers[:-1]:
            hidden = np.maximum(hidden @ weights + bias, 0.0)
        weights, bias = self.layers[-1]
        return hidden @ weights + bias


@dataclass(frozen=True, slots=True, eq=False)
class LatentCentroids:
    """Centroids, shape (k, n_latent), in an encoder's latent space: the nearest one gives the cluster."""

    encoder: Encoder
    centroids: Floats

    def predict(self, X: ArrayLike) -> NDArray[np.int64]:
        """Return the number of the nearest centroid of each row, shape (m,)."""
        latent = self.encoder.encode(X)
        squared = np.stack([((latent - centroid) ** 2).sum(axis=1) for centroid in self.centroids])
        nearest: NDArray[np.int64] = squared.argmin(axis=0)
        return nearest
