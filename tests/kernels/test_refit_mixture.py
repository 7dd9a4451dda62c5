"""The mixture of the draws is scikit-learn's, but for rounding."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from clusterbench.kernels import RefitMixture

FITTED = ("weights_", "means_", "covariances_", "precisions_cholesky_", "lower_bounds_")


def groups(n_rows: int, n_columns: int) -> np.ndarray:
    """Three overlapping groups with correlated columns."""
    rng = np.random.default_rng(n_columns)
    rows = rng.normal(size=(n_rows, n_columns)) @ rng.normal(size=(n_columns, n_columns))
    return rows + 2.0 * rng.integers(0, 3, size=(n_rows, 1))


def fitted(model: GaussianMixture, X: np.ndarray) -> tuple[GaussianMixture, np.ndarray]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model, model.fit_predict(X)


@pytest.mark.parametrize(("n_rows", "n_columns", "k"), [(60, 1, 2), (128, 2, 3), (300, 4, 5), (700, 17, 6)])
def test_results_are_those_of_scikit_learn_but_for_rounding(n_rows, n_columns, k):
    X = groups(n_rows, n_columns)
    (ours, labels), (theirs, expected) = (
        fitted(cls(k, random_state=1, max_iter=40), X) for cls in (RefitMixture, GaussianMixture)
    )
    np.testing.assert_array_equal(labels, expected)
    np.testing.assert_array_equal(ours.predict(X), labels)
    assert ours.n_iter_ == theirs.n_iter_
    for name in FITTED:
        np.testing.assert_allclose(getattr(ours, name), getattr(theirs, name), rtol=1e-7, atol=1e-9, err_msg=name)


def test_rows_that_no_component_comes_near_are_shared_like_others():
    X = np.concatenate([groups(200, 3), [[1e5, -1e5, 1e5]]])
    given = {"means_init": groups(200, 3)[:2], "precisions_init": np.stack([np.eye(3)] * 2), "reg_covar": 1e-3}
    (ours, labels), (theirs, expected) = (
        fitted(cls(2, random_state=0, max_iter=1, **given), X) for cls in (RefitMixture, GaussianMixture)
    )
    np.testing.assert_array_equal(labels, expected)
    assert ours.lower_bound_ == pytest.approx(theirs.lower_bound_, rel=1e-12)
    np.testing.assert_allclose(ours.covariances_, theirs.covariances_, rtol=1e-7)


@pytest.mark.parametrize("kind", ["tied", "diag", "spherical"])
def test_other_covariances_are_those_of_scikit_learn(kind):
    X = groups(200, 4)
    (ours, labels), (theirs, expected) = (
        fitted(cls(3, covariance_type=kind, random_state=0), X) for cls in (RefitMixture, GaussianMixture)
    )
    np.testing.assert_array_equal(labels, expected)
    np.testing.assert_array_equal(ours.covariances_, theirs.covariances_)


def test_a_singular_covariance_is_refused_as_by_scikit_learn():
    X = np.repeat([[0.0, 0.0], [1e8, 1e8]], 20, axis=0)
    for cls in (RefitMixture, GaussianMixture):
        with pytest.raises(ValueError, match="ill-defined empirical covariance"):
            fitted(cls(3, random_state=0, reg_covar=0.0), X)
