"""scikit-learn's k-means with the same numbers in less time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import _kmeans
from sklearn.utils.extmath import row_norms

from clusterbench.metrics.compilation import compiled
from clusterbench.tables import Floats

_Labels = NDArray[np.int32]
_ROUNDING = 1e-14  # of a sum of products of two rows, relative and per column: 20 times what it can be
_BLOCK = 256
_starts, _single_run = _kmeans._kmeans_plusplus, _kmeans._kmeans_single_lloyd


@contextmanager
def quick_lloyd() -> Iterator[None]:
    """Make the k-means of scikit-learn in the block faster, with every result equal to the last bit.

    Most rows keep their centre without a distance being computed, by bounds on the distances (Hamerly 2010). Where two
    centres are so near to equally far from a row that rounding decides, scikit-learn does the step.
    """
    with (
        patch.object(_kmeans, "_kmeans_plusplus", quick_starts),
        patch.object(_kmeans, "_kmeans_single_lloyd", quick_run),
    ):
        yield


def quick_starts(
    X: Any, n_clusters: int, x_squared_norms: Floats, sample_weight: Floats, random_state: Any, **options: Any
) -> Any:
    """Do what ``_kmeans_plusplus`` of scikit-learn does, without its checks of types for each distance."""
    if not isinstance(X, np.ndarray) or X.dtype != np.float64 or options.get("n_local_trials") is not None:
        return _starts(X, n_clusters, x_squared_norms, sample_weight, random_state, **options)
    rows = np.empty(n_clusters, dtype=int)
    rows[0] = random_state.choice(len(X), p=sample_weight / sample_weight.sum())
    nearest = _squared_distances(X[rows[:1]], X, x_squared_norms)
    total = nearest @ sample_weight
    n_trials = 2 + int(np.log(n_clusters))
    for c in range(1, n_clusters):
        drawn = random_state.uniform(size=n_trials) * total
        candidates = np.searchsorted(np.cumsum(sample_weight * nearest), drawn)
        np.minimum(candidates, nearest.size - 1, out=candidates)
        distances = _squared_distances(X[candidates], X, x_squared_norms)
        np.minimum(nearest, distances, out=distances)
        totals = distances @ sample_weight.reshape(-1, 1)
        best = np.argmin(totals)
        rows[c], total, nearest = candidates[best], totals[best], distances[best]
    return X[rows], rows


def _squared_distances(points: Floats, X: Floats, norms: Floats) -> Floats:
    distances: Floats = -2 * (points @ X.T)
    distances += np.einsum("ij,ij->i", points, points)[:, np.newaxis]
    distances += norms
    return np.maximum(distances, 0.0, out=distances)


def quick_run(
    X: Any,
    sample_weight: Floats,
    centers_init: Floats,
    max_iter: int = 300,
    verbose: bool = False,  # scikit-learn's signature
    tol: float = 1e-4,
    n_threads: int = 1,
) -> tuple[_Labels, float, Floats, int]:
    """Do what ``_kmeans_single_lloyd`` of scikit-learn does."""
    plain = isinstance(X, np.ndarray) and X.dtype == np.float64 and n_threads == 1 and not verbose
    if not plain or not np.all(sample_weight == 1.0):
        return _single_run(X, sample_weight, centers_init, max_iter, verbose, tol, n_threads)  # type: ignore[no-any-return]
    state = _Run(X, sample_weight, np.ascontiguousarray(centers_init))
    for step in range(max_iter):
        before = state.labels.copy()
        state.assign()
        state.move()
        if step and np.array_equal(state.labels, before):
            break
        if (state.shifts**2).sum() <= tol:
            state.assign()
            break
    else:
        state.assign()
    inertia = _kmeans._inertia_dense(X, sample_weight, state.centers, state.labels, n_threads)
    return state.labels, inertia, state.centers, step + 1


class _Run:
    """The centres, the labels and the bounds of one run of Lloyd's algorithm."""

    def __init__(self, X: Floats, sample_weight: Floats, centers: Floats) -> None:
        n, k = len(X), len(centers)
        self._X, self._weight, self.centers, self._moved = X, sample_weight, centers, np.empty_like(centers)
        self.labels, self.shifts, self._sizes = np.zeros(n, dtype=np.int32), np.zeros(k), np.empty(k)
        self._own, self._other = np.full(n, np.inf), np.zeros(n)  # distances: at most to its centre, at least to others
        self._lengths, self._rounding = row_norms(X), _ROUNDING * (X.shape[1] + 3)

    def assign(self) -> None:
        """Give each row the nearest centre."""
        fixed, bounds = (self._X, self._lengths, self._rounding), (self.labels, self._own, self._other)
        if not nearest_centres(*fixed, self.centers, self.shifts, *bounds):
            self._step_of_library(update=False)

    def move(self) -> None:
        """Move the centres to the means of their rows."""
        if not mean_centres(self._X, self.labels, self.centers, self._moved, self._sizes, self.shifts):
            self._step_of_library(update=True)
        self.centers, self._moved = self._moved, self.centers

    def _step_of_library(self, *, update: bool) -> None:
        _kmeans.lloyd_iter_chunked_dense(
            self._X, self._weight, self.centers, self._moved, self._sizes, self.labels, self.shifts, 1, update
        )
        self._own[:], self._other[:] = np.inf, 0.0


