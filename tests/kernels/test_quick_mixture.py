"""The quick mixture is scikit-learn's, bit for bit."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from clusterbench.kernels import QuickMixture

FITTED = ("weights_", "means_", "covariances_", "precisions_cholesky_", "lower_bounds_", "n_iter_")


def table(n_rows: int, n_columns: int) -> np.ndarray:
    """Two groups; the last column is the sum of the first two: every covariance is singular but for rounding."""
    rng = np.random.default_rng(n_columns)
    rows = rng.gamma(1.0, 100.0, size=(n_rows, n_columns)) + 300.0 * rng.integers(0, 2, size=(n_rows, 1))
    rows[:, -1] = rows[:, 0] + rows[:, 1]
    return rows


@pytest.mark.parametrize(("n_columns", "k"), [(2, 2), (7, 8), (8, 3), (17, 9), (26, 17), (130, 2)])
def test_every_number_is_that_of_scikit_learn(n_columns, k):
    X = table(400, n_columns)
    ours, theirs = (cls(k, random_state=3, max_iter=30) for cls in (QuickMixture, GaussianMixture))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        labels = [model.fit_predict(X) for model in (ours, theirs)]
    np.testing.assert_array_equal(*labels)
    for name in FITTED:
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name), err_msg=name)
    np.testing.assert_array_equal(ours.predict(X), labels[0])
    assert ours.bic(X) == theirs.bic(X)


@pytest.mark.parametrize("kind", ["tied", "diag", "spherical"])
def test_other_covariances_are_those_of_scikit_learn(kind):
    X = table(100, 4)
    ours, theirs = (cls(3, covariance_type=kind, random_state=0).fit(X) for cls in (QuickMixture, GaussianMixture))
    np.testing.assert_array_equal(ours.covariances_, theirs.covariances_)
