"""The contract of an algorithm plug-in: what it declares and what its build function gives."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clusterbench.errors import RequestError, unknown
from clusterbench.labeling import is_masked
from clusterbench.plugins.packages import missing_packages

Space = NDArray[np.float64]
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
    OTHER = "other"


class Assignment(StrEnum):
    """How rows that were not fitted get a cluster."""

    PREDICT = "predict"
    NEAREST_CENTROID = "nearest centroid"
    NEAREST_MEDOID = "nearest medoid"
    NEAREST_NEIGHBORS = "k nearest labelled rows"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Partition:
    """The outcome of one cut.

    Attributes
    ----------
    labels : array-like of int, shape (n,)
        Any whole numbers; negative is noise.
    inertia : float, optional
        The algorithm's own objective, where it has one.
    info : mapping, optional
        Further plain values for the drill-down (resolved eps, iterations, converged).
    model : object, optional
        The fitted object, for assigning new rows; it never leaves the worker.
    """

    labels: ArrayLike
    inertia: float | None = None
    info: Mapping[str, Any] = field(default_factory=dict)
    model: object | None = None


def as_partition(outcome: Partition | ArrayLike, n_rows: int) -> Partition:
    """Return what a cutter gave as a `Partition` with labels of int64, or of uint64 if given so, shape (n_rows,).

    Raises
    ------
    ValueError
        If the labels are not one whole number per row, or some are masked.

    Examples
    --------
    >>> as_partition([0, 1, -1], 3).labels
    array([ 0,  1, -1])
    """
    partition = outcome if isinstance(outcome, Partition) else Partition(outcome)
    if is_masked(partition.labels):
        raise ValueError("gave masked labels, not one per row")
    labels = np.asarray(partition.labels)
    if labels.shape != (n_rows,):
        raise ValueError(f"gave labels of shape {labels.shape} for {n_rows} rows")
    if labels.dtype.kind not in "iu":
        raise ValueError(f"gave labels of dtype {labels.dtype}, not whole numbers")
    # Hashes are names like any other: a cast would make noise of every second one.
    return replace(partition, labels=labels.astype(np.uint64 if labels.dtype == np.uint64 else np.int64))


class Cutter(Protocol):
    """What a build function returns: call it with one cut, e.g. ``cutter(k=3)``."""

    def __call__(self, **cut: Any) -> Partition | ArrayLike: ...


@dataclass(frozen=True, slots=True)
class CutRange:
    """A parameter whose values share one build, such as k, eps or min_cluster_size.

    `default` is None for ``k``, whose values come from the benchmark.
    `check` returns a complaint about a value ("must be positive"), or None.
    """

    name: str
    default: tuple[Any, ...] | None = None
    check: Callable[[Any], str | None] = lambda value: None


def _whole_k(value: Any) -> str | None:
    good = isinstance(value, int) and not isinstance(value, bool) and value >= 2
    return None if good else "a whole number of at least 2"


K = CutRange("k", check=_whole_k)


@dataclass(frozen=True, slots=True)
class Algorithm:
    """The declaration of an algorithm; a plug-in file holds one, called ``ALGORITHM``.

    Attributes
    ----------
    name, summary, reference : str
    family : Family
    build : callable
        ``build(X, seed, **params) -> cutter``. `X` is a read-only float64 array (n, d) in C order.
        Everything that several cuts share is done here, once. ``cutter(**cut)`` gives labels or a `Partition`.
    cuts : tuple of CutRange
        The first is used unless a benchmark names another.
    version : int
        Raised when the labels may change; a comment refits nothing.
    grid : mapping of str to tuple
        Values of build parameters that are run when a benchmark names none.
    deterministic : bool or callable(params) -> bool
        Whether the seed has no influence.
    noise : bool
        Whether it can label rows -1.
    max_rows : int
        Largest sensible table; above it the cells are ``skipped``.
    packages : mapping of str to str
        Import name to the requirement that installs it. A missing one makes the cells ``skipped``.
    assignment : Assignment
    optimises : tuple of str
        Metrics whose formula is this algorithm's objective: marked in the table.
    control : bool
        Whether it is a null competitor.
    check_params : callable, optional
        Called with the resolved parameters before anything runs; raises ValueError on a bad value.
    warm_up : callable, optional
        Imports and first operations that are not to be counted as fitting.
    parameter_defaults : callable, optional
        Gives the build parameters with their defaults, where the signature of `build` does not show them
        (wrapped estimators). Called when parameters are resolved, not when the plug-in is loaded.

    Raises
    ------
    ValueError
        If the declaration is wrong in itself: a name with other characters than a-z, 0-9 and _, no cut,
        a version below 1.
    """

    name: str
    family: Family
    summary: str
    reference: str
    build: Callable[..., Cutter]
    cuts: tuple[CutRange, ...] = (K,)
    version: int = 1
    grid: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    deterministic: bool | Callable[[Params], bool] = False
    noise: bool = False
    max_rows: int = 1_000_000
    packages: Mapping[str, str] = field(default_factory=lambda: {"sklearn": "scikit-learn"})
    assignment: Assignment = Assignment.NONE
    optimises: tuple[str, ...] = ()
    control: bool = False
    check_params: Callable[[Params], None] | None = None
    warm_up: Callable[[], None] | None = None
    parameter_defaults: Callable[[], Params] | None = None

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9_]*", self.name):
            raise ValueError(f"the name {self.name!r} is not of the form kmeans_2 (a-z, 0-9 and _)")
        if not self.cuts:
            raise ValueError(f"{self.name} declares no cut, such as K")
        if self.version < 1:
            raise ValueError(f"the version of {self.name} is {self.version}, not a whole number from 1 on")

    @property
    def parameters(self) -> dict[str, Any]:
        """Build parameters with their defaults.

        Read off the signature of `build`, or given by `parameter_defaults`. A parameter that has no default
        is ``REQUIRED``. Empty where they stand in a package that is missing.
        """
        if self._cannot_tell:
            return {}
        if self.parameter_defaults is not None:
            return dict(self.parameter_defaults())
        found = list(inspect.signature(self.build).parameters.values())[2:]
        named = [p for p in found if p.kind is not inspect.Parameter.VAR_KEYWORD]
        return {p.name: REQUIRED if p.default is inspect.Parameter.empty else p.default for p in named}

    @property
    def _cannot_tell(self) -> bool:
        return self.parameter_defaults is not None and missing_packages(self.packages) is not None

    @property
    def needs_k(self) -> bool:
        return self.cuts[0].name == "k"

    def is_deterministic(self, params: Params) -> bool:
        """Whether the seed has no influence on the labels under `params`."""
        return self.deterministic(params) if callable(self.deterministic) else self.deterministic

    def resolve(self, given: Params, *, where: str | None = None) -> dict[str, Any]:
        """Return all build parameters, defaults filled in.

        Raises
        ------
        RequestError
            For an unknown name (nearest spelling offered), a missing one, or a value the algorithm refuses.

        Notes
        -----
        Where a required package is missing, a wrapped estimator cannot tell its parameters: `given` comes back
        unchecked, and the cells are ``skipped`` for the missing package anyway.
        """
        if self._cannot_tell:
            return dict(given)
        known = self.parameters
        for name in given:
            if name not in known:
                raise unknown(f"argument of {self.name}", name, [*known, *(c.name for c in self.cuts)], where=where)
        resolved = {**known, **given}
        for name, value in resolved.items():
            if value is REQUIRED:
                raise RequestError(f"{self.name} needs the argument {name!r}", where=where)
        if self.check_params is not None:
            try:
                self.check_params(resolved)
            except ValueError as error:
                raise RequestError(f"{self.name}: {error}", where=where) from error
        return resolved