@compiled
def nearest_centres(
    X: Floats,
    lengths: Floats,
    rounding: float,
    centres: Floats,
    shifts: Floats,
    labels: _Labels,
    own: Floats,
    other: Floats,
) -> bool:
    """Fill the nearest centre of each row; return False where rounding could decide.

    `own` and `other` are bounds on the distances to its centre and to others before the centres moved by `shifts`.
    """
    k = len(centres)
    columns, squares = centres.T.copy(), np.sum(centres * centres, axis=1)
    longest, margin, others = math.sqrt(squares.max()), math.sqrt(rounding), np.zeros(k)
    for j in range(k):
        for c in range(k):
            if c != j:
                others[j] = max(others[j], shifts[c])
    open_rows, n_open = np.empty(len(X), dtype=np.int64), 0
    for i in range(len(X)):
        label = np.uint64(labels[i])
        own[i] += shifts[label]
        other[i] -= others[label]
        open_rows[n_open] = i
        n_open += not own[i] + margin * (lengths[i] + longest) < other[i]
    block, products = np.empty((_BLOCK, X.shape[1])), np.empty((_BLOCK, k))
    for start in range(0, n_open, _BLOCK):
        rows = open_rows[start : min(n_open, start + _BLOCK)]
        for b in range(len(rows)):
            block[b] = X[rows[b]]
        np.dot(block, columns, products)
        for b in range(len(rows)):
            row, product = rows[b], products[b]
            best, lowest, second = 0, squares[0] - 2.0 * product[0], np.inf
            for j in range(1, k):
                square = squares[j] - 2.0 * product[j]
                second = min(second, max(lowest, square))
                best = j if square < lowest else best
                lowest = min(lowest, square)
            error, length = rounding * (lengths[row] + longest) ** 2, lengths[row] ** 2
            if not second - lowest > error:
                return False
            labels[row] = best
            own[row] = math.sqrt(max(0.0, lowest + length + error))
            other[row] = math.sqrt(max(0.0, second + length - error))
    return True


@compiled
def mean_centres(X: Floats, labels: _Labels, centres: Floats, means: Floats, sizes: Floats, shifts: Floats) -> bool:
    """Fill the means (k, d) and sizes of the clusters and how far they are from the centres; False if one is empty.

    The sums are in the order of scikit-learn's.
    """
    k, d = centres.shape
    means[:] = 0.0
    sizes[:] = 0.0
    for i in range(len(X)):
        row, mean = X[i], means[np.uint64(labels[i])]
        sizes[np.uint64(labels[i])] += 1.0
        for f in range(len(row)):
            mean[f] += row[f]
    for j in range(k):
        if sizes[j] == 0.0:
            return False
        means[j] *= 1.0 / sizes[j]
        square, gaps = 0.0, (means[j] - centres[j]) ** 2
        for f in range(0, d - d % 4, 4):
            square += gaps[f] + gaps[f + 1] + gaps[f + 2] + gaps[f + 3]
        for f in range(d - d % 4, d):
            square += gaps[f]
        shifts[j] = math.sqrt(square)
    return True
