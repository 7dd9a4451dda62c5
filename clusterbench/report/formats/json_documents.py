"""The leaderboard and the manifest for other programs, as JSON."""

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd

from clusterbench.ranking import Alert, Column
from clusterbench.report.declared_parts import Format
from clusterbench.report.model import ReportModel
from clusterbench.report.number_text import JsonScalar, json_value
from clusterbench.structure import StructureFinding

JSON_VERSION = 2


def leaderboard_json(report: ReportModel) -> str:
    """Return the leaderboard with everything that belongs to it as one JSON document.

    A missing value is null, an infinite one the string "Infinity" or "-Infinity".
    """
    run, board = report.run, report.run.board
    document = {
        "version": JSON_VERSION,
        "benchmark": run.name,
        "title": run.record.title,
        "selection": run.record.selection,
        "datasets": list(run.record.datasets),
        "headline": board.headline,
        "rule": report.rule,
        "trust": dict(report.trust),
        "alerts": [_facts(alert, "kind", "severity", "text", "dataset", "oracle") for alert in board.alerts],
        "structure": [
            {**_facts(finding, "dataset", "verdict", "text", "p"), "columns": list(finding.columns)}
            for finding in run.record.structure
        ],
        "notes": list(board.notes),
        "cells": {str(name): int(count) for name, count in run.cells["status"].value_counts().sort_index().items()},
        "columns": [_facts(column, "name", "title", "explanation", "ranked") for column in board.columns],
        "boards": [
            {
                "dataset": one.board.dataset,
                "oracle": one.board.oracle,
                "headline": board.headlines.get(one.board.dataset, ""),
                "entries": [{**_record(entry.row), "sizes": list(entry.sizes)} for entry in one.board.entries],
            }
            for one in report.boards
        ],
        "rejected": _records(board.rejected),
        "sensitivity": _records(board.sensitivity),
    }
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _facts(record: Alert | Column | StructureFinding, *names: str) -> dict[str, JsonScalar]:
    return {name: getattr(record, name) for name in names}


def _record(row: Mapping[Any, object]) -> dict[str, JsonScalar]:
    return {str(name): json_value(value) for name, value in row.items()}


def _records(frame: pd.DataFrame) -> list[dict[str, JsonScalar]]:
    return [_record(row) for row in frame.to_dict("records")]


def _render(report: ReportModel) -> dict[str, str]:
    manifest = report.run.manifest.to_json(indent=2) + "\n"
    return {"leaderboard.json": leaderboard_json(report), "manifest.json": manifest}


FORMAT = Format(
    "json",
    _render,
    {
        "leaderboard.json": "the leaderboard with its alerts, notes, rejected entries and sensitivity",
        "manifest.json": "versions, machine, timings, rules",
    },
    order=25,
)
