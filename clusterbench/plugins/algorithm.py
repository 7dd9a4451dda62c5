"""The contract of an algorithm plug-in: its declaration and the outcome of its build function."""

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike

from clusterbench.errors import RequestError, request_errors, unknown
from clusterbench.labeling import Floats as Floats
from clusterbench.labeling import is_masked
from clusterbench.plugins.packages import missing_packages
from clusterbench.plugins.parameter_checks import number_complaint
from clusterbench.text import parameter_meanings

Params = Mapping[str, Any]
REQUIRED = inspect.Parameter.empty


class Family(StrEnum):
    """Kinds of algorithms, for grouping in reports."""

    CENTROID = "centroid"
    MEDOID = "medoid"
    MIXTURE = "mixture"
    HIERARCHY = "hierarchy"
    DENSITY = "density"
    DEEP = "deep"
    CONTROL = "control"
    SUBMISSION = "submission"
    OTHER = "other"


class Assignment(StrEnum):
    """How rows that were not fitted get a cluster."""

    PREDICT = "predict"
    NEAREST_CENTROID = "nearest centroid"
    NEAREST_NEIGHBORS = "k nearest labelled rows"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Partition:
    """The outcome of one cut."""

    labels: ArrayLike  # shape (n,): any integers; negative is noise
    inertia: float | None = None  # the algorithm's own objective, where it has one
    info: Mapping[str, Any] = field(default_factory=dict)  # plain values for the drill-down: resolved eps, iterations
    model: object | None = None  # the fitted object, for assigning new rows; it never leaves the worker


def as_partition(outcome: Partition | ArrayLike, n_rows: int) -> Partition:
    """Return the outcome of a cutter as a `Partition`, labels of int64 or, if given so, uint64, shape (n_rows,).

    ValueError if the labels are not one integer per row, or some are masked.
    """
    partition = outcome if isinstance(outcome, Partition) else Partition(outcome)
    if is_masked(partition.labels):
        raise ValueError("gave masked labels, not one per row")
    labels = np.asarray(partition.labels)
    if labels.shape != (n_rows,):
        raise ValueError(f"gave labels of shape {labels.shape} for {n_rows} rows")
    if labels.dtype.kind not in "iu":
        raise ValueError(f"gave labels of dtype {labels.dtype}, not integers")
    # Hashes are names like any other: a cast would make noise of every second one.
    return replace(partition, labels=labels.astype(np.uint64 if labels.dtype == np.uint64 else np.int64))


class Cutter(Protocol):
    """What a build function returns: call it with one cut, e.g. ``cutter(k=3)``."""

    def __call__(self, **cut: Any) -> Partition | ArrayLike: ...


@dataclass(frozen=True, slots=True)
class CutRange:
    """A parameter whose values share one build, such as k, eps or min_cluster_size."""

    name: str
    default: tuple[Any, ...] | None = None  # values that are run when a benchmark names none; None for k
    check: Callable[[Any], str | None] = lambda value: None  # what a value should have been ("a number above 0")

    def __post_init__(self) -> None:
        if not isinstance(self.default, tuple | None):
            raise ValueError(f"the default of the cut {self.name!r} is {self.default!r}, not a tuple of values")


K = CutRange("k", check=partial(number_complaint, integer=True, low=2))

_TYPES: dict[str, Any] = {
    **{"family": Family, "summary": str, "reference": str, "version": int, "cuts": tuple, "grid": Mapping},
    **{"packages": Mapping, "max_rows": int | None, "assignment": Assignment, "optimises": tuple},
}


