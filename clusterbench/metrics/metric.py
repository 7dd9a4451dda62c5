"""One metric is one object: its facts, which can be stored as JSON, and the functions that compute it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, Self

from numpy.typing import NDArray

from clusterbench.errors import RequestError, unknown
from clusterbench.labeling import Labels
from clusterbench.metrics.computation import Computation
from clusterbench.metrics.contingency import Contingency
from clusterbench.metrics.function_metrics import FunctionComputation
from clusterbench.tables import Floats

_NAME = re.compile(r"[a-z][a-z0-9_]*")


class Direction(StrEnum):
    """Which way a metric improves. There is no default."""

    HIGHER = "higher"
    LOWER = "lower"


class MetricKind(StrEnum):
    """What a metric is computed from."""

    INTERNAL = "internal"
    """The space and the labels."""
    EXTERNAL = "external"
    """The labels and the known classes."""
    DIAGNOSTIC = "diagnostic"
    """As internal, but no measure of quality: shown, never ranked."""
    REFIT = "refit"
    """Further fits on resampled rows; the values come from outside this package."""


class NoiseRule(StrEnum):
    """What the noise policy ``zero`` does to a metric; the other policies treat all metrics alike."""

    COVERAGE = "coverage"
    """The value without the noise rows is multiplied by the share of clustered rows."""
    DROP = "drop"
    """As the policy ``drop``: the value without the noise rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricFacts:
    """Everything about a metric except its functions.

    Attributes
    ----------
    name : str
        Name in files: lower-case letters, digits and underscores.
    direction : Direction
    formula : str
        For the methodology section, as are `caveat` and `reference`.
    title : str
        Name on the page; by default made of `name`.
    family : str
        Metrics of one family share one vote in a ranking; by default the metric is a family of its own.
    kind : MetricKind
    lower, upper : float
        Bounds of the range (may be infinite).
    digits : int
        Digits after the point that are reproducible on any machine; ranks are made after rounding to them.
    noise : NoiseRule
    version : int
        To be raised when the metric may give another value.

    Raises
    ------
    RequestError
        For a field that cannot be used.
    """

    name: str
    direction: Direction
    formula: str
    title: str = ""
    family: str = ""
    kind: MetricKind = MetricKind.INTERNAL
    lower: float = -math.inf
    upper: float = math.inf
    digits: int = 6
    caveat: str = ""
    reference: str = ""
    noise: NoiseRule = NoiseRule.DROP
    version: int = 1

    def __post_init__(self) -> None:
        name = self.name
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise RequestError(f"metric name {name!r}", allowed="lower-case letters, digits and underscores")
        where = f"metric {name}"
        for field, kind in (("direction", Direction), ("kind", MetricKind), ("noise", NoiseRule)):
            given, members = str(getattr(self, field)), [str(member) for member in kind]
            if given not in members:
                raise unknown("value", given, members, where=f"{where}: {field}")
            object.__setattr__(self, field, kind(given))
        for field in ("formula", "title", "family", "caveat", "reference"):
            if not isinstance(getattr(self, field), str):
                raise RequestError(f"{field} = {getattr(self, field)!r}", where=where, allowed="text")
        if not self.formula:
            raise RequestError("no formula", where=where, allowed="one line for the methodology section")
        object.__setattr__(self, "title", self.title or name.replace("_", " ").capitalize())
        object.__setattr__(self, "family", self.family or name)
        for field, highest in (("digits", 15), ("version", 10**6)):
            value = getattr(self, field)
            if not isinstance(value, int) or not 0 <= value <= highest:
                raise RequestError(f"{field} = {value!r}", where=where, allowed=f"an integer, 0 to {highest}")
        if not self.lower < self.upper:
            raise RequestError(f"the range {self.lower} to {self.upper} is empty", where=where, allowed="lower < upper")

    @property
    def sign(self) -> float:
        """1 where higher is better, -1 where lower is."""
        return 1.0 if self.direction is Direction.HIGHER else -1.0

    @property
    def best(self) -> float:
        """The end of the range at which no labeling can be better."""
        return self.upper if self.direction is Direction.HIGHER else self.lower

    @property
    def stored_name(self) -> str:
        """The name under which scores are stored: with the version, where it has been raised."""
        return self.name if self.version <= 1 else f"{self.name}@{self.version}"

    def to_json(self) -> dict[str, str | int | float | None]:
        """Return the fields by name, in plain values; an infinite bound is None."""
        values = {field.name: getattr(self, field.name) for field in fields(MetricFacts)}
        plain = {name: str(value) if isinstance(value, StrEnum) else value for name, value in values.items()}
        return {name: None if value in (-math.inf, math.inf) else value for name, value in plain.items()}

    @classmethod
    def from_json(cls, values: Mapping[str, object]) -> Self:
        """Return the facts that `to_json` gave; refuse a field that is unknown, missing or of no use."""
        known = [field.name for field in fields(MetricFacts)]
        for name in values:
            if name not in known:
                raise unknown("field", name, known, where="metric")
        try:
            return cls(**{name: value for name, value in values.items() if value is not None})  # type: ignore[arg-type]
        except TypeError as error:
            raise RequestError(f"incomplete facts: {error}", where="metric", allowed=", ".join(known)) from error


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Metric(MetricFacts):
    """A metric that can be computed: facts and functions.

    Exactly one of `value`, `values` and `shared` computes an internal metric or a diagnostic, `agreement` an external
    one, and nothing one of kind refit. The author's functions see X as given (float64, read-only); labels are int32,
    clusters 0..k-1, at least two of them. Where a function fails, that labeling has no score, with the reason.

    Attributes
    ----------
    value : callable (X, labels) -> float
        The value of one labeling. Noise rows are left out of X (n, d) and of the labels (n,).
    values : callable (X, labelings) -> sequence of m floats
        The values of all labelings of a space at once, for metrics that share work between them. Rows of the array
        (m, n) are labelings; -1 marks rows that take no part.
    shared : Computation
        Computes several metrics of this package in one pass.
    grows_with_rows : bool
        Whether the value of a partition is proportional to the number of rows. Random partitions of a long table are
        those of a sample of its rows; their values are then multiplied by the share of the table.
    agreement : callable (Contingency) -> float
        The value of one labeling, from the numbers of rows by class and cluster; where it raises `UndefinedScore`,
        there is none.

    Examples
    --------
    >>> widest = Metric(name="widest", direction="lower", formula="largest distance to the cluster's mean",
    ...     value=lambda X, labels: max(abs(X[labels == c] - X[labels == c].mean(0)).max() for c in set(labels)))
    >>> widest.title, widest.family
    ('Widest', 'widest')
    """

    value: Callable[[Floats, Labels], float] | None = None
    values: Callable[[Floats, Labels], Sequence[float] | NDArray[Any]] | None = None
    shared: Computation | None = None
    grows_with_rows: bool = False
    agreement: Callable[[Contingency], float] | None = None

    def __post_init__(self) -> None:
        MetricFacts.__post_init__(self)
        where = f"metric {self.name}"
        for field in ("value", "values", "agreement"):
            if getattr(self, field) is not None and not callable(getattr(self, field)):
                raise RequestError(f"{field} = {getattr(self, field)!r}", where=where, allowed="a function")
        given = [field for field in ("value", "values", "shared") if getattr(self, field) is not None]
        if (self.agreement is not None) != (self.kind is MetricKind.EXTERNAL):
            raise RequestError("agreement and kind external go together", where=where)
        if self.kind not in (MetricKind.INTERNAL, MetricKind.DIAGNOSTIC):
            if given:
                raise RequestError(
                    f"a metric of kind {self.kind} has functions", where=where, allowed="kind internal or diagnostic"
                )
            return
        if len(given) != 1:
            what = f"both {' and '.join(given)} are given" if given else "there is no function to compute it"
            raise RequestError(what, where=where, allowed="one of value = f(X, labels) and values = f(X, labelings)")

    @property
    def facts(self) -> MetricFacts:
        """The plain facts, to be stored with a run."""
        return MetricFacts(**{field.name: getattr(self, field.name) for field in fields(MetricFacts)})

    @property
    def computation(self) -> Computation:
        """What computes an internal metric, possibly together with others."""
        if self.shared is not None:
            return self.shared
        return FunctionComputation(self.name, (self.lower, self.upper), self.value, self.values)
