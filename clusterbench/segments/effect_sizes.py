"""Cliff's delta: how far the values of one group of rows lie above those of another."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_Z = 1.959963984540054  # 97.5 % quantile of the normal distribution


@dataclass(frozen=True, slots=True)
class Effect:
    """Cliff's delta with its 95 % interval; all three are NaN where a group has fewer than two values."""

    value: float  # -1: every value of the one group is below every value of the other; 0: as often below as above; 1
    low: float
    high: float


def cliffs_delta(one: NDArray[np.float64], other: NDArray[np.float64]) -> Effect:
    """Return P(one > other) - P(one < other) over all pairs of values, with a 95 % interval.

    Parameters
    ----------
    one, other : ndarray of shape (m,) and (n,)
        Values of the two groups; NaN is left out.

    Notes
    -----
    The interval is the asymmetric one of Cliff 1996, recommended by Feng & Cliff 2004
    (doi:10.22237/jmasm/1099267560), with the unbiased variance (Cliff 1993, doi:10.1037/0033-2909.114.3.494). Where no
    value of one group lies among those of the other, delta is 1 or -1 and its variance 0: the nearer end is then
    (n - z^2) / (n + z^2) with the size n of the smaller group (Feng & Cliff).
    Computed from sorted values: O((m + n) log(m + n)).

    Examples
    --------
    >>> cliffs_delta(np.array([1.0, 2.0, 3.0]), np.array([0.0, 2.0])).value
    0.5
    """
    one, other = np.sort(one[~np.isnan(one)]), np.sort(other[~np.isnan(other)])
    m, n = len(one), len(other)
    if min(m, n) < 2:
        return Effect(math.nan, math.nan, math.nan)
    below, up_to = np.searchsorted(other, one, "left"), np.searchsorted(other, one, "right")
    signs_of_one = (below + up_to - n) / n  # mean sign of each value against all of the other group
    signs_of_other = (m - np.searchsorted(one, other, "left") - np.searchsorted(one, other, "right")) / m
    delta = float(signs_of_one.mean())
    pairs = m * n - float((up_to - below).sum()) - m * n * delta**2  # sum of squares of single pairs
    groups = n**2 * ((signs_of_one - delta) ** 2).sum() + m**2 * ((signs_of_other - delta) ** 2).sum()
    variance = max(float(groups - pairs), 0.0) / (m * n * (m - 1) * (n - 1))
    return Effect(delta, *_interval(delta, variance, min(m, n)))


def _interval(delta: float, variance: float, fewest: int) -> tuple[float, float]:
    if abs(delta) > 1.0 - 1e-12:
        near = (fewest - _Z**2) / (fewest + _Z**2)
        return (near, 1.0) if delta > 0 else (-1.0, -near)
    middle, denominator = delta - delta**3, 1.0 - delta**2 + _Z**2 * variance
    width = _Z * math.sqrt(variance * ((1.0 - delta**2) ** 2 + _Z**2 * variance))
    return max((middle - width) / denominator, -1.0), min((middle + width) / denominator, 1.0)
