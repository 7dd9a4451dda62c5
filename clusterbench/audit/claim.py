"""A published claim, as a TOML file declares it: the table, the pipeline, the algorithm and the numbers."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from clusterbench.benchmark import explain
from clusterbench.datasets import DatasetSpec
from clusterbench.errors import RequestError, request_errors, unknown
from clusterbench.metrics import METRICS
from clusterbench.naming import Cut
from clusterbench.plugins import Algorithm, Registry

COUNTS = ("clusters", "noise", "rows")
"""Numbers of rows or clusters that a result may state."""
_NUMBERS = (*METRICS, "inertia", *COUNTS)
_OF_RESULT = ("sizes", "conclusion", "algorithm")


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class RowFilter(_Table):
    """One `[[filters]]` table: which rows were kept, by one column."""

    column: str
    iqr: float | None = Field(default=None, gt=0)  # within so many interquartile ranges of the quartiles
    low: float | None = None
    high: float | None = None
    equals_sum: tuple[str, ...] | None = Field(default=None, min_length=1)  # of these columns, both as whole numbers

    @model_validator(mode="after")
    def _one_rule(self) -> RowFilter:
        given = [self.iqr is not None, self.low is not None or self.high is not None, self.equals_sum is not None]
        if sum(given) != 1:
            raise ValueError("a filter has iqr, or low and high, or equals_sum")
        return self

    @property
    def words(self) -> str:
        """The rule in a few words."""
        if self.iqr is not None:
            return f"{self.column} within {self.iqr:g} interquartile ranges of its quartiles"
        if self.equals_sum is not None:
            return f"{self.column} is the sum of {' and '.join(self.equals_sum)}, in whole numbers"
        ends = [f"{name} {value:g}" for name, value in (("from", self.low), ("to", self.high)) if value is not None]
        return f"{self.column} {' '.join(ends)}"


class ClaimFile(_Table):
    """A whole file, as it is written."""

    title: str = Field(min_length=1)
    source: str = ""  # who published it, where
    quotes: tuple[str, ...] = ()  # what the publication says, word for word
    dataset: DatasetSpec
    filters: tuple[RowFilter, ...] = ()
    steps: list[dict[str, Any]] | None = None  # the space in which it was fitted; not stated: None
    scored_in: list[dict[str, Any]] | None = None  # the space of the scores, where it is claimed to be another one
    algorithm: dict[str, Any] = Field(default_factory=dict)
    results: tuple[dict[str, Any], ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class ClaimedResult:
    """One clustering with the numbers that were published of it."""

    algorithm: Algorithm
    params: dict[str, Any]  # as stated; the others have their defaults
    cut: Cut
    seed: int | None  # None: not stated
    numbers: Mapping[str, Decimal]  # with the digits that were printed
    sizes: tuple[int, ...] | None  # rows per cluster, largest first
    is_conclusion: bool  # whether chance, controls and stability are asked about

    @property
    def name(self) -> str:
        """Algorithm, arguments and cut, as text."""
        given = "".join(f", {name} = {value}" for name, value in self.params.items())
        return f"{self.algorithm.name} with {self.cut.name} = {self.cut.value}{given}"


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim with its names looked up."""

    path: Path
    declared: ClaimFile
    results: tuple[ClaimedResult, ...]
    registry: Registry


def load_claim(path: Path, registry: Registry) -> Claim:
    """Read a claim; RequestError names file, key, what was given and what is allowed."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        raw, printed = tomllib.loads(text), tomllib.loads(text, parse_float=Decimal)
    except OSError as error:
        raise RequestError(f"cannot read {str(path)!r}: {error.strerror}") from error
    except ValueError as error:
        raise RequestError(f"not valid TOML: {error}", where=str(path)) from error
    try:
        declared = ClaimFile.model_validate(raw)
        flagged = any("conclusion" in table for table in declared.results)
        results = [
            _result(declared, table, digits, registry, where=f"results[{number}]", is_flagged=flagged)
            for number, (table, digits) in enumerate(zip(declared.results, printed["results"], strict=True), start=1)
        ]
    except ValidationError as error:
        raise explain(error, ClaimFile, str(path)) from error
    except RequestError as error:
        raise error.within(str(path)) from error
    return Claim(path, declared, tuple(results), registry)


def _result(
    file: ClaimFile, table: Mapping[str, Any], printed: Mapping[str, Any], registry: Registry, *, where: str,
    is_flagged: bool,
) -> ClaimedResult:  # fmt: skip
    own = dict(table.get("algorithm", {}))
    given = own if "use" in own else {**file.algorithm, **own}
    if "use" not in given:
        raise RequestError("no algorithm is named", where=f"{where}: algorithm", allowed='use = "kmeans"')
    with request_errors(str(given["use"]), where=where):
        algorithm = registry.algorithms[given.pop("use")]
        seed = given.pop("seed", None)
        cuts = {cut.name: cut for cut in algorithm.cuts}
        named = {**given, **{name: value for name, value in table.items() if name in cuts}}
        found = [Cut(name, named[name]) for name in cuts if name in named]
        if len(found) != 1:
            raise RequestError(f"{len(found)} of its cuts are given", allowed=f"one of {', '.join(cuts)}")
        [cut] = found
        if complaint := algorithm.cut_complaint(cuts[cut.name], cut.value):
            raise RequestError(f"{cut.name} = {cut.value!r} cannot be run", allowed=complaint)
        params = {name: value for name, value in given.items() if name not in cuts}
        algorithm.resolve(params)
        known = [*_NUMBERS, *_OF_RESULT, *cuts]
        for name in table:
            if name not in known:
                raise unknown("number or cut", name, known)
    return ClaimedResult(
        algorithm=algorithm,
        params=params,
        cut=cut,
        seed=seed,
        numbers={name: _decimal(printed[name], f"{where}: {name}") for name in _NUMBERS if name in printed},
        sizes=_sizes(table.get("sizes"), where),
        is_conclusion=bool(table.get("conclusion", not is_flagged)),
    )


def _decimal(value: object, where: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise RequestError(f"{value!r} is no number", where=where)
    return Decimal(value)


def _sizes(value: Sequence[Any] | None, where: str) -> tuple[int, ...] | None:
    if value is None:
        return None
    if not isinstance(value, list) or not all(type(size) is int and size > 0 for size in value):
        raise RequestError(f"sizes = {value!r}", where=where, allowed="rows per cluster, such as [60, 40]")
    return tuple(sorted(value, reverse=True))
