"""scikit-learn's Gaussian mixture with the same numbers in less time."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.linalg.lapack import dpotrf, dtrtrs
from sklearn.mixture import GaussianMixture
from sklearn.mixture._gaussian_mixture import _compute_precision_cholesky

from clusterbench.kernels.lloyd_kernels import quick_lloyd
from clusterbench.metrics.compilation import compiled
from clusterbench.tables import Floats

_LANES, _MOST_NUMBERS = 8, 128  # numpy adds up to so many numbers in so many partial sums


class QuickMixture(GaussianMixture):  # type: ignore[misc]
    """`GaussianMixture` with few passes over the rows in each step, where its covariances are full.

    It makes the same matrix products, and the same sums in the same order, so that every result is equal to the last
    bit: on ill-conditioned tables another rounding ends in another partition.
    """

    def _is_quick(self, n_columns: int) -> bool:
        return bool(self.covariance_type == "full" and max(n_columns, self.n_components) <= _MOST_NUMBERS)

    def _initialize_parameters(self, *arguments: Any, **options: Any) -> None:
        with quick_lloyd():
            super()._initialize_parameters(*arguments, **options)

    def _estimate_log_prob_resp(self, X: Floats, **options: Any) -> tuple[Floats, Floats]:
        if not self._is_quick(X.shape[1]):
            return super()._estimate_log_prob_resp(X, **options)  # type: ignore[no-any-return]
        k, d = self.means_.shape
        joint, rotated = np.empty((len(X), k)), np.empty_like(X)
        for c, (mean, factor) in enumerate(zip(self.means_, self.precisions_cholesky_, strict=True)):
            np.matmul(X, factor, out=rotated)
            sums_of_squares(rotated, mean @ factor, joint[:, c])
        log_det = np.sum(np.log(self.precisions_cholesky_.reshape(k, -1)[:, :: d + 1]), axis=1)
        constant, log_weights = d * math.log(2 * math.pi), np.log(self.weights_)
        below, highest, n_highest = log_probabilities(joint, constant, log_det, log_weights)
        np.exp(below, out=below)
        norm = np.log1p(row_sums(below) / n_highest) + np.log(n_highest) + highest
        return norm, joint - norm[:, np.newaxis]

    def score_samples(self, X: Floats) -> Floats:
        """Return the log-likelihood of each row (n, d)."""
        return self._estimate_log_prob_resp(np.ascontiguousarray(X, dtype=np.float64))[0]

    def _m_step(self, X: Floats, log_resp: Floats, **options: Any) -> None:
        if not self._is_quick(X.shape[1]):
            super()._m_step(X, log_resp, **options)
            return
        shares = np.exp(log_resp)
        sizes = column_sums(shares) + 10 * np.finfo(np.float64).eps
        self.means_ = (shares.T @ X) / sizes[:, np.newaxis]
        self.covariances_ = np.empty((len(sizes), X.shape[1], X.shape[1]))
        gaps, weighted = np.empty_like(X), np.empty_like(X)
        for c, covariance in enumerate(self.covariances_):
            weigh(X, self.means_[c], shares[:, c], gaps, weighted)
            np.divide(weighted.T @ gaps, sizes[c], out=covariance)
            covariance.flat[:: len(covariance) + 1] += self.reg_covar
        self.weights_ = sizes / np.sum(sizes)
        self.precisions_cholesky_ = precision_factors(self.covariances_)


def precision_factors(covariances: Floats) -> Floats:
    """Return what ``_compute_precision_cholesky`` gives, by the same calls of LAPACK without their checks of types."""
    factors, identity = np.empty_like(covariances), np.eye(covariances.shape[1])
    failures = 0
    for covariance, factor in zip(covariances, factors, strict=True):
        triangle, bad_factor = dpotrf(covariance, lower=1, clean=1)
        inverse, bad_inverse = dtrtrs(triangle, identity, lower=1)
        factor[:] = inverse.T
        failures += bad_factor or bad_inverse
    if failures or not np.isfinite(factors).all():  # scikit-learn raises its error
        return _compute_precision_cholesky(covariances, "full")  # type: ignore[no-any-return]
    return factors


@compiled
def numpy_sum(numbers: Floats) -> float:
    """Return the sum of up to `_MOST_NUMBERS` numbers (they change), added up in the order in which numpy adds them."""
    total, done = 0.0, len(numbers) - len(numbers) % _LANES
    for j in range(_LANES, done):
        numbers[j % _LANES] += numbers[j]
    if done:
        total = (numbers[0] + numbers[1]) + (numbers[2] + numbers[3])
        total += (numbers[4] + numbers[5]) + (numbers[6] + numbers[7])
    for j in range(done, len(numbers)):
        total += numbers[j]
    return total


@compiled
def row_sums(table: Floats) -> Floats:
    """Return the sums of the rows (n, d), which change."""
    sums = np.empty(len(table))
    for i in range(len(table)):
        sums[i] = numpy_sum(table[i])
    return sums


@compiled
def sums_of_squares(table: Floats, shift: Floats, sums: Floats) -> None:
    """Fill the sums of squares of the rows of table - shift (n, d)."""
    squares = np.empty(len(shift))
    for i in range(len(table)):
        for j in range(len(shift)):
            gap = table[i, j] - shift[j]
            squares[j] = gap * gap
        sums[i] = numpy_sum(squares)


@compiled
def log_probabilities(
    joint: Floats, constant: float, log_det: Floats, log_weights: Floats
) -> tuple[Floats, Floats, Floats]:
    """Turn sums of squares (n, k) into log probabilities, in place.

    Return them less the highest one of their row, with -inf instead of it, the highest ones and how often each occurs.
    """
    below, highest, n_highest = np.empty_like(joint), np.empty(len(joint)), np.empty(len(joint))
    for i in range(len(joint)):
        peak, count = -np.inf, 0.0
        for j in range(joint.shape[1]):
            joint[i, j] = (joint[i, j] + constant) * -0.5 + log_det[j] + log_weights[j]
            peak = max(peak, joint[i, j])
        for j in range(joint.shape[1]):
            is_peak = joint[i, j] == peak
            below[i, j] = -np.inf if is_peak else joint[i, j] - peak
            count += is_peak
        highest[i], n_highest[i] = peak, count
    return below, highest, n_highest


@compiled
def column_sums(table: Floats) -> Floats:
    """Return the sums of the columns (n, k), added up row after row as numpy does."""
    sums = np.zeros(table.shape[1])
    for i in range(len(table)):
        for j in range(len(sums)):
            sums[j] += table[i, j]
    return sums


@compiled
def weigh(X: Floats, mean: Floats, weights: Floats, gaps: Floats, weighted: Floats) -> None:
    """Fill the gaps between rows (n, d) and a mean, and the same times the weights of the rows."""
    for i in range(len(X)):
        for j in range(len(mean)):
            gaps[i, j] = X[i, j] - mean[j]
            weighted[i, j] = weights[i] * gaps[i, j]
