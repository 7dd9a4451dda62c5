"""Sides made by hand: a few entries, cells and scores as plain rows."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd
import pytest

from clusterbench.environment import Environment
from clusterbench.metrics import NoisePolicy
from clusterbench.ranking import Gate, KPolicy, RankingSpec
from clusterbench.results import DeclaredRules, LimitsRecord, Manifest, PartitionCounts, StageSeconds
from clusterbench.tables import BOARD_SCHEMA, CELL_COLUMNS, SCORE_COLUMNS
from clusterbench.verification import Side

RULES = DeclaredRules(
    noise=NoisePolicy.ZERO,
    gate=Gate(),
    ranking=RankingSpec(("standard",), k_policies=(KPolicy.SILHOUETTE,)),
    references={"wine": ("standard",)},
    variants={"raw": "[]"},
    algorithms={"kmeans": 1},
)
ENVIRONMENT = Environment("1", "3.11", {"numpy": "1"}, "Linux", "x", 2, None)
MANIFEST = Manifest(
    environment=ENVIRONMENT,
    finished="2026-01-01T00:00:00+00:00",
    workers=1,
    threads=1,
    executor="processes",
    limits=LimitsRecord(None, None),
    seeds=(0,),
    benchmark_sha256="b",
    datasets={"wine": "1"},
    partitions=PartitionCounts(1, 1, 0),
    seconds=StageSeconds(1.0, 1.0, 1.0),
    rules=RULES,
)


def sha(name: object) -> str:
    """Return a labels hash made from a name."""
    return hashlib.sha256(str(name).encode()).hexdigest()


def entry(algorithm: str, rank: int, interval: tuple[int, int] | None = None, **other: Any) -> dict[str, Any]:
    """Return one row of a leaderboard."""
    low, high = interval or (None, None)
    return {
        **{"rank": rank, "rank_low": low, "rank_high": high, "dataset": "wine", "algorithm": algorithm},
        **{"params": "{}", "variant": "raw", "k_policy": "silhouette", "cut": '{"k": 3}', "control": False},
        **{"oracle": False, **other},
    }


def cell(algorithm: str, labels: str | None = "x", **other: Any) -> dict[str, Any]:
    """Return one row of the cells; its labels hash is made from the name `labels`."""
    return {
        **dict.fromkeys(CELL_COLUMNS),
        **{"benchmark": "demo", "dataset": "wine", "variant": "raw", "algorithm": algorithm, "params": "{}"},
        **{"cut": '{"k": 3}', "k": 3, "seed": 0, "labels_sha256": None if labels is None else sha(labels)},
        **{"status": "failed" if labels is None else "ok", "reason": "boom" if labels is None else ""},
        **{"fit_seconds": 1.0, **other},
    }


def score(value: float | None, labels: str = "x", **other: Any) -> dict[str, Any]:
    """Return one row of the scores."""
    return {
        **dict.fromkeys(SCORE_COLUMNS),
        **{"benchmark": "demo", "dataset": "wine", "variant": "raw", "algorithm": "kmeans", "params": "{}"},
        **{"cut": '{"k": 3}', "k": 3, "seed": 0, "labels_sha256": sha(labels), "space": "standard"},
        **{"metric": "silhouette", "value": value, "status": "ok" if value is not None else "undefined"},
        **{"reason": "" if value is not None else "one cluster", **other},
    }


Rows = Sequence[Mapping[str, Any]]
MakeSide = Callable[..., Side]


@pytest.fixture(scope="session")
def make_side() -> MakeSide:
    """Make a side from rows."""

    def make(
        entries: Rows = (), cells: Rows = (), scores: Rows = (), *, name: str = "side", manifest: Manifest = MANIFEST
    ) -> Side:
        board = pd.DataFrame(entries, columns=[field.name for field in BOARD_SCHEMA])
        ranks = dict.fromkeys(("rank", "rank_low", "rank_high"), "Int64")
        table = pd.DataFrame(cells, columns=[*CELL_COLUMNS, "environment"])
        return Side(
            name,
            board.astype({**ranks, "control": bool, "oracle": bool}),
            table.assign(environment=table["environment"].fillna(manifest.to_json())),
            pd.DataFrame(scores, columns=list(SCORE_COLUMNS)).astype({"value": float}),
            manifest,
        )

    return make
