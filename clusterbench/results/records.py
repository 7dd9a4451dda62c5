"""Typed records of a run: what was declared, on what it ran, and what was found. Stored as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

import pandas as pd
from pydantic import ConfigDict, TypeAdapter, ValidationError

from clusterbench.errors import RequestError
from clusterbench.metrics import METRICS, NoisePolicy
from clusterbench.ranking import Alert, Gate, RankingSpec

RECORD_VERSION = 2


@dataclass(frozen=True, slots=True)
class DatasetRecord:
    """A table as it took part in a run; `true_k` is the number of known classes, None without them."""

    content_hash: str
    n_rows: int
    columns: tuple[str, ...]
    source: str
    true_k: int | None
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AlgorithmRecord:
    """What a plug-in declared; `optimises` names the metrics that its objective equals."""

    family: str
    summary: str
    reference: str
    version: int
    optimises: tuple[str, ...]
    control: bool
    noise: bool
    assignment: str


@dataclass(frozen=True, slots=True)
class VariantRecord:
    """A preprocessing pipeline: one line for a reader, and its resolved steps as canonical JSON."""

    description: str
    steps: str


@dataclass(frozen=True, slots=True)
class JobRecord:
    """A fit job; `params` and `cuts` are canonical JSON, `obstacle` says why it was skipped."""

    dataset: str
    variant: str
    algorithm: str
    params: str
    seeds: tuple[int, ...]
    cuts: tuple[str, ...]
    key: str
    space_hash: str
    obstacle: str | None


@dataclass(frozen=True, slots=True)
class SpaceRecord:
    """A space, and the key under which the scores in it are stored."""

    dataset: str
    variant: str
    score_key: str


@dataclass(frozen=True, slots=True)
class FrameRecord:
    """A derived frame in the store: its kind, what it is about, and its key."""

    kind: str
    key: str
    dataset: str = ""
    space: str = ""
    k: int | None = None


@dataclass(frozen=True, slots=True)
class DipRecord:
    """A dip test: statistic, p value, sample size."""

    dip: float
    p: float
    n: int


@dataclass(frozen=True, slots=True)
class ShuffledTable:
    """The first entry's fit job on a table with shuffled columns: best silhouette, best z, inertia by k."""

    silhouette: float | None
    z: float | None
    inertia: Mapping[int, float]


@dataclass(frozen=True, slots=True)
class StructureFinding:
    """Tests for any structure in a dataset.

    Attributes
    ----------
    dataset : str
    first_component, distances : DipRecord
        Dip tests of the first principal component and of the pairwise distances.
    silhouette, z : float, optional
        Best that the first entry's fit job reaches on the table itself.
    shuffled : tuple of ShuffledTable
    """

    dataset: str
    first_component: DipRecord
    distances: DipRecord
    silhouette: float | None = None
    z: float | None = None
    shuffled: tuple[ShuffledTable, ...] = ()


@dataclass(frozen=True, slots=True)
class DeclaredRules:
    """What a benchmark declares of scores and ranks: two runs with equal rules can be compared rank by rank.

    Attributes
    ----------
    noise : NoisePolicy
    gate : Gate
    ranking : RankingSpec
    references : mapping of str to tuple of str
        Reference spaces of each dataset.
    variants : mapping of str to str
        Resolved steps of each variant, as canonical JSON.
    algorithms : mapping of str to int
        Declared version of each plug-in.
    """

    noise: NoisePolicy
    gate: Gate
    ranking: RankingSpec
    references: Mapping[str, tuple[str, ...]]
    variants: Mapping[str, str]
    algorithms: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class RunRecord:
    """Everything that was declared for a run, and the keys of what was computed.

    It suffices to make every table and the leaderboard again from the store, without the data.

    Attributes
    ----------
    title, toml, path : str
        Of the benchmark file.
    selection : str
        The part of the benchmark that was run, in words; "" for all of it. `quick` and `only` are its conditions.
    ranking : RankingSpec
    random_partitions, resamples : int
        Random partitions per k and reference space; refits per entry.
    policies : tuple of NoisePolicy
        All noise policies that were scored; `noise` is the declared one.
    references : mapping of str to tuple of str
        Reference spaces of each dataset.
    frames : tuple of FrameRecord
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(ser_json_inf_nan="constants")

    title: str
    toml: str
    path: str
    selection: str
    quick: bool
    only: Mapping[str, tuple[str, ...]]
    seeds: tuple[int, ...]
    gate: Gate
    noise: NoisePolicy
    policies: tuple[NoisePolicy, ...]
    ranking: RankingSpec
    random_partitions: int
    resamples: int
    datasets: Mapping[str, DatasetRecord]
    variants: Mapping[str, VariantRecord]
    algorithms: Mapping[str, AlgorithmRecord]
    spaces: tuple[SpaceRecord, ...]
    references: Mapping[str, tuple[str, ...]]
    jobs: tuple[JobRecord, ...]
    warnings: tuple[Alert, ...]
    frames: tuple[FrameRecord, ...] = ()
    structure: tuple[StructureFinding, ...] = ()
    version: int = RECORD_VERSION

    def __post_init__(self) -> None:
        if self.version != RECORD_VERSION:
            raise ValueError(f"record version {self.version}")

    def score_keys(self) -> dict[tuple[str, str], str]:
        """Return the key of the scores in each space, by dataset and variant."""
        return {(space.dataset, space.variant): space.score_key for space in self.spaces}

    def own_metrics(self, scores: pd.DataFrame) -> pd.DataFrame:
        """Return the rows of the metrics of this run, under their names; a store may hold others and other versions."""
        names = {metric.stored_name: metric.name for metric in (*METRICS.values(), *self.ranking.facts)}
        known = scores[scores["metric"].isin(names)]
        return known.assign(metric=known["metric"].map(names))

    def frames_of(self, kind: str) -> Iterator[FrameRecord]:
        """Yield the derived frames of one kind."""
        return (frame for frame in self.frames if frame.kind == kind)

    @property
    def rules(self) -> DeclaredRules:
        return DeclaredRules(
            noise=self.noise,
            gate=self.gate,
            ranking=self.ranking,
            references=self.references,
            variants={name: variant.steps for name, variant in self.variants.items()},
            algorithms={name: algorithm.version for name, algorithm in self.algorithms.items()},
        )

    def to_json(self) -> str:
        """Return the record as JSON."""
        return _RUN_RECORD.dump_json(self).decode()

    @classmethod
    def from_json(cls, text: str, *, name: str) -> RunRecord:
        """Read a stored record.

        Raises
        ------
        RequestError
            If it is damaged or was written by another version; the finished cells of the store can still be used.
        """
        try:
            return _RUN_RECORD.validate_json(text)
        except (ValidationError, RequestError) as error:
            raise RequestError(
                f"the record of benchmark {name!r} {_flaw(text)}",
                allowed="run the benchmark again; finished cells are not fitted again",
            ) from error


def _flaw(text: str) -> str:
    """Return why a record cannot be read."""
    try:
        version = json.loads(text).get("version", 1)
    except (ValueError, AttributeError):
        return "is damaged"
    if version == RECORD_VERSION:
        return "is damaged"
    return f"has version {version}, this clusterbench reads version {RECORD_VERSION}"


_RUN_RECORD: TypeAdapter[RunRecord] = TypeAdapter(RunRecord)
