"""A trained encoder as plain numbers: it encodes, saves and loads without TensorFlow."""

from __future__ import annotations

import json
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clusterbench.errors import RequestError

_FORMAT = 1
_FILE = "encoder.npz"
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Encoder:
    """A standardisation followed by dense layers: ReLU after each but the last.

    Attributes
    ----------
    mean, scale : ndarray, shape (d,)
        What is taken off and divided by first, in the units of the fitted space.
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
        """Return the latent coordinates of rows.

        Parameters
        ----------
        X : array-like of float, shape (m, d)
            Rows of the space that the encoder was trained in.

        Returns
        -------
        ndarray of float64, shape (m, n_latent)

        Raises
        ------
        ValueError
            If `X` has another number of columns.
        """
        given = np.asarray(X, dtype=np.float64)
        if given.ndim != 2 or given.shape[1] != len(self.mean):
            raise ValueError(f"the encoder takes rows of {len(self.mean)} values, got shape {given.shape}")
        hidden: Floats = (given - self.mean) / self.scale
        for number, (weights, bias) in enumerate(self.layers, start=1):
            hidden = hidden @ weights + bias
            if number < len(self.layers):
                hidden = np.maximum(hidden, 0.0)
        return hidden

    def save(self, folder: str | Path) -> Path:
        """Write the encoder into `folder` (made where missing) and return the file's path."""
        arrays = {"mean": self.mean, "scale": self.scale}
        for number, (weights, bias) in enumerate(self.layers):
            arrays |= {f"weights_{number}": weights, f"bias_{number}": bias}
        about = json.dumps({"format": _FORMAT, "layers": len(self.layers)})
        path = Path(folder) / _FILE
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, about=np.array(about), **arrays)
        return path


def load_encoder(folder: str | Path) -> Encoder:
    """Read an encoder that `Encoder.save` wrote. Nothing in the file is run.

    Raises
    ------
    RequestError
        If there is none, or the file is damaged or of another format.
    """
    path = Path(folder) / _FILE
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        about = json.loads(str(arrays["about"]))
        form = about["format"]
    except FileNotFoundError as error:
        raise RequestError("there is no saved encoder", where=str(path)) from error
    except (OSError, EOFError, KeyError, TypeError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        raise RequestError(f"the saved encoder cannot be read: {error}", where=str(path)) from error
    if form != _FORMAT:
        raise RequestError(f"is of format {form}", where=str(path), allowed=f"format {_FORMAT}")
    try:
        layers = tuple((arrays[f"weights_{i}"], arrays[f"bias_{i}"]) for i in range(about["layers"]))
        return Encoder(arrays["mean"], arrays["scale"], layers)
    except (KeyError, TypeError) as error:
        raise RequestError(f"the saved encoder lacks {error}", where=str(path)) from error


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

    def encode(self, X: ArrayLike) -> Floats:
        """Return the latent coordinates of rows, shape (m, n_latent)."""
        return self.encoder.encode(X)

    def predict(self, X: ArrayLike) -> NDArray[np.int64]:
        """Return the number of the nearest centroid of each row, shape (m,)."""
        latent = self.encode(X)
        squared = np.stack([((latent - centroid) ** 2).sum(axis=1) for centroid in self.centroids])
        nearest: NDArray[np.int64] = squared.argmin(axis=0)
        return nearest

    def save(self, folder: str | Path) -> Path:
        """Write the encoder into `folder`; `load_encoder` reads it."""
        return self.encoder.save(folder)
