"""The tables of a benchmark file, as pydantic checks them; no name is looked up here."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from clusterbench.datasets import DatasetSpec
from clusterbench.metrics import DEFAULT_METRICS, NoisePolicy
from clusterbench.ranking import BETTER_OF, DEFAULT_SCORE, Gate, KPolicy, OrderRule
from clusterbench.tables import OWN, STABILITY


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


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
    also: tuple[NoisePolicy, ...] = tuple(NoisePolicy)

    @property
    def policies(self) -> tuple[NoisePolicy, ...]:
        return tuple(dict.fromkeys((self.policy, *self.also)))


class RankingTable(_Table):
    """`[ranking]`: how k is chosen, how entries are ordered and how votes are weighed.

    `score` gives weights of metrics and `stability` for the order and k policy `score`; ``a|b`` is the better of two.
    `random_partitions` is the number of each kind, per k and reference space, against which scores are calibrated (0:
    not calibrated); `bootstraps` the simulated samples behind rank intervals (0: none).
    """

    k_policies: tuple[KPolicy, ...] = Field(default=(KPolicy.SCORE,), min_length=1)
    fixed_k: int | None = Field(default=None, ge=2)
    order: OrderRule = OrderRule.SCORE
    score: dict[str, Annotated[float, Field(gt=0)]] = Field(default=dict(DEFAULT_SCORE), min_length=1)
    weights: dict[str, Annotated[float, Field(ge=0)]] = Field(default_factory=dict)
    bootstraps: int = Field(default=1000, ge=0, le=10_000)
    random_partitions: int = Field(default=50, ge=0, le=10_000)
    seed: int = Field(default=0, ge=0)

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
    """`[stability]`: draws of half of the rows, to which every cut that passes the gate is fitted; 0 switches it off.

    Two draws are complementary halves, so their number is even.
    """

    resamples: int = Field(default=10, ge=0, le=1000, multiple_of=2)


class StructureTable(_Table):
    """`[structure]`: tables drawn without clusters to compare the first entry with; 0 switches the structure tests off.

    Each permutes all columns of the table so that their rank correlations stay. A verdict needs 19.
    """

    permutations: int = Field(default=19, ge=0, le=1000)


class LimitsTable(_Table):
    """`[limits]`: what one fit job may use; a job that passes a limit is killed. `inf` is no limit.

    Defaults: 3,600 seconds, and 90 % of the memory shared by the workers.
    """

    seconds: float | None = Field(default=None, gt=0)
    memory_mb: float | None = Field(default=None, gt=0)


class AlgorithmTable(BaseModel):
    """One `[[algorithms]]` table; further keys are the algorithm's own arguments."""

    model_config = ConfigDict(extra="allow", frozen=True)

    use: str
    variants: tuple[str, ...] | None = None

    @property
    def arguments(self) -> dict[str, Any]:
        return dict(self.model_extra or {})


class BenchmarkFile(_Table):
    """A whole file, as it is written."""

    title: str | None = Field(default=None, min_length=1)  # by default the name of the file
    seeds: tuple[Annotated[int, Field(ge=0, lt=2**32)], ...] = Field(default=(0,), min_length=1)
    k: tuple[Annotated[int, Field(ge=2)], ...] = Field(default=tuple(range(2, 11)), min_length=1)
    reference_spaces: tuple[str, ...] | None = Field(default=None, min_length=1)
    metrics: tuple[str, ...] = Field(default=DEFAULT_METRICS, min_length=1)
    datasets: tuple[DatasetSpec, ...] = Field(min_length=1)
    variants: dict[str, list[dict[str, Any]]] | None = Field(default=None, min_length=1)
    algorithms: tuple[AlgorithmTable, ...] = Field(min_length=1)
    noise: NoiseTable = NoiseTable()
    gate: Gate = Gate()
    ranking: RankingTable = RankingTable()
    stability: StabilityTable = StabilityTable()
    structure: StructureTable = StructureTable()
    limits: LimitsTable = LimitsTable()

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
