"""Gaussian mixture fitted by expectation-maximisation (scikit-learn)."""

from collections.abc import Mapping
from typing import Any

from clusterbench.plugins import Assignment, Family, Floats, sklearn_algorithm


def fit_of(mixture: Any, X: Floats) -> Mapping[str, Any]:
    """Return the quality of the fit; lower is better for bic and aic."""
    return {
        "lower_bound": float(mixture.lower_bound_),
        "bic": float(mixture.bic(X)),
        "aic": float(mixture.aic(X)),
    }


ALGORITHM = sklearn_algorithm(
    "sklearn.mixture:GaussianMixture",
    name="gmm",
    family=Family.MIXTURE,
    summary="the most likely component of a mixture of Gaussians, started from k-means",
    reference="Dempster, Laird & Rubin 1977, doi:10.1111/j.2517-6161.1977.tb01600.x",
    k="n_components",
    centred=True,
    extras=fit_of,
    assignment=Assignment.PREDICT,
)
