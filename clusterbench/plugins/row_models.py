"""Models of plug-ins that give the cluster of new rows: of rows less their centre, or behind an encoder."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clusterbench.plugins.algorithm import Floats
from clusterbench.plugins.parameter_checks import SCIPY_DISTANCES

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


def standardized_rows(X: Floats) -> tuple[NDArray[np.float32], Floats, Floats]:
    """Return the rows of `X`, shape (n, d), with mean 0 and variance 1 in each column, and the means and scales (d,).

    The rows are of float32, so that the rounding of another scale of the same columns leaves them as they are. The
    scale of a constant column is 1.
    """
    deviation = X.std(axis=0)
    mean, scale = X.mean(axis=0), np.where(deviation > 0, deviation, 1.0)
    return np.ascontiguousarray((X - mean) / scale, dtype=np.float32), np.asarray(mean), scale


def operations_of(model: object) -> list[dict[str, Any]] | None:
    """Return how a fitted model gives the cluster of a row of its space, as operations of an assignment program.

    They are written as in ``program.json`` (see docs/segments.md), without columns and segments: the candidates of the
    last one are the clusters 0, 1, ... as the model numbers them. They come from the model's own method `operations`,
    or from attributes of scikit-learn's conventions: ``cluster_centers_`` with ``metric``, and those of a Gaussian
    mixture. None where there is neither; whether they agree with the labels is measured by those who use them.
    """
    if hasattr(model, "operations"):
        return list(model.operations())
    if hasattr(model, "precisions_cholesky_"):
        return [_gaussian(model)]
    centres = getattr(model, "cluster_centers_", None)
    metric = SCIPY_DISTANCES.get(getattr(model, "metric", "euclidean"))
    if not isinstance(centres, np.ndarray) or centres.ndim != 2 or metric is None:
        return None
    if metric == "cosine":  # of rows of length 1 it orders the centres as the Euclidean distance does
        lengths = np.linalg.norm(centres, axis=1, keepdims=True)
        unit_centres = centres / np.where(lengths > 0, lengths, 1.0)
        return [{"op": "unit", "norm": "l2"}, {"op": "nearest", "centres": unit_centres, "metric": "euclidean"}]
    return [{"op": "nearest", "centres": centres, "metric": metric.replace("cityblock", "manhattan")}]


def _gaussian(mixture: Any) -> dict[str, Any]:
    """Return the operation of a fitted `GaussianMixture`, whatever the type of its covariances."""
    m, d = mixture.means_.shape
    given = np.asarray(mixture.precisions_cholesky_)
    if mixture.covariance_type == "tied":
        factors = np.broadcast_to(given, (m, d, d))
    elif mixture.covariance_type == "full":
        factors = given
    else:  # one number per column, or per component
        factors = np.broadcast_to(given.reshape(m, -1), (m, d))[:, np.newaxis, :] * np.eye(d)
    log_determinants = np.log(np.diagonal(factors, axis1=1, axis2=2)).sum(axis=1)
    offsets = -2.0 * (np.log(mixture.weights_) + log_determinants)
    return {"op": "gaussian", "means": mixture.means_, "factors": factors, "offsets": offsets}


@dataclass(frozen=True, slots=True, eq=False)
class ShiftedModel:
    """A model, with ``predict``, that was fitted to rows less their centre, shape (d,), for rows as they are."""

    model: Any
    centre: Floats

    def predict(self, X: ArrayLike) -> NDArray[np.int64]:
        """Return the cluster of each row, shape (m,)."""
        labels: NDArray[np.int64] = self.model.predict(np.asarray(X, dtype=np.float64) - self.centre)
        return labels

    def operations(self) -> list[dict[str, Any]]:
        """Return the operations of the model, on rows less their centre; none if it has none."""
        own = operations_of(self.model)
        return [{"op": "affine", "shift": self.centre, "scale": np.ones(len(self.centre))}, *own] if own else []


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

    def operations(self) -> list[dict[str, Any]]:
        """Return the encoder and the nearest centroid as operations."""
        encoder = self.encoder
        made: list[dict[str, Any]] = [{"op": "affine", "shift": encoder.mean, "scale": encoder.scale}]
        for weights, bias in encoder.layers:
            made += [{"op": "matrix", "weights": weights, "bias": bias}, {"op": "relu"}]
        return [*made[:-1], {"op": "nearest", "centres": self.centroids, "metric": "euclidean"}]
