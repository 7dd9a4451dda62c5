"""Sides made by hand: a few entries, cells and scores as plain rows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd
import pytest

from clusterbench.tables import CELL_COLUMNS, SCORE_COLUMNS
from clusterbench.verification import Side

BOARD = ["rank", "rank_low", "rank_high", "dataset", "algorithm", "params", "variant", "k_policy", "cut", "control"]


def sha(name: object) -> str:
    """A labels hash that stands for a name."""
    return hashlib.sha256(str(name).encode()).hexdigest()


def entry(algorithm: str, rank: int, interval: tuple[int, int] | None = None, **other: Any) -> dict[str, Any]:
    """One row of a leaderboard."""
    low, high = interval or (None, None)
    return {
        **{"rank": rank, "rank_low": low, "rank_high": high, "dataset": "wine", "algorithm": algorithm},
        **{"params": "{}", "variant": "raw", "k_policy": "silhouette", "cut": '{"k": 3}', "control": False},
        **{"oracle": False, **other},
    }


def cell(algorithm: str, labels: str | None = "x", **other: Any) -> dict[str, Any]:
    """One row of the cells; `labels` is a name, of which the hash is taken."""
    return {
        **dict.fromkeys(CELL_COLUMNS),
        **{"benchmark": "demo", "dataset": "wine", "variant": "raw", "algorithm": algorithm, "params": "{}"},
        **{"cut": '{"k": 3}', "k": 3, "seed": 0, "labels_sha256": None if labels is None else sha(labels)},
        **{"status": "failed" if labels is None else "ok", "reason": "boom" if labels is None else ""},
        **{"fit_seconds": 1.0, **other},
    }


def score(value: float | None, labels: str = "x", **other: Any) -> dict[str, Any]:
    """One row of the scores."""
    return {
        **dict.fromkeys(SCORE_COLUMNS),
        **{"benchmark": "demo", "dataset": "wine", "variant": "raw", "algorithm": "kmeans", "params": "{}"},
        **{"cut": '{"k": 3}', "k": 3, "seed": 0, "labels_sha256": sha(labels), "space": "standard"},
        **{"metric": "silhouette", "value": value, "status": "ok" if value is not None else "undefined"},
        **{"reason": "" if value is not None else "one cluster", **other},
    }


MakeSide = Callable[..., Side]


@pytest.fixture(scope="session")
def make_side() -> MakeSide:
    """Make a side of rows."""

    def make(
        entries: Sequence[Mapping[str, Any]] = (),
        cells: Sequence[Mapping[str, Any]] = (),
        scores: Sequence[Mapping[str, Any]] = (),
        *,
        name: str = "side",
        **manifest: Any,
    ) -> Side:
        board = pd.DataFrame(entries, columns=[*BOARD, "oracle"])
        whole = dict.fromkeys(("rank", "rank_low", "rank_high"), "Int64")
        return Side(
            name,
            board.astype({**whole, "control": bool, "oracle": bool}),
            pd.DataFrame(cells, columns=list(CELL_COLUMNS)),
            pd.DataFrame(scores, columns=list(SCORE_COLUMNS)).astype({"value": float}),
            json.loads(json.dumps(manifest)),
        )

    return make
