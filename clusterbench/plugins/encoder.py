"""A trained encoder as plain numbers: it encodes without TensorFlow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Encoder:
    """A standardisation followed by dense layers: ReLU after each but the last.

    Attributes
    ----------
    mean, scale : ndarray, shape (d,)
        Subtracted, and then divided by, in the units of the fitted space.
    layers : tuple of (ndarray (d_in, d_out), ndarray (d_out,))
        Weights and biases.
    """

    mean: Floats
    scale: Floats
    layers: tuple[tuple[Floats, Floats], ...]

    @property
    def n_latent(self) -> int:
        return len(self.layers[-1][1])

    def encode(self, X: ArrayLike) -> Floats:
        """Return the latent coordinates, shape (m, n_latent), of rows of the fitted space, shape (m, d).

        Raises
        ------
        ValueError
            If `X` has another number of columns.
        """
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
    """Centroids in an encoder's latent space: the nearest one gives the cluster.

    Attributes
    ----------
    encoder : Encoder
    centroids : ndarray, shape (k, n_latent)
    """

    encoder: Encoder
    centroids: Floats

    def predict(self, X: ArrayLike) -> NDArray[np.int64]:
        """Return the number of the nearest centroid of each row, shape (m,)."""
        latent = self.encoder.encode(X)
        squared = np.stack([((latent - centroid) ** 2).sum(axis=1) for centroid in self.centroids])
        nearest: NDArray[np.int64] = squared.argmin(axis=0)
        return nearest
