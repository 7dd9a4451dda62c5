"""A table as the engine computes in it: finite, centred, of unit size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clusterbench.errors import RequestError
from clusterbench.labeling import is_masked

_Array = TypeVar("_Array", bound=NDArray[Any])


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A table of finite numbers.

    Attributes
    ----------
    values : ndarray of float64, shape (n, d)
        As given, read-only.
    space : ndarray of float64, shape (n, d), C order
        A centred copy, scaled by one power of two so that its largest entry is in [0.5, 1).
    """

    values: NDArray[np.float64]
    space: NDArray[np.float64]

    @classmethod
    def of(cls, X: ArrayLike) -> Table:
        """Condition X, shape (n, d).

        No index of a labeling changes under shifts and common scaling, but sums of squares of numbers like 1e200 or
        differences of numbers like 1e9 + 1 do. Scaling by a power of two is exact.

        Raises
        ------
        RequestError
            If X is not a finite two-dimensional table with at least one row and column, or is masked.
        """
        if is_masked(X):  # np.asarray would score what lies behind the mask
            raise RequestError("X is masked", allowed="finite numbers")
        values = np.asarray(X, dtype=np.float64)
        if values.ndim != 2 or 0 in values.shape:
            raise RequestError(f"X has shape {values.shape}", allowed="a table (n, d) with rows and columns")
        low, high = values.min(axis=0), values.max(axis=0)
        if not (np.isfinite(low).all() and np.isfinite(high).all()):
            bad = int(np.flatnonzero(~(np.isfinite(low) & np.isfinite(high)))[0])
            raise RequestError(f"X has missing or infinite values in column {bad}", allowed="finite numbers")
        space = np.array(values, order="C")
        _scale(space)
        space -= space.mean(axis=0)
        _scale(space)
        return cls(read_only(values), space)


def read_only(array: _Array) -> _Array:
    """Return a view that cannot be written to."""
    view = array.view()
    view.flags.writeable = False
    return view


def _scale(values: NDArray[np.float64]) -> None:
    """Bring the largest entry into [0.5, 1), in place; all zeros stay."""
    largest = max(float(values.max()), -float(values.min()))
    _, exponent = np.frexp(largest)
    np.ldexp(values, -exponent, out=values)
