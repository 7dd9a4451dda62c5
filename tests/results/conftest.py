"""Builders of small records of a run, and of the cells that a store holds for them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clusterbench.environment import Environment, GitState
from clusterbench.execution import CellStatus, CutDone
from clusterbench.labeling import Labeling
from clusterbench.metrics import NoisePolicy
from clusterbench.ranking import Gate, RankingSpec
from clusterbench.results import (
    DatasetRecord,
    JobRecord,
    LimitsRecord,
    Manifest,
    PartitionCounts,
    RunRecord,
    SpaceRecord,
    StageSeconds,
)
from clusterbench.store import Store

N = 100
SPACES = {"raw": "a" * 64, "standard": "b" * 64, "log1p": "c" * 64}


def job(letter: str, ks: list[int], **changes: Any) -> JobRecord:
    """Return a recorded job whose key is one letter, many times."""
    planned = {
        "dataset": "cards",
        "variant": "raw",
        "algorithm": f"algorithm_{letter}",
        "params": "{}",
        "seeds": (0,),
        "cuts": tuple(f'{{"k": {k}}}' for k in ks),
        "key": letter * 64,
        "space_hash": "f" * 64,
        "obstacle": None,
    }
    return JobRecord(**{**planned, **changes})


def dataset(n_rows: int, content_hash: str = "d" * 64) -> DatasetRecord:
    return DatasetRecord(content_hash, n_rows, ("a", "b"), "here", None, ())


def spaces(**keys: dict[str, str]) -> tuple[SpaceRecord, ...]:
    """Return the spaces of each dataset, from the score key of each variant."""
    return tuple(SpaceRecord(name, variant, key) for name, made in keys.items() for variant, key in made.items())


def references(*names: str) -> dict[str, tuple[str, ...]]:
    return {"cards": names}


def record_of(*jobs: JobRecord, **changes: Any) -> RunRecord:
    """Return a record of some jobs on the table `cards` of `N` rows."""
    values = {
        "title": "Cards",
        "toml": "",
        "path": "cards.toml",
        "selection": "",
        "quick": False,
        "only": {},
        "seeds": (0,),
        "gate": Gate(),
        "noise": NoisePolicy.ZERO,
        "policies": (NoisePolicy.ZERO, NoisePolicy.DROP),
        "ranking": RankingSpec(("standard", "log1p")),
        "random_partitions": 0,
        "resamples": 0,
        "datasets": {"cards": dataset(N)},
        "variants": {},
        "algorithms": {},
        "spaces": spaces(cards=SPACES),
        "references": references("standard", "log1p"),
        "jobs": jobs,
        "warnings": (),
    }
    return RunRecord(**{**values, **changes})


MANIFEST = Manifest(
    environment=Environment("1.0", "3.11.9", {"numpy": "1.26.4"}, "Linux x86_64", "a CPU", 2, GitState("ab12", True)),
    finished="2026-01-02T03:04:05+00:00",
    workers=2,
    threads=1,
    executor="processes",
    limits=LimitsRecord(None, 900.0),
    seeds=(0, 7),
    benchmark_sha256="e" * 64,
    datasets={"cards": "d" * 64},
    partitions=PartitionCounts(asked=12, fitted=8, shared=4),
    seconds=StageSeconds(1.5, 0.25, 0.0),
    rules=record_of().rules,
)


def labels_of(*sizes: int, noise: int = 0) -> Labeling:
    return Labeling.of(np.repeat([-1, *range(len(sizes))], [noise, *sizes]))


def done(letter: str, k: int, labeling: Labeling | None, **changes: Any) -> CutDone:
    """Return the outcome of a cell of the job `letter`."""
    values = {
        "key": letter * 64,
        "cut": f'{{"k": {k}}}',
        "status": CellStatus.OK,
        "reason": "",
        "labeling": labeling,
        "seconds": 0.5,
        "inertia": 7.0,
        "info": {"n_iter": 3},
        "build_seconds": 0.25,
        "peak_mb": 2.0,
    }
    return CutDone(**{**values, **changes})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.writer(tmp_path) as opened:
        yield opened
