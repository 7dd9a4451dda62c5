"""Labelings: one partition of the rows, in its canonical form, known by its hash."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clusterbench.errors import RequestError

NOISE = -1
Labels = NDArray[np.int32]
Floats = NDArray[np.float64]


def canonical(labels: ArrayLike) -> Labels:
    """Renumber clusters 0.. by descending size, ties by their first row; noise, any negative number, stays -1.

    Labels of shape (n,) become int32. Refused are labels that are masked, not one-dimensional or not integers, and
    floats so large that neighbouring integers are one float.

    >>> canonical([7, 3, 3, -1, 7, 3]).tolist()
    [1, 0, 0, -1, 1, 0]
    """
    given = integer_labels(labels)
    if given.ndim != 1:
        raise RequestError(f"labels must be one-dimensional, got shape {given.shape}")
    names, first, inverse, counts = _groups(given)
    clusters = np.flatnonzero((names >= 0) & (counts > 0))
    order = clusters[np.lexsort((first[clusters], -counts[clusters]))]
    renumbered = np.full(len(names), NOISE, dtype=np.int32)
    renumbered[order] = np.arange(len(order), dtype=np.int32)
    return np.asarray(renumbered[inverse])


def _groups(given: NDArray[np.integer[Any]]) -> tuple[NDArray[Any], ...]:
    """Return names, their first rows, the place of each row's name among them, and their counts.

    Names that are close together are counted, also those between them that no row has (count 0); others are sorted,
    which takes five times as long.
    """
    lowest, highest = (int(given.min()), int(given.max())) if len(given) else (0, 0)
    if highest - lowest > len(given) or max(-lowest, highest) >= 2**62:
        names, first, inverse, counts = np.unique(given, return_index=True, return_inverse=True, return_counts=True)
        return names, first, inverse.reshape(-1), counts
    names = np.arange(lowest, highest + 1, dtype=np.int64)
    inverse = given.astype(np.int64) - lowest
    first = np.zeros(len(names), dtype=np.intp)
    first[inverse[::-1]] = np.arange(len(given))[::-1]  # of rows with one name, the last that is set stays
    return names, first, inverse, np.bincount(inverse, minlength=len(names))


def integer_labels(labels: ArrayLike) -> NDArray[np.integer[Any]]:
    """Return labels of any shape as an integer array, integers in the type they have: see `canonical`."""
    if is_masked(labels):
        raise RequestError("labels are masked", allowed=f"a label for every row, {NOISE} for noise")
    given = np.asarray(labels)
    if given.dtype.kind in "iu":  # uint64 too: a cast to int64 would make noise of hashes
        return given
    if given.dtype.kind not in "fb" or not np.all(np.isfinite(given) & (given == np.floor(given))):
        raise RequestError(f"labels must be integers, got dtype {given.dtype}", allowed=f"integers, {NOISE} for noise")
    # Beyond, different names have become the same float already: [-1, 2**63, 2**63 + 1] is such a list.
    limit = 2.0 ** (np.finfo(given.dtype).nmant + 1) if given.dtype.kind == "f" else np.inf
    reached = np.abs(given).max(initial=0)
    if reached >= limit:
        what = f"labels must be integers, got {given.dtype} of size {reached:.3g}"
        raise RequestError(what, allowed=f"integers, or floats below {limit:.0f}")
    return given.astype(np.int64)


def is_masked(values: object) -> bool:
    """Return whether an array has masked entries, which `numpy.asarray` would unmask."""
    return isinstance(values, np.ma.MaskedArray) and bool(np.any(values.mask))


def labels_sha256(labels: Labels) -> str:
    """Return the SHA-256 of canonical labels (little-endian int32), which is their identity."""
    return hashlib.sha256(np.ascontiguousarray(labels, dtype="<i4").tobytes()).hexdigest()


@dataclass(frozen=True, slots=True)
class Labeling:
    """A canonical labeling, shape (n,), with its identity and sizes."""

    labels: Labels
    sha256: str
    sizes: tuple[int, ...]  # rows per cluster, largest first
    n_noise: int

    @classmethod
    def of(cls, labels: ArrayLike) -> Labeling:
        """Make a labeling of any integer labels."""
        ordered = canonical(labels)
        sizes = np.bincount(ordered[ordered >= 0])
        return cls(ordered, labels_sha256(ordered), tuple(int(s) for s in sizes), int(np.sum(ordered < 0)))

    @property
    def n_clusters(self) -> int:
        return len(self.sizes)
