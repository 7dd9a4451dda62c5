"""The dip test of unimodality (Hartigan & Hartigan 1985, doi:10.1214/aos/1176346577), in own code."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import isotonic_regression

from clusterbench.errors import RequestError
from clusterbench.seeding import stable_rng
from clusterbench.tables import Floats, Ints

_DIGITS = 12
_TOLERANCE = 1e-12
_FEW_VALUES = 10.0
_LARGE = 5_000
"""From this many values on, sqrt(n) x dip has its limiting distribution to well within the simulation error."""


class DipTest(NamedTuple):
    """The dip of a sample and the share of uniform samples whose dip is at least as large."""

    dip: float
    p: float


def dip_statistic(x: ArrayLike) -> float:
    """Return the largest distance between the empirical distribution and the nearest unimodal one.

    Parameters
    ----------
    x : array-like of float, shape (n,)
        In any order. Neither shift nor scale matters.

    Returns
    -------
    float
        Between 1 / (2n), for evenly spaced values, and 1/4; 0 if all values are equal.

    Notes
    -----
    The modal interval shrinks from both sides. In each step the greatest convex minorant and the least concave
    majorant of the empirical distribution are taken over it; their largest gap gives the next interval, and the
    distance of the distribution to the hulls outside of it bounds the dip from below. It ends when the gap is no larger
    than that bound. O(n log n) for sorting, O(n) per step; the hulls come from isotonic regression of the slopes.

    Examples
    --------
    >>> dip_statistic([1.0, 2.0, 3.0, 4.0])
    0.125
    >>> dip_statistic([0.0, 0.1, 9.9, 10.0]) > 0.2
    True
    """
    values = _checked(x)
    width = float(np.ptp(values))
    if width == 0.0:
        return 0.0
    # Values closer than this have no gap that arithmetic could use.
    scaled, counts = np.unique(np.round((values - values.min()) / width, _DIGITS), return_counts=True)
    upper = np.cumsum(counts).astype(np.float64)
    return _shrink(scaled, upper - counts, upper) / (2.0 * len(values))


def _checked(x: ArrayLike) -> Floats:
    values = np.asarray(x, dtype=np.float64)
    if values.ndim != 1 or not len(values):
        raise RequestError(f"the dip needs one row of numbers, got shape {values.shape}", where="dip")
    if not np.isfinite(values).all():
        raise RequestError("the dip needs finite numbers", where="dip")
    return values


def _shrink(x: Floats, lower: Floats, upper: Floats) -> float:
    """Return twice the dip, in rows, from increasing x (m,) and the numbers of rows before and up to each value."""
    low, high = 0, len(x) - 1
    dip = 1.0
    while True:
        inside = slice(low, high + 1)
        convex, left_knots = _minorant(x[inside], lower[inside])
        negated, right_knots = _minorant(x[inside], -upper[inside])
        concave = -negated
        gap, left, right = _largest_gap(convex, concave, left_knots, right_knots)
        if gap <= dip + _TOLERANCE * len(x):
            return dip
        # Jumps at the ends of the next interval may belong to the mode: they are left for the next step.
        before = (upper[inside] - convex)[:left]
        after = (concave - lower[inside])[right + 1 :]
        dip = max(dip, float(before.max(initial=0.0)), float(after.max(initial=0.0)))
        if (left, right) == (0, high - low):
            return dip
        low, high = low + left, low + right


def _minorant(x: Floats, y: Floats) -> tuple[Floats, Ints]:
    """Return the greatest convex minorant of the points at every x, and the positions where it touches them."""
    if len(x) == 1:
        return y.copy(), np.array([0])
    width = np.diff(x)
    knots = np.asarray(isotonic_regression(np.diff(y) / width, weights=width).blocks, dtype=np.int64)
    return np.interp(x, x[knots], y[knots]), knots


def _largest_gap(convex: Floats, concave: Floats, left_knots: Ints, right_knots: Ints) -> tuple[float, int, int]:
    """Return the largest gap between the hulls and the modal interval that it leaves."""
    gap = concave - convex
    left, right = (int(knots[np.argmax(gap[knots])]) for knots in (left_knots, right_knots))
    if gap[left] > gap[right]:
        return float(gap[left]), left, int(right_knots[np.searchsorted(right_knots, left, side="left")])
    return float(gap[right]), int(left_knots[np.searchsorted(left_knots, right, side="right") - 1]), right


def dip_test(x: ArrayLike, *, n_boot: int = 500, seed: int = 0) -> DipTest:
    """Test unimodality against the uniform distribution, the least favourable unimodal one.

    Parameters
    ----------
    x : array-like of float, shape (n,)
    n_boot, seed : int
        Uniform samples of the same size; above 5,000 values samples of 5,000, scaled by the square root of n.

    Returns
    -------
    DipTest
        (dip, p), with p = (1 + samples with a dip at least as large) / (1 + n_boot).
    """
    if n_boot < 1:
        raise RequestError(f"n_boot = {n_boot}", where="dip", allowed="1 or more")
    values = _checked(x)
    dip = dip_statistic(values)
    size = min(len(values), _LARGE)
    null = _uniform_dips(size, n_boot, seed) * np.sqrt(size / len(values))
    return DipTest(dip, float((1 + np.sum(null >= dip - _TOLERANCE)) / (1 + n_boot)))


@lru_cache(maxsize=8)
def _uniform_dips(size: int, n_boot: int, seed: int) -> Floats:
    rng = stable_rng(seed, "dip", size)
    return np.array([dip_statistic(rng.random(size)) for _ in range(n_boot)])


def spread_ties(x: ArrayLike) -> Floats:
    """Return a sample, ascending, in which equal values are spread evenly, half-way to their neighbours.

    The dip test would take rounded numbers for as many modes as there are values. Few values are no rounding but
    groups, and stay as they are: fewer than 10 effective ones (Simpson's number: 1 over the sum of squared shares).
    Sample and result have shape (n,).
    """
    values, counts = np.unique(_checked(x), return_counts=True)
    which = np.repeat(np.arange(len(values)), counts)
    if 1.0 / np.sum((counts / len(which)) ** 2) < _FEW_VALUES:
        return values[which]
    gaps = np.pad(np.diff(values), 1, mode="edge")
    half = 0.5 * np.stack([gaps[:-1], gaps[1:]])
    place = np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts)
    share = (place + 0.5) / counts[which]
    moved = values[which] - half[0, which] + share * half.sum(axis=0)[which]
    return np.where(counts[which] == 1, values[which], moved)
