"""A Gaussian mixture for refits: each step of expectation-maximisation is one pass over the rows."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clusterbench.kernels.quick_mixture import QuickMixture, precision_factors
from clusterbench.metrics.compilation import compiled, compiled_with_any_order
from clusterbench.tables import Floats

_LANES = 128  # rows that are worked on together
_LOG2_E, _LN_2 = 1.0 / math.log(2.0), math.log(2.0)
_TAYLOR = tuple(1.0 / math.factorial(power) for power in range(13, -1, -1))  # of exp, exact to 1e-17 below ln(2) / 2
_LEAST_EXPONENT = -1000.0  # of 2, below which a responsibility is as good as 0


class RefitMixture(QuickMixture):
    """`GaussianMixture` in other arithmetic, where its covariances are full: equal but for the rounding of its sums.

    Expectation and maximisation take one pass, with half the products of scikit-learn, since the triangular factors
    and the symmetric covariances are computed once per pair of columns.
    """

    def _e_step(self, X: Floats, **options: Any) -> tuple[float, Floats]:
        if not self._is_quick(X.shape[1]):
            return super()._e_step(X, **options)  # type: ignore[no-any-return]
        k, d = self.means_.shape
        log_det = np.sum(np.log(self.precisions_cholesky_.reshape(k, -1)[:, :: d + 1]), axis=1)
        terms = np.log(self.weights_) + log_det - 0.5 * d * math.log(2.0 * math.pi)
        if self.__dict__.get("_rows") is not X:
            self._rows, self._blocks = X, blocks_of(X)
        self._sums, shares = np.zeros((k, d + 1, d + 1)), np.empty((k, len(X)))
        total = expectation_and_sums(self._blocks, self.means_, self.precisions_cholesky_, terms, shares, self._sums)
        return total / len(X), shares.T

    def _m_step(self, X: Floats, log_resp: Floats, **options: Any) -> None:
        """Take the sums that the expectation step has made, relative to the means before."""
        if not self._is_quick(X.shape[1]):
            super()._m_step(X, log_resp, **options)
            return
        sizes = self._sums[:, -1, -1] + 10 * np.finfo(np.float64).eps
        shifts = self._sums[:, -1, :-1] / sizes[:, np.newaxis]
        products = self._sums[:, :-1, :-1] / sizes[:, np.newaxis, np.newaxis]
        outer = shifts[:, :, np.newaxis] * shifts[:, np.newaxis, :]
        self.covariances_ = products + products.transpose(0, 2, 1) - outer  # with its diagonal twice
        diagonal = np.arange(X.shape[1])
        self.covariances_[:, diagonal, diagonal] += self.reg_covar - products[:, diagonal, diagonal]
        self.means_ = self.means_ + shifts
        self.weights_ = sizes / sizes.sum()
        self.precisions_cholesky_ = precision_factors(self.covariances_)


def blocks_of(X: Floats) -> Floats:
    """Return the rows (n, d) in blocks (blocks, d, _LANES); the last one ends with rows of zeros."""
    n_blocks = -(-len(X) // _LANES)
    rows = np.zeros((n_blocks * _LANES, X.shape[1]))
    rows[: len(X)] = X
    return np.ascontiguousarray(rows.reshape(n_blocks, _LANES, -1).transpose(0, 2, 1))


@compiled
def expectation_and_sums(
    blocks: Floats, means: Floats, factors: Floats, terms: Floats, shares: Floats, sums: Floats
) -> float:
    """Fill the responsibilities (k, n) and return the sum of the log-likelihoods of the rows.

    Added to `sums`, (k, d + 1, d + 1), are, for each component, the weighted sums of products of two columns (below the
    diagonal) and of each column (last row), both less the mean, and of the weights (last element).
    """
    k, d = means.shape
    gaps, joint, column, total = np.empty((d, _LANES)), np.empty((k, _LANES)), np.empty(_LANES), 0.0
    exponents = np.empty(_LANES, np.int64)
    for b in range(len(blocks)):
        first = b * _LANES
        inside = min(_LANES, shares.shape[1] - first)
        for c in range(k):
            take_gaps(blocks[b], means[c], gaps)
            log_density(gaps, factors[c], terms[c], column, joint[c])
        total += turn_into_shares(joint, inside, column, exponents)
        for c in range(k):
            shares[c, first : first + inside] = joint[c, :inside]
            take_gaps(blocks[b], means[c], gaps)
            add_sums(gaps, joint[c], column, sums[c])
    return total


@compiled_with_any_order
def take_gaps(block: Floats, mean: Floats, gaps: Floats) -> None:
    """Fill the gaps (d, lanes) between the rows of a block and a mean."""
    for i in range(len(mean)):
        for lane in range(_LANES):
            gaps[i, lane] = block[i, lane] - mean[i]


@compiled_with_any_order
def log_density(gaps: Floats, factor: Floats, term: float, column: Floats, densities: Floats) -> None:
    """Fill term - 0.5 |gap @ factor|^2 for each lane; `factor` is upper triangular."""
    for lane in range(_LANES):
        densities[lane] = term
    for i in range(len(gaps)):
        for lane in range(_LANES):
            column[lane] = factor[i, i] * gaps[i, lane]
        for j in range(0, i - i % 4, 4):  # four at once load and store the sums once
            a, b, c, d = factor[j, i], factor[j + 1, i], factor[j + 2, i], factor[j + 3, i]
            for lane in range(_LANES):
                first, second = a * gaps[j, lane] + b * gaps[j + 1, lane], c * gaps[j + 2, lane] + d * gaps[j + 3, lane]
                column[lane] += first + second
        for j in range(i - i % 4, i):
            for lane in range(_LANES):
                column[lane] += factor[j, i] * gaps[j, lane]
        for lane in range(_LANES):
            densities[lane] -= 0.5 * column[lane] * column[lane]


@compiled_with_any_order
def turn_into_shares(joint: Floats, inside: int, norms: Floats, exponents: NDArray[np.int64]) -> float:
    """Turn log densities (k, lanes) into shares of the components, those of lanes beyond `inside` into 0.

    Return the sum of the log-likelihoods. The exponential is written out, as a polynomial times a power of 2, so that
    it is computed for many lanes at once.
    """
    k, powers, total = len(joint), exponents.view(np.float64), 0.0
    peaks = joint[0].copy()
    for c in range(1, k):
        for lane in range(_LANES):
            peaks[lane] = max(peaks[lane], joint[c, lane])
    for lane in range(_LANES):
        norms[lane] = 0.0
    for c in range(k):
        for lane in range(_LANES):
            times = max((joint[c, lane] - peaks[lane]) * _LOG2_E, _LEAST_EXPONENT)
            whole = np.floor(times + 0.5)
            exponents[lane] = (np.int64(whole) + 1023) << 52
            rest, value = (times - whole) * _LN_2, 0.0
            for coefficient in _TAYLOR:
                value = value * rest + coefficient
            joint[c, lane] = value
        for lane in range(_LANES):
            joint[c, lane] *= powers[lane]
            norms[lane] += joint[c, lane]
    product = 1.0  # of numbers from 1 to k
    for lane in range(inside):
        total += peaks[lane]
        product *= norms[lane]
        if product > 1e200:
            total += math.log(product)
            product = 1.0
    for lane in range(_LANES):
        norms[lane] = 1.0 / norms[lane] if lane < inside else 0.0
    for c in range(k):
        for lane in range(_LANES):
            joint[c, lane] *= norms[lane]
    return total + math.log(product)


@compiled_with_any_order
def add_sums(gaps: Floats, shares: Floats, column: Floats, sums: Floats) -> None:
    """Add the weighted sums of products of two rows of `gaps`, of each row, and of the weights."""
    d, size = len(gaps), 0.0
    for lane in range(_LANES):
        size += shares[lane]
    sums[d, d] += size
    for i in range(d):
        shift = 0.0
        for lane in range(_LANES):
            column[lane] = shares[lane] * gaps[i, lane]
            shift += column[lane]
        sums[d, i] += shift
        last = i + 1 - (i + 1) % 4
        for j in range(0, last, 4):  # four sums at once wait less for each other
            first, second, third, fourth = 0.0, 0.0, 0.0, 0.0
            for lane in range(_LANES):
                first += column[lane] * gaps[j, lane]
                second += column[lane] * gaps[j + 1, lane]
                third += column[lane] * gaps[j + 2, lane]
                fourth += column[lane] * gaps[j + 3, lane]
            sums[i, j] += first
            sums[i, j + 1] += second
            sums[i, j + 2] += third
            sums[i, j + 3] += fourth
        for j in range(last, i + 1):
            product = 0.0
            for lane in range(_LANES):
                product += column[lane] * gaps[j, lane]
            sums[i, j] += product
