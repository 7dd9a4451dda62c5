"""The manifest of a run: on what it ran, under which limits, and how many partitions it took."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import TypeAdapter

from clusterbench.environment import Environment
from clusterbench.errors import RequestError
from clusterbench.results.records import DeclaredRules


@dataclass(frozen=True, slots=True)
class PartitionCounts:
    """How many partitions a run asked for, and where they came from.

    Attributes
    ----------
    asked : int
        Cells of the benchmark: cuts x seeds of every fit job.
    fitted : int
        Distinct fits behind them; `shared` cells use the fit of another seed or variant.
    shared : int
    """

    asked: int
    fitted: int
    shared: int


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
    """On what a run ran, and what it took.

    Attributes
    ----------
    environment : Environment
        Of the run that computed something last; each fit job keeps its own.
    finished : str
        When that was, in UTC.
    benchmark_sha256 : str
        Of the text of the benchmark file.
    datasets : mapping of str to str
        Content hashes.
    """

    environment: Environment
    finished: str
    workers: int
    threads: int
    executor: str
    limits: LimitsRecord
    seeds: tuple[int, ...]
    benchmark_sha256: str
    datasets: Mapping[str, str]
    partitions: PartitionCounts
    seconds: StageSeconds
    rules: DeclaredRules

    def to_json(self, *, indent: int | None = None) -> str:
        """Return the manifest as JSON; the facts of the environment are keys beside the others."""
        values = _MANIFEST.dump_python(self, mode="json")
        return json.dumps({**values.pop("environment"), **values}, indent=indent, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str, *, name: str) -> Manifest:
        """Read a stored manifest.

        Raises
        ------
        RequestError
            If it was written by another version.
        """
        try:
            values = json.loads(text)
            environment = {name: values.pop(name) for name in [*values] if name in Environment.__dataclass_fields__}
            return _MANIFEST.validate_python({**values, "environment": environment})
        except (ValueError, TypeError, AttributeError) as error:
            raise RequestError(
                f"the manifest of {name!r} was written by another version of clusterbench, or is damaged",
                allowed="run the benchmark again; finished cells are not fitted again",
            ) from error


_MANIFEST: TypeAdapter[Manifest] = TypeAdapter(Manifest)
