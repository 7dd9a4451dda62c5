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
from clusterbench.tables import Bools, Floats

_FAR_EXPONENT = 480  # of the largest entry where columns are not centred: squares neither overflow nor vanish
_NEAR, _LOST = 2.0**-10, 2.0**-37
_Array = TypeVar("_Array", bound=NDArray[Any])


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A table of finite numbers.

    Attributes
    ----------
    values : ndarray of float64, shape (n, d)
        As given, read-only.
    space : ndarray of float64, shape (n, d), C order
        A copy whose labelings have the same indices: see `of`.
    centred : bool
        Whether every column of the space is centred.
    """

    values: Floats
    space: Floats
    centred: bool = True

    @classmethod
    def of(cls, X: ArrayLike) -> Table:
        """Centre the columns of X, shape (n, d), and scale it by one power of two: the largest entry is in [0.5, 1).

        No index of a labeling changes under shifts and common scaling, but sums of squares of numbers like 1e200 or
        differences of numbers like 1e9 + 1 do. Scaling by a power of two is exact. Centring is not where the mean is
        far larger than the differences between small values, as beside a code like 1e17: such columns are not centred,
        and the largest entry is in [2^479, 2^480).

        Raises
        ------
        RequestError
            If X is not a two-dimensional table of finite real numbers with at least one row and column, or is masked.
        """
        values = _numbers(X)
        space = np.array(values, order="C")
        _scale(space, 0)
        centres = space.mean(axis=0)
        lossy = _lossy_columns(space, centres)
        space -= np.where(lossy, 0.0, centres)
        _scale(space, _FAR_EXPONENT if lossy.any() else 0)
        return cls(read_only(values), space, not lossy.any())


def _lossy_columns(space: Floats, centres: Floats) -> Bools:
    """Return which columns would lose digits of differences between values near zero if they were centred.

    The smallest of these differences is compared with the rounding error of a number of the size of the centre: it
    must keep 16 bits.
    """
    reaches = np.maximum(space.max(axis=0) - centres, centres - space.min(axis=0))
    lossy = np.zeros(len(centres), dtype=np.bool_)
    for j, column in enumerate(space.T):
        gaps = np.diff(np.unique(column[np.abs(column) <= _NEAR * reaches[j]]))
        lossy[j] = bool(len(gaps)) and gaps.min() <= _LOST * abs(centres[j])
    return lossy


def _numbers(X: ArrayLike) -> Floats:
    if is_masked(X):  # np.asarray would score what lies behind the mask
        raise RequestError("X is masked", allowed="finite numbers")
    frame = None
    if is_frame(X):
        frame = frame_of(X)
    else:
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
    plain = frame.reset_index(drop=True)
    try:
        return np.column_stack([numeric_column(plain.iloc[:, j], []) for j in range(plain.shape[1])])
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
