"""The manifest of a run: on what it ran, under which limits, and how many partitions it took."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import TypeAdapter

from clusterbench.environment import Environment
from clusterbench.results.records import DeclaredRules, unreadable


@dataclass(frozen=True, slots=True)
class PartitionCounts:
    """How many partitions a run asked for, and where they came from."""

    asked: int  # cells of the benchmark: cuts x seeds of every fit job
    fitted: int  # distinct fits behind them
    shared: int  # cells that use the fit of another seed or variant


@dataclass(frozen=True, slots=True)
class StageSeconds:
    """Wall-clock seconds of the stages of the run that computed something last."""

    fitting: float
    scoring: float
    statistics: float


@dataclass(frozen=True, slots=True)
class LimitsRecord:
    """Limits of a fit job; None is no limit."""

    seconds: float | None
    memory_mb: float | None


@dataclass(frozen=True, slots=True)
class Manifest:
    """On what a run ran, and what it took."""

    environment: Environment  # of the run that computed something last; each fit job keeps its own
    finished: str  # when that was, in UTC
    workers: int
    threads: int
    executor: str
    limits: LimitsRecord
    seeds: tuple[int, ...]
    benchmark_sha256: str  # of the text of the benchmark file
    datasets: Mapping[str, str]  # content hashes
    partitions: PartitionCounts
    seconds: StageSeconds
    rules: DeclaredRules

    def to_json(self, *, indent: int | None = None) -> str:
        """Return the manifest as JSON; the facts of the environment are keys beside the others."""
        values = _MANIFEST.dump_python(self, mode="json")
        return json.dumps({**values.pop("environment"), **values}, indent=indent, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str, *, name: str) -> Manifest:
        """Read a stored manifest; one that is damaged or was written by another version is refused."""
        try:
            values = json.loads(text)
            environment = {name: values.pop(name) for name in [*values] if name in Environment.__dataclass_fields__}
            return _MANIFEST.validate_python({**values, "environment": environment})
        except (ValueError, TypeError, AttributeError) as error:
            raise unreadable("manifest", name) from error


_MANIFEST: TypeAdapter[Manifest] = TypeAdapter(Manifest)
