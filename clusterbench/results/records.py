"""Typed records of a run: what was declared, on what it ran, and what was found. Stored as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import pandas as pd
from pydantic import ConfigDict, TypeAdapter, ValidationError

from clusterbench.datasets import TruthKind
from clusterbench.errors import RequestError
from clusterbench.metrics import EXTERNAL_METRICS, METRICS, NoisePolicy
from clusterbench.ranking import Alert, Gate, RankingSpec
from clusterbench.seeding import RowSample
from clusterbench.structure import StructureFinding
from clusterbench.tables import CLASSES


@dataclass(frozen=True, slots=True)
class DatasetRecord:
    """A table as it took part in a run; `true_k` is the number of known classes, None without them.

    `truth_kind` says where they come from, where that is known.
    """

    content_hash: str
    n_rows: int
    columns: tuple[str, ...]
    source: str
    true_k: int | None
    warnings: tuple[str, ...]
    truth_kind: TruthKind | None = None


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
    sample: RowSample | None = None  # of the rows that were fitted; None is all


@dataclass(frozen=True, slots=True)
class SpaceRecord:
    """A space, and the key under which the scores in it are stored; known classes are the variant ``classes:NAME``."""

    dataset: str
    variant: str
    score_key: str


@dataclass(frozen=True, slots=True)
class FrameRecord:
    """A derived frame in the store, or the scores of a draw: the kind, what it is about, and the key."""

    kind: str
    key: str
    dataset: str = ""
    space: str = ""
    k: int | None = None
    draw: int | None = None


@dataclass(frozen=True, slots=True)
class DeclaredRules:
    """What a benchmark declares of scores and ranks: two runs with equal rules can be compared rank by rank."""

    noise: NoisePolicy
    gate: Gate
    ranking: RankingSpec
    references: Mapping[str, tuple[str, ...]]  # spaces, by dataset
    variants: Mapping[str, str]  # resolved steps, as canonical JSON
    algorithms: Mapping[str, int]  # declared versions of the plug-ins


@dataclass(frozen=True, slots=True)
class RunRecord:
    """Everything that was declared for a run, and the keys of what was computed.

    It suffices to make every table and the leaderboard again from the store, without the data.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(ser_json_inf_nan="constants")

    title: str
    toml: str  # text of the benchmark file
    path: str  # of that file
    selection: str  # the part of the benchmark that was run, in words; "" for all of it
    quick: bool
    only: Mapping[str, tuple[str, ...]]
    seeds: tuple[int, ...]
    gate: Gate
    noise: NoisePolicy  # the declared one
    policies: tuple[NoisePolicy, ...]  # all that were scored
    ranking: RankingSpec
    random_partitions: int  # per k and reference space
    resamples: int  # draws of half of the rows
    datasets: Mapping[str, DatasetRecord]
    variants: Mapping[str, VariantRecord]
    algorithms: Mapping[str, AlgorithmRecord]
    spaces: tuple[SpaceRecord, ...]
    references: Mapping[str, tuple[str, ...]]  # spaces, by dataset
    jobs: tuple[JobRecord, ...]
    warnings: tuple[Alert, ...]
    frames: tuple[FrameRecord, ...] = ()
    structure: tuple[StructureFinding, ...] = ()
    version: Literal[3] = 3

    def score_keys(self) -> dict[tuple[str, str], str]:
        """Return the key of the scores in each space, by dataset and variant."""
        return {(space.dataset, space.variant): space.score_key for space in self.spaces}

    def known_classes(self, dataset: str) -> tuple[str, ...]:
        """Return the names ``classes:NAME`` under which the scores against known classes are stored."""
        return tuple(s.variant for s in self.spaces if s.dataset == dataset and s.variant.startswith(CLASSES))

    def own_metrics(self, scores: pd.DataFrame) -> pd.DataFrame:
        """Return the rows of the metrics of this run, under their names; a store may hold others and other versions."""
        metrics = (*METRICS.values(), *EXTERNAL_METRICS.values(), *self.ranking.facts)
        names = {metric.stored_name: metric.name for metric in metrics}
        known = scores[scores["metric"].isin(names)]
        return known.assign(metric=known["metric"].map(names))

    def frames_of(self, kind: str) -> list[FrameRecord]:
        """Return the derived frames of one kind."""
        return [frame for frame in self.frames if frame.kind == kind]

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
        """Read a stored record; one that is damaged or was written by another version is refused."""
        try:
            return _RUN_RECORD.validate_json(text)
        except (ValidationError, RequestError) as error:
            raise unreadable("record", name) from error


def unreadable(what: str, name: str) -> RequestError:
    """Return the refusal of a stored record or manifest."""
    return RequestError(
        f"the {what} of {name!r} was written by another version of clusterbench, or is damaged",
        allowed="run the benchmark again; finished cells are not fitted again",
    )


_RUN_RECORD: TypeAdapter[RunRecord] = TypeAdapter(RunRecord)
