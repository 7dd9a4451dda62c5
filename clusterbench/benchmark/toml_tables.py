"""The tables of a benchmark file, as pydantic checks them; no name is looked up here."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from clusterbench.datasets import DatasetSpec
from clusterbench.metrics import DEFAULT_METRICS, NoisePolicy
from clusterbench.ranking import BETTER_OF, DEFAULT_SCORE, Gate, KPolicy, OrderRule
from clusterbench.tables import OWN, STABILITY


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, use_attribute_docstrings=True)


def expand_range(value: Any) -> Any:
    """Return the list that `{ from = 2, to = 10 }` stands for, both ends included; anything else as it is.

    Raises ValueError if an end is no integer, or the range is empty or runs past 10,000 values.
    """
    if not isinstance(value, dict):
        return value
    if set(value) != {"from", "to"} or not all(type(end) is int for end in value.values()):
        raise ValueError("a range is { from = 2, to = 10 }")
    if not value["from"] <= value["to"] <= value["from"] + 10_000:
        raise ValueError(f"the range from {value['from']} to {value['to']} is empty or very long")
    return list(range(value["from"], value["to"] + 1))


class NoiseTable(_Table):
    """`[noise]`: what rows labelled -1 do to a score, and which other policies are computed beside it."""

    policy: NoisePolicy = NoisePolicy.ZERO
    """what noise rows (-1) do to a score: see [rule 3](../rules/noise.md)"""
    also: tuple[NoisePolicy, ...] = tuple(NoisePolicy)
    """further policies that are computed and shown beside it"""

    @property
    def policies(self) -> tuple[NoisePolicy, ...]:
        return tuple(dict.fromkeys((self.policy, *self.also)))


class RankingTable(_Table):
    """`[ranking]`: how k is chosen, how entries are ordered and how votes are weighed."""

    k_policies: tuple[KPolicy, ...] = Field(default=(KPolicy.SCORE,), min_length=1)
    """how the k of each entry is chosen; several give several entries"""
    fixed_k: int | None = Field(default=None, ge=2)
    """number of clusters for the k policy `fixed`"""
    order: OrderRule = OrderRule.SCORE
    """what entries are ordered by"""
    score: dict[str, Annotated[float, Field(gt=0)]] = Field(default=dict(DEFAULT_SCORE), min_length=1)
    """weights of metrics and of `stability`, for the order and the k policy `score`; `a|b` is the better of two"""
    weights: dict[str, Annotated[float, Field(ge=0)]] = Field(default_factory=dict)
    """weights of families of metrics in the mean rank; 1 for one that is not named"""
    bootstraps: int = Field(default=1000, ge=0, le=10_000)
    """simulated samples behind the rank intervals; 0: no intervals"""
    random_partitions: int = Field(default=50, ge=0, le=10_000)
    """random partitions of each kind, per k and reference space, behind z; 0: no z"""
    seed: int = Field(default=0, ge=0)
    """seed of all draws of the statistics"""

    @property
    def used_score(self) -> dict[str, float]:
        """The score, where k or the order rests on it."""
        return self.score if self.order is OrderRule.SCORE or KPolicy.SCORE in self.k_policies else {}

    @property
    def score_metrics(self) -> tuple[str, ...]:
        """The metrics that make up the used score."""
        names = (name for part in self.used_score for name in part.split(BETTER_OF))
        return tuple(dict.fromkeys(name for name in names if name != STABILITY))

    @model_validator(mode="after")
    def _fixed_k_given(self) -> RankingTable:
        if (KPolicy.FIXED in self.k_policies) != (self.fixed_k is not None):
            raise ValueError("'fixed_k' and the k policy 'fixed' go together")
        if KPolicy.CALIBRATED in self.k_policies and self.random_partitions < 2:
            raise ValueError("the k policy 'calibrated' needs random_partitions of at least 2")
        return self


class StabilityTable(_Table):
    """`[stability]`: draws of half of the rows, to which every cut that passes the gate is fitted."""

    resamples: int = Field(default=10, ge=0, le=1000, multiple_of=2)
    """number of draws; even, since two are complementary halves; 0: none"""


class StructureTable(_Table):
    """`[structure]`: tables drawn without clusters, which keep columns and rank correlations, to compare with."""

    permutations: int = Field(default=19, ge=0, le=1000)
    """number of tables; a verdict needs 19; 0: no verdict"""


class LimitsTable(_Table):
    """`[limits]`: what one fit job may use; a job that passes a limit is killed. `inf` is no limit."""

    seconds: float | None = Field(default=None, gt=0)
    """seconds of fitting; by default 3,600"""
    memory_mb: float | None = Field(default=None, gt=0)
    """MB; by default 90 % of the memory, shared by the workers"""


class FitTable(_Table):
    """`[fit]`: how an algorithm is fitted to a table longer than the limit that it declares.

    It is fitted to random rows, at most as many as its limit, and its own rule assigns the others.
    """

    sample: int = Field(default=10_000, ge=0)
    """rows to which it is fitted; 0: it is skipped"""
    max_rows: dict[str, Annotated[int, Field(ge=1)]] = Field(default_factory=dict)
    """other limits, by algorithm: `{ dbscan = 500_000 }`"""


class AlgorithmTable(BaseModel):
    """One `[[algorithms]]` table; further keys are the algorithm's own arguments."""

    model_config = ConfigDict(extra="allow", frozen=True, use_attribute_docstrings=True)

    use: str
    """name of the algorithm; `clusterbench list` names them"""
    variants: tuple[str, ...] | None = None
    """variants that it is fitted in; by default all"""
    datasets: tuple[str, ...] | None = None
    """tables that it is fitted to, by name; by default all"""

    @property
    def arguments(self) -> dict[str, Any]:
        return dict(self.model_extra or {})


