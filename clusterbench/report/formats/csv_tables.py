"""The tables of a run as CSV: text as it is, numbers that read back bit for bit."""

import pandas as pd

from clusterbench.report.declared_parts import Format
from clusterbench.report.entry_details import labels_file
from clusterbench.report.model import ReportModel
from clusterbench.results import StoredRun
from clusterbench.tables import CELL_KEY, PROVENANCE, checked_cells, checked_scores, csv_text


def run_tables(run: StoredRun) -> dict[str, pd.DataFrame]:
    """Return the tables ``leaderboard``, ``scores`` and ``cells`` of a run, checked against their schemas."""
    return {"leaderboard": run.board.table, "scores": checked_scores(run.scores), "cells": checked_cells(run.cells)}


def wide_scores(run: StoredRun) -> pd.DataFrame:
    """Return one row per cell: its provenance, then a column ``metric@space`` per score, missing without one."""
    names = run.scores["metric"] + "@" + run.scores["space"]
    long = run.scores[CELL_KEY].assign(column=names, value=run.scores["value"])
    wide = long.pivot_table(index=CELL_KEY, columns="column", values="value", sort=False, dropna=False)
    cells = run.cells[[field.name for field in PROVENANCE]]
    return cells.merge(wide[list(dict.fromkeys(names))].reset_index(), on=CELL_KEY, how="left")


def label_files(run: StoredRun) -> dict[str, str]:
    """Return the labels of every entry (first seed) by path: row id and cluster, -1 for noise."""
    files: dict[str, str] = {}
    for dataset, sha in run.board.table[["dataset", "labels_sha256"]].itertuples(index=False):
        labels = run.details.labels.get(sha) if isinstance(sha, str) else None
        if labels is not None and labels_file(sha) not in files:
            row_ids = run.details.row_ids.get(dataset) or range(len(labels))
            files[labels_file(sha)] = csv_text(pd.DataFrame({"row_id": row_ids, "cluster": labels}))
    return files


def _render(report: ReportModel) -> dict[str, str]:
    tables = {**run_tables(report.run), "scores_wide": wide_scores(report.run)}
    return {**{f"{name}.csv": csv_text(table) for name, table in tables.items()}, **label_files(report.run)}


FORMAT = Format(
    "csv",
    _render,
    {
        "leaderboard.csv": "the leaderboard, one row per entry",
        "scores.csv": "every score, one row each",
        "cells.csv": "every cell with its status",
        "scores_wide.csv": "every cell, one column per metric and space",
    },
    order=20,
)
