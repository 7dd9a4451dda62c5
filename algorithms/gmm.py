"""Gaussian mixture fitted by expectation-maximisation (scikit-learn)."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from clusterbench.plugins import (
    Assignment,
    Cutter,
    Family,
    Floats,
    Params,
    Partition,
    ShiftedModel,
    recorded_warnings,
    sklearn_algorithm,
    without_offset,
)


def build(X: Floats, seed: int, **params: Any) -> Cutter:
    """Give for each k exactly what ``GaussianMixture(...).fit_predict(X)`` gives; see `QuickMixture`."""
    from clusterbench.kernels import QuickMixture

    return _cutter(QuickMixture, X, seed, params, criteria=("bic", "aic"))  # lower is better


def refit(X: Floats, seed: int, **params: Any) -> Cutter:
    """Do what `build` does in half the time, by sums that are rounded otherwise; see `RefitMixture`."""
    from clusterbench.kernels import RefitMixture

    return _cutter(RefitMixture, X, seed, params)


def _cutter(
    mixture_type: Callable[..., Any], X: Floats, seed: int, params: Params, *, criteria: Sequence[str] = ()
) -> Cutter:
    rows, centre = without_offset(X)

    def cutter(**cut: Any) -> Partition:
        mixture = mixture_type(cut["k"], random_state=seed, **params)
        with recorded_warnings() as seen:
            labels = mixture.fit_predict(rows)
            info: dict[str, Any] = {"n_iter": mixture.n_iter_, "converged": mixture.converged_}
            info |= {"lower_bound": float(mixture.lower_bound_)}
            info |= {name: float(getattr(mixture, name)(rows)) for name in criteria}
        if seen:
            info["warnings"] = seen
        return Partition(labels, None, info, mixture if centre is None else ShiftedModel(mixture, centre))

    return cutter


def warm_up() -> None:
    """Compile, or load, the kernels of a mixture."""
    with recorded_warnings():
        for build_or_refit in (build, refit):
            build_or_refit(np.random.default_rng(0).normal(size=(20, 2)), 0, max_iter=2)(k=2)


ALGORITHM = replace(
    sklearn_algorithm(
        "sklearn.mixture:GaussianMixture",
        name="gmm",
        family=Family.MIXTURE,
        summary="the most likely component of a mixture of Gaussians, started from k-means",
        reference="Dempster, Laird & Rubin 1977, doi:10.1111/j.2517-6161.1977.tb01600.x",
        k="n_components",
        assignment=Assignment.PREDICT,
        warm_up=warm_up,
    ),
    build=build,
    refit=refit,
)