class BenchmarkFile(_Table):
    """A whole file, as it is written."""

    title: str | None = Field(default=None, min_length=1)
    """title of the page; by default the name of the file"""
    seeds: tuple[Annotated[int, Field(ge=0, lt=2**32)], ...] = Field(default=(0,), min_length=1)
    """seeds of algorithms, given to them as `random_state`; a list, or a range `{ from = 0, to = 9 }`"""
    k: tuple[Annotated[int, Field(ge=2)], ...] = Field(default=tuple(range(2, 11)), min_length=1)
    """numbers of clusters; a list, or a range `{ from = 2, to = 10 }`"""
    reference_spaces: tuple[str, ...] | None = Field(default=None, min_length=1)
    """variants in which scores are ranked; by default `standard` and `log1p`"""
    metrics: tuple[str, ...] = Field(default=DEFAULT_METRICS, min_length=1)
    """metrics of the mean rank; `clusterbench list` names them"""
    datasets: tuple[DatasetSpec, ...] = Field(min_length=1)
    """the tables"""
    variants: dict[str, list[dict[str, Any]]] | None = Field(default=None, min_length=1)
    """preprocessing: lists of steps by name; by default the six that `clusterbench list` names"""
    algorithms: tuple[AlgorithmTable, ...] = Field(min_length=1)
    """the algorithms, each with its arguments"""
    noise: NoiseTable = NoiseTable()
    """rules for noise rows"""
    gate: Gate = Gate()
    """limits that a labeling must keep to be ranked"""
    ranking: RankingTable = RankingTable()
    """rules of the ranking"""
    stability: StabilityTable = StabilityTable()
    """draws of half of the rows"""
    structure: StructureTable = StructureTable()
    """tests of structure"""
    fit: FitTable = FitTable()
    """fits to tables longer than the limit of an algorithm"""
    limits: LimitsTable = LimitsTable()
    """limits of a fit job"""

    @field_validator("seeds", "metrics", "reference_spaces")
    @classmethod
    def _distinct(cls, values: tuple[Any, ...] | None) -> tuple[Any, ...] | None:
        if values is not None and len(set(values)) != len(values):
            raise ValueError(f"{list(values)} names something twice")
        return values

    @field_validator("variants")
    @classmethod
    def _no_reserved_name(cls, value: dict[str, Any] | None) -> dict[str, Any] | None:
        if value is not None and OWN in value:
            raise ValueError(f"{OWN!r} means the own space of each competitor in every table; use another name")
        return value

    @field_validator("k", "seeds", mode="before")
    @classmethod
    def _range(cls, value: Any) -> Any:
        return expand_range(value)
