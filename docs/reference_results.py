"""The committed results that the figures of the rules are drawn from."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from clusterbench.tables import CELL_KEY

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

ROOT = Path(__file__).resolve().parent.parent
BOARDS = ("credit-card", "wine", "breast-cancer", "digits")
SPACES = ("standard", "log1p")


@dataclass(frozen=True, slots=True)
class RuleFigure:
    """The figure of one rule."""

    page: str  # stem of the rule's page and of the figure's file
    draw: Callable[[Canvas], str]
    """Returns what the figure shows, in one sentence; its docstring says what is drawn to those who do not see it."""
    height: float = 2.9  # inches


@cache
def table(benchmark: str, name: str) -> pd.DataFrame:
    """Return a committed table of a benchmark."""
    return pd.read_csv(ROOT / "results" / "reference" / benchmark / f"{name}.csv", float_precision="round_trip")


@cache
def manifest(benchmark: str) -> dict[str, Any]:
    """Return the manifest of a committed benchmark."""
    return document(f"results/reference/{benchmark}/manifest.json")


def document(path: str) -> Any:
    """Return a committed JSON document."""
    return json.loads((ROOT / path).read_text(encoding="utf-8"))


def contenders(benchmark: str) -> pd.DataFrame:
    """Return the entries that are no controls, best first."""
    board = table(benchmark, "leaderboard")
    return board[~board["control"]].reset_index(drop=True)


def partitions(benchmark: str) -> pd.DataFrame:
    """Return outcome and scores of every partition of the contenders, all seeds."""
    cells, scores = table(benchmark, "cells"), table(benchmark, "scores_wide")
    added = [column for column in scores if column not in cells]
    whole = cells.merge(scores[[*CELL_KEY, *added]], on=list(CELL_KEY))
    return whole[~whole["algorithm"].isin(manifest(benchmark)["rules"]["ranking"]["controls"])]


def figure_numbers(benchmark: str, figure: str) -> pd.DataFrame:
    """Return the numbers of a figure of a committed report."""
    return pd.read_csv(ROOT / "reports" / "reference" / benchmark / "figures" / f"{figure}.csv")


def structure_silhouettes(benchmark: str) -> tuple[float, float]:
    """Return the silhouette of k-means in the structure test: of the table, and the highest of the drawn tables."""
    text = (ROOT / "reports" / "reference" / benchmark / "leaderboard.md").read_text(encoding="utf-8")
    values = re.search(r"k-means reaches a silhouette of ([\d.]+), and at most ([\d.]+) on 19 tables", text)
    if values is None:
        raise ValueError(f"{benchmark}: the report has no verdict on structure")
    return float(values[1]), float(values[2])