@dataclass(frozen=True, slots=True)
class Algorithm:
    """The declaration of an algorithm; a plug-in file holds one, called ``ALGORITHM``.

    Raises
    ------
    ValueError
        If the declaration is wrong in itself: a name with other characters than a-z, 0-9 and _, a field of another
        type, no cut, a first cut other than k without default, a version below 1.
    """

    name: str
    family: Family
    summary: str
    reference: str
    # ``build(X, seed, **params) -> cutter``. `X` is a read-only float64 array (n, d) in C order. All that several cuts
    # share is computed here, once. ``cutter(**cut)`` gives labels or a `Partition`.
    build: Callable[..., Cutter]
    cuts: tuple[CutRange, ...] = (K,)  # the first is used unless a benchmark names another
    version: int = 1  # raised when the labels may change; a comment refits nothing
    grid: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)  # values that are run when a benchmark names none
    deterministic: bool | Callable[[Params], bool] = False  # whether the seed has no influence
    noise: bool = False  # whether it can label rows -1
    # Whether it standardises each column itself (`standardized_rows`): of two spaces that are then equal, such as the
    # raw and the standardised columns, only one is fitted.
    standardizes: bool = False
    # Largest table to whose rows it is fitted, where time or memory grow faster than rows; see `RowSample` for longer
    # ones. None is no limit.
    max_rows: int | None = None
    # Import name to the requirement that installs it. A missing one makes the cells ``skipped``.
    packages: Mapping[str, str] = field(default_factory=lambda: {"sklearn": "scikit-learn"})
    assignment: Assignment = Assignment.NONE
    optimises: tuple[str, ...] = ()  # metrics whose formula is the objective of the algorithm: marked in the table
    control: bool = False  # whether it is a null competitor
    refits: bool = True  # whether it can be fitted to other rows; stored labels cannot, and have no draws
    # Like `build`, for the draws, which measure stability alone: the same algorithm in faster arithmetic, so that its
    # results are equal but for rounding. None is `build` itself.
    refit: Callable[..., Cutter] | None = None
    # Called with the resolved parameters before anything runs; raises ValueError on a bad value.
    check_params: Callable[[Params], None] | None = None
    warm_up: Callable[[], None] | None = None  # imports and first operations that are not to be counted as fitting
    # Gives the build parameters with their defaults, where the signature of `build` does not show them (wrapped
    # estimators). Called when parameters are resolved, not when the plug-in is loaded.
    parameter_defaults: Callable[[], Params] | None = None
    # Gives the object whose docstring describes the build parameters, where that is not `build` (wrapped estimators).
    documented_by: Callable[[], object] | None = None
    source: str = field(default="", repr=False, compare=False)  # file or entry point; set when the plug-in is loaded

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not re.fullmatch(r"[a-z][a-z0-9_]*", self.name):
            raise ValueError(f"the name {self.name!r} is not of the form kmeans_2 (a-z, 0-9 and _)")
        for name, kind in _TYPES.items():
            if not isinstance(value := getattr(self, name), kind):
                expected = getattr(kind, "__name__", kind)
                raise ValueError(f"{name} = {value!r} of {self.name} is not of type {expected}")
        if not self.cuts:
            raise ValueError(f"{self.name} declares no cut, such as K")
        if self.version < 1:
            raise ValueError(f"the version of {self.name} is {self.version}, not an integer of at least 1")
        if not all(isinstance(cut, CutRange) for cut in self.cuts):
            raise ValueError(f"cuts = {self.cuts!r} of {self.name} are not of type CutRange")
        if not self.needs_k and not self.cuts[0].default:
            raise ValueError(f"the first cut of {self.name}, {self.cuts[0].name!r}, has no default values")
        for name, values in self.grid.items():
            if not isinstance(values, tuple | list):
                raise ValueError(f"grid of {self.name}: {name} = {values!r} is not a tuple of values")

    @property
    def origin(self) -> str:
        """Name and, where it is known, file: what an error names."""
        return f"{self.name} ({self.source})" if self.source else self.name

    @property
    def parameters(self) -> dict[str, Any]:
        """Build parameters with their defaults, or ``REQUIRED``; empty if a missing package declares them.

        RequestError if the plug-in's own code fails; so from `is_deterministic`, `cut_complaint` and `resolve`.
        """
        if self._has_unknown_parameters:
            return {}
        with request_errors(f"{self.origin}: its parameters cannot be read"):
            if self.parameter_defaults is not None:
                return dict(self.parameter_defaults())
            after_seed = list(inspect.signature(self.build).parameters.values())[2:]
            named = [p for p in after_seed if p.kind is not inspect.Parameter.VAR_KEYWORD]
            return {p.name: p.default for p in named}

    @property
    def meanings(self) -> dict[str, str]:
        """The first sentence on each build parameter that a section ``Parameters`` (numpydoc) describes."""
        if self._has_unknown_parameters:
            return {}
        return parameter_meanings(inspect.getdoc(self.documented_by() if self.documented_by else self.build) or "")

    @property
    def _has_unknown_parameters(self) -> bool:
        return self.parameter_defaults is not None and missing_packages(self.packages) is not None

    @property
    def needs_k(self) -> bool:
        return self.cuts[0].name == "k"

    def is_deterministic(self, params: Params) -> bool:
        """Whether the seed has no influence on the labels; False of a wrapped estimator whose package is missing."""
        if not callable(self.deterministic):
            return self.deterministic
        if self._has_unknown_parameters:
            return False
        with request_errors(f"{self.origin}: deterministic"):
            return bool(self.deterministic(params))

    def cut_complaint(self, cut: CutRange, value: Any) -> str | None:
        """Return what `value` of `cut` should have been, or None where it can be run."""
        with request_errors(f"{self.origin}: check of {cut.name} = {value!r}"):
            return cut.check(value)

    def resolve(self, given: Params, *, where: str | None = None) -> dict[str, Any]:
        """Return all build parameters, defaults filled in.

        RequestError for an unknown parameter (nearest spelling offered), a missing one, or a value that the algorithm
        refuses. Where a required package is missing, the parameters of a wrapped estimator are unknown: `given` is
        returned unchecked, and the cells are ``skipped`` anyway.
        """
        if self._has_unknown_parameters:
            return dict(given)
        with request_errors(f"{self.origin}: check_params", where=where):
            known = self.parameters
            for name in given:
                if name not in known:
                    raise unknown(f"argument of {self.name}", name, [*known, *(c.name for c in self.cuts)])
            resolved = {**known, **given}
            for name, value in resolved.items():
                if value is REQUIRED:
                    raise RequestError(f"{self.name} needs the argument {name!r}")
            try:
                if self.check_params is not None:
                    self.check_params(resolved)
            except ValueError as error:  # a refused value
                raise RequestError(f"{self.name}: {error}") from error
            return resolved
