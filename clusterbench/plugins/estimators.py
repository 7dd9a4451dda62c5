"""Algorithms made of estimators that follow scikit-learn's conventions."""

import importlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from clusterbench.errors import RequestError
from clusterbench.plugins.algorithm import Algorithm, CutRange, Cutter, Family, Floats, K, Params, Partition
from clusterbench.plugins.packages import is_installed
from clusterbench.plugins.process_state import recorded_warnings
from clusterbench.plugins.row_models import ShiftedModel, without_offset

# Set by the engine, or about printing, copying and caching: not parameters of a fit.
_NOT_PARAMETERS = frozenset(
    ["random_state", "n_jobs", "verbose", "verbose_interval", "copy", "copy_x", "copy_X", "memory", "warm_start"]
)
_KEPT = ("n_iter_", "converged_")
# Requirements that install the estimators of a package, where they are not called like it.
_REQUIREMENTS = {"sklearn": "scikit-learn", "sklearn_extra": "scikit-learn-extra==0.3.0; python_version < '3.12'"}

Extras = Callable[[Any, Floats], Mapping[str, Any]]


def warm_imports(*modules: str) -> Callable[[], None]:
    """Return a `warm_up` that imports `modules`."""

    def warm_up() -> None:
        with recorded_warnings():
            for module in modules:
                importlib.import_module(module)

    return warm_up


@dataclass(frozen=True, slots=True)
class _Recipe:
    """How an estimator class serves as an algorithm; the class is imported when it is first needed."""

    target: str | type[Any]
    k: str
    cuts: tuple[CutRange, ...]
    own_defaults: Params = field(default_factory=dict)
    inertia: str = "inertia_"
    extras: Extras | None = None
    centred: bool = False

    def load(self) -> type[Any]:
        if not isinstance(self.target, str):
            return self.target
        module, _, name = self.target.partition(":")
        with recorded_warnings():
            return getattr(importlib.import_module(module), name)  # type: ignore[no-any-return]

    def parameter(self, cut: str) -> str:
        return self.k if cut == "k" else cut

    def seeded(self) -> bool:
        return "random_state" in inspect.signature(self.load()).parameters

    def defaults(self) -> dict[str, Any]:
        hidden = _NOT_PARAMETERS | {self.parameter(cut.name) for cut in self.cuts}
        signature = inspect.signature(self.load()).parameters.values()
        return {p.name: p.default for p in signature if p.name not in hidden} | dict(self.own_defaults)

    def check(self, params: Params) -> None:
        estimator = self.load()(**params)
        # scikit-learn's own declaration of what each parameter may be; others complain when they are fitted.
        if hasattr(estimator, "_parameter_constraints"):
            estimator._validate_params()

    def build(self, X: Floats, seed: int, **params: Any) -> Cutter:
        cls = self.load()
        fixed = {**params, "random_state": seed} if self.seeded() else params
        rows, centre = without_offset(X) if self.centred else (X, None)

        def cutter(**cut: Any) -> Partition:
            estimator = cls(**fixed, **{self.parameter(name): value for name, value in cut.items()})
            with recorded_warnings() as seen:
                labels = _labels(estimator, rows)
                kept = {name.rstrip("_"): getattr(estimator, name) for name in _KEPT if hasattr(estimator, name)}
                info = {name: value.item() if isinstance(value, np.generic) else value for name, value in kept.items()}
                info |= self.extras(estimator, rows) if self.extras else {}
            if seen:
                info["warnings"] = seen
            inertia = getattr(estimator, self.inertia, None)
            model = estimator if centre is None else ShiftedModel(estimator, centre)
            return Partition(labels, None if inertia is None else float(inertia), info, model)

        return cutter


def _labels(estimator: Any, X: Floats) -> Any:
    if hasattr(estimator, "fit_predict"):
        return estimator.fit_predict(X)
    estimator.fit(X)
    return estimator.labels_ if hasattr(estimator, "labels_") else estimator.predict(X)


def _module_of(estimator: object) -> str:
    """Return the module of an estimator class, given as such or as text."""
    if isinstance(estimator, type):
        return estimator.__module__
    if not isinstance(estimator, str):
        kind = type(estimator)
        raise RequestError(
            f"{estimator!r} is no estimator class",
            allowed=f'{kind.__name__} or "{kind.__module__}:{kind.__name__}", with its arguments as defaults = {{...}}',
        )
    module, _, name = estimator.partition(":")
    if not (module and name):
        allowed = ":".join(estimator.rsplit(".", 1)) if "." in estimator and ":" not in estimator else "module:Class"
        raise RequestError(f"{estimator!r} does not name an estimator class", allowed=f'"{allowed}"')
    return module


def sklearn_algorithm(
    estimator: str | type[Any],
    *,
    name: str,
    summary: str,
    reference: str,
    family: Family = Family.OTHER,
    k: str = "n_clusters",
    cuts: tuple[CutRange, ...] = (K,),
    defaults: Params | None = None,
    inertia: str = "inertia_",
    extras: Extras | None = None,
    centred: bool = False,
    deterministic: bool | Callable[[Params], bool] | None = None,
    **declared: Any,
) -> Algorithm:
    """Make an algorithm of an estimator class with scikit-learn's conventions.

    Its build parameters are the constructor's own, less the cuts, the seed and what concerns only printing,
    copying and caching; they are checked by scikit-learn's own constraints. The seed becomes `random_state`
    unchanged, where there is one. Each cut is one fit.

    Parameters
    ----------
    estimator : str or class
        ``"module:Class"``, imported when it is first used, or the class itself; refused is anything else.
    k : str
        The estimator's name of the number of clusters; other cuts keep their names.
    defaults : mapping, optional
        Defaults that differ from the estimator's.
    inertia : str
        Attribute that holds the objective; kept where it exists.
    extras : callable, optional
        ``extras(fitted, X)`` gives further plain values for `Partition.info`.
    centred : bool
        Whether the estimator computes distances by dot products and gives the same clusters wherever the origin is:
        rows far from the origin are then fitted less their medians, since their distances would lose digits.
    deterministic : bool or callable, optional
        Default: whether the estimator has no `random_state`.
    **declared
        Further fields of `Algorithm`: `grid`, `noise`, `max_rows`, `packages` (beside the estimator's own), ...

    Examples
    --------
    >>> spectral = sklearn_algorithm(
    ...     "sklearn.cluster:SpectralClustering",
    ...     name="spectral",
    ...     summary="k-means on the leading eigenvectors of the neighbour graph's Laplacian",
    ...     reference="Ng, Jordan & Weiss 2001",
    ...     defaults={"affinity": "nearest_neighbors"},
    ...     max_rows=10_000,
    ... )
    >>> spectral.resolve({"n_neighbors": 15})["affinity"]
    'nearest_neighbors'
    """
    module = _module_of(estimator)
    package = module.partition(".")[0]
    # A class that is defined in a plug-in file needs no package.
    needs_package = isinstance(estimator, str) or is_installed(package)
    own = {package: _REQUIREMENTS.get(package, package)} if needs_package else {}
    recipe = _Recipe(estimator, k, cuts, dict(defaults or {}), inertia, extras, centred)
    return Algorithm(
        name=name,
        family=family,
        summary=summary,
        reference=reference,
        build=recipe.build,
        cuts=cuts,
        deterministic=(lambda params: not recipe.seeded()) if deterministic is None else deterministic,
        check_params=recipe.check,
        parameter_defaults=recipe.defaults,
        documented_by=recipe.load,
        packages={**own, **declared.pop("packages", {})},
        warm_up=declared.pop("warm_up", warm_imports(module)),
        **declared,
    )
