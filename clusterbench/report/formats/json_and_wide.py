"""The leaderboard for other programs: one JSON document, and the scores with one column per metric and space."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from clusterbench.report.csv_text import to_csv
from clusterbench.report.printed import is_nothing
from clusterbench.report.report_entries import Entry, sections_of
from clusterbench.results import Run
from clusterbench.tables import PROVENANCE

JSON_VERSION = 1


def leaderboard_json(run: Run) -> str:
    """Return the leaderboard with what belongs to it as one JSON document; a missing value is null."""
    board = run.board
    document = {
        "version": JSON_VERSION,
        "benchmark": run.name,
        "title": run.record.title,
        "selection": run.record.selection,
        "datasets": list(run.record.datasets),
        "headline": board.headline,
        "alerts": [str(alert) for alert in board.alerts],
        "notes": list(board.notes),
        "cells": {str(name): int(count) for name, count in run.cells["status"].value_counts().sort_index().items()},
        "columns": [
            {"name": column.name, "title": column.title, "explanation": column.explanation, "ranked": column.ranked}
            for column in board.columns
        ],
        "boards": [
            {
                "dataset": section.dataset,
                "oracle": section.oracle,
                "headline": board.headlines.get(section.dataset, ""),
                "entries": [_entry(entry) for entry in section.entries],
            }
            for section in sections_of(run)
        ],
        "rejected": _records(board.rejected),
        "sensitivity": _records(board.sensitivity),
    }
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def wide_scores(run: Run) -> str:
    """Return one row per cell as CSV: its provenance, then a column ``metric@space`` per score, empty without one."""
    names = [field.name for field in PROVENANCE]
    keys = list(zip(*(run.cells[name].tolist() for name in _KEY), strict=True))
    places = {key: row for row, key in enumerate(keys)}
    columns: dict[str, list[float]] = {}
    parts = (run.scores[name].tolist() for name in (*_KEY, "metric", "space", "value"))
    for *key, metric, space, value in zip(*parts, strict=True):
        column = columns.setdefault(f"{metric}@{space}", [math.nan] * len(keys))
        if tuple(key) in places:
            column[places[tuple(key)]] = value
    return to_csv([*names, *columns], [*(run.cells[name].tolist() for name in names), *columns.values()])


_KEY = ("dataset", "variant", "algorithm", "params", "cut", "seed")


def _entry(entry: Entry) -> dict[str, Any]:
    return {**{name: plain(value) for name, value in entry.row.items()}, "sizes": list(entry.sizes)}


def _records(frame: pd.DataFrame) -> list[Mapping[str, Any]]:
    return [{str(name): plain(value) for name, value in row.items()} for row in frame.to_dict("records")]


def plain(value: Any) -> Any:
    """Return a value of a table as JSON knows it."""
    if is_nothing(value):
        return None
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    return str(value)
