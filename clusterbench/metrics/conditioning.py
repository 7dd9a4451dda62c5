"""A table as the engine computes in it: finite, centred where that keeps the digits, scaled for squares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from clusterbench.datasets.from_memory import frame_of
from clusterbench.datasets.numeric_columns import numeric_column
from clusterbench.errors import RequestError
from clusterbench.labeling import is_masked
from clusterbench.seeding import stable_rng
from clusterbench.tables import Bools, Floats

DTYPES = ("auto", "float64", "float32")
_FAR_EXPONENT = 480  # of the largest entry where columns are not centred: squares neither overflow nor vanish
_NEAR, _LOST = 2.0**-10, 2.0**-37
_LEAST_ROWS = 2048
_LEAST_DISTINCT = 2048.0
_SAMPLED = (32, 256)
_LEAST_FROM_ONE = 128.0  # of 256; the credit-card table has 254
_Array = TypeVar("_Array", bound=NDArray[Any])


@dataclass(frozen=True, slots=True, eq=False)
class ScoringTable:
    """A table of finite numbers (n, d): `values` as given, read-only, and `space`, conditioned as `of` says.

    `centred` says whether every column of the space is centred.
    """

    values: Floats
    space: Floats
    centred: bool = True

    @classmethod
    def of(cls, X: ArrayLike) -> ScoringTable:
        """Centre the columns of X, shape (n, d), and scale it by one power of two: the largest entry is in [0.5, 1).

        No index of a labeling changes under shifts and common scaling, but sums of squares of numbers like 1e200 or
        differences of numbers like 1e9 + 1 do. Scaling by a power of two is exact. Centring is not where the mean is
        far larger than the differences between small values, as beside a code like 1e17: such columns are not centred,
        and the largest entry is in [2^479, 2^480). Refused is whatever is no table of finite real numbers.
        """
        values = _numbers(X)
        space = np.array(values, order="C")
        _scale(space, 0)
        centres = space.mean(axis=0)
        lossy = _lossy_columns(space, centres)
        space -= np.where(lossy, 0.0, centres)
        _scale(space, _FAR_EXPONENT if lossy.any() else 0)
        return cls(read_only(values), space, not lossy.any())

    def kept_dtype(self, dtype: str) -> type[np.floating[Any]]:
        """Return the float type in which distances are added up, for a dtype of `DTYPES`.

        Distances are always *computed* in float64, from direct differences. Kept as float32 they are added in half
        the time; each then has a rounding error of up to 6e-8, and the errors average out as long as they are
        independent. They are not where few distances recur (duplicate rows, lattices, small tables), nor where most
        rows have one float32 distance to a row far away: so ``auto`` takes float32 for tables of at least 2,048 rows of
        which 8,192 sampled distances hold at least 2,048 effectively distinct values, and no row of which is at
        effectively fewer than 128 distinct distances from 256 sampled ones (effective number: the count squared over
        the sum of squared multiplicities).
        """
        if not self.centred or dtype == "float64":
            return np.float64
        if dtype == "float32":
            return np.float32
        if len(self.space) < _LEAST_ROWS or distinct_distances(self.space) < _LEAST_DISTINCT:
            return np.float64
        return np.float32 if distinct_from_far(self.space) >= _LEAST_FROM_ONE else np.float64


def _lossy_columns(space: Floats, centres: Floats) -> Bools:
    """Return in which columns the least difference of values near 0 keeps fewer than 16 bits once they are centred."""
    reaches = np.maximum(space.max(axis=0) - centres, centres - space.min(axis=0))
    small = [np.unique(column[np.abs(column) <= _NEAR * reach]) for column, reach in zip(space.T, reaches, strict=True)]
    return np.array([np.diff(values).min(initial=np.inf) for values in small]) <= _LOST * np.abs(centres)


def _numbers(X: ArrayLike) -> Floats:
    if is_masked(X):  # np.asarray would score what lies behind the mask
        raise RequestError("X is masked", allowed="finite numbers")
    frame = frame_of(X) if is_frame(X) else None
    if frame is None:
        try:
            array = np.asarray(X)
        except ValueError as error:
            raise RequestError(f"X is no table: {error}", allowed="rows of equal length") from error
        if array.ndim == 0 and array.dtype.kind == "O":
            what = f"X is of type {type(X).__name__}"
            raise RequestError(what, allowed="a table (n, d); of a sparse matrix, X.toarray()")
        if array.ndim == 2 and array.dtype.kind not in "biuf":
            frame = pd.DataFrame(array)
    shape = array.shape if frame is None else frame.shape
    if len(shape) != 2 or 0 in shape:
        raise RequestError(f"X has shape {shape}", allowed="a table (n, d) with rows and columns")
    values = array.astype(np.float64, copy=False) if frame is None else _frame_numbers(frame)
    low, high = values.min(axis=0), values.max(axis=0)
    finite = np.isfinite(low) & np.isfinite(high)
    if not finite.all():
        bad = int(np.argmin(finite))
        name = bad if frame is None else frame.columns[bad]
        raise RequestError(f"X has missing or infinite values in column {name!r}", allowed="finite numbers")
    return values


def _frame_numbers(frame: pd.DataFrame) -> Floats:
    try:
        return np.column_stack([numeric_column(column, []) for _, column in frame.items()])
    except RequestError as error:
        raise RequestError(error.what, where="X", allowed="finite numbers") from error


def is_frame(values: object) -> bool:
    """Return whether a value is a data frame of pandas, Arrow or another library."""
    return getattr(values, "ndim", 2) == 2 and any(
        hasattr(values, name) for name in ("__arrow_c_stream__", "__dataframe__", "to_pandas")
    )


def read_only(array: _Array) -> _Array:
    """Return a view that cannot be written to."""
    view = array.view()
    view.flags.writeable = False
    return view


def _scale(values: Floats, target: int) -> None:
    """Bring the largest entry into [0.5, 1) times 2^target, in place; all zeros stay."""
    largest = max(float(values.max()), -float(values.min()))
    _, exponent = np.frexp(largest)
    np.ldexp(values, target - exponent, out=values)


def distinct_distances(space: Floats) -> float:
    """Return the effective number of distinct positive distances between 32 and 256 sampled rows, at most 8,192."""
    from scipy.spatial.distance import cdist

    rng = stable_rng(0, "precision", len(space))
    distances = cdist(*(space[rng.integers(len(space), size=size)] for size in _SAMPLED)).astype(np.float32)
    _, counts = np.unique(distances[distances > 0.0], return_counts=True)
    return float(counts.sum() ** 2 / (counts**2).sum()) if len(counts) else 0.0


def distinct_from_far(space: Floats) -> float:
    """Return the least effective number of distinct distances from one row to 256 sampled ones, as float32.

    Rows far out have the largest part in mean distances: the 16 farthest and up to 32 others are looked at.
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
