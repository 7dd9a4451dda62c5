"""What is written to disk: the page, the Markdown, the tables and the figures of a run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TextIO

import pandas as pd

from clusterbench.errors import RequestError
from clusterbench.naming import path_inside
from clusterbench.report.atomic_files import write_atomically
from clusterbench.report.closeup import labels_file
from clusterbench.report.csv_text import field, to_csv
from clusterbench.report.figures.selection_of_figures import figures_of
from clusterbench.report.formats.html_page import render_page
from clusterbench.report.formats.json_and_wide import leaderboard_json, wide_scores
from clusterbench.report.formats.latex_table import latex
from clusterbench.report.formats.markdown_text import markdown
from clusterbench.report.report_entries import sections_of
from clusterbench.results import Run
from clusterbench.tables import checked_cells, checked_scores


def write_report(run: Run, folder: Path) -> list[Path]:
    """Write the report of a run: page, Markdown, tables, manifest and figures.

    Parameters
    ----------
    run : Run
    folder : Path
        Made where it is not there. Every file is written whole or not at all.

    Returns
    -------
    list of Path
        ``index.html`` first, then ``leaderboard.md``, the tables, the labels of every entry, the figures.

    Raises
    ------
    RequestError
        If the folder cannot be written.
    SchemaError
        If a table of the run does not keep to its schema; nothing is written then.
    """
    tables = _tables(run)
    sections = sections_of(run)
    figures = figures_of(run, sections)
    texts = {"index.html": render_page(run, sections, figures), "leaderboard.md": markdown(run), **tables}
    texts |= {"leaderboard.json": leaderboard_json(run), "leaderboard.tex": latex(run)}
    texts |= {"scores_wide.csv": wide_scores(run), **_labels(run)}
    for pictures in figures.values():
        texts |= {f"figures/{picture.name}.svg": picture.file for picture in pictures}
    return [write_atomically(path_inside(folder, name), text) for name, text in texts.items()]


def export_csv(run: Run, folder: Path) -> list[Path]:
    """Write ``scores.csv``, ``cells.csv``, ``leaderboard.csv`` and ``manifest.json``.

    The columns of the first two are `SCORE_SCHEMA` and `CELL_SCHEMA`, exactly; those of the leaderboard are the
    columns of ``run.board.table``, rank first. Rows stand in the order of the benchmark.

    Raises
    ------
    RequestError
        If the folder cannot be written.
    SchemaError
        If a table does not keep to its schema; nothing is written then.
    """
    return [write_atomically(path_inside(folder, name), text) for name, text in _tables(run).items()]


def write_table(frame: pd.DataFrame, out: Path | TextIO) -> None:
    """Write any frame as CSV in the house form, to a file or an open stream."""
    text = frame_csv(frame)
    if isinstance(out, Path):
        write_atomically(out, text)
    else:
        out.write(text)


def frame_csv(frame: pd.DataFrame) -> str:
    """Return a frame as CSV, its columns in order, without its index."""
    return to_csv([str(name) for name in frame.columns], [frame[name].tolist() for name in frame.columns])


def check_writable(folder: Path) -> None:
    """Refuse a folder for reports that cannot be written, before hours of work are done for it.

    Raises
    ------
    RequestError
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RequestError(f"reports folder {str(folder)!r} cannot be made: {error.strerror}") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise RequestError(f"reports folder {str(folder)!r} cannot be written", allowed="a folder that can be written")


def _labels(run: Run) -> dict[str, str]:
    """Return the labels of every entry (first seed) as CSV: row id and cluster, -1 for noise."""
    files: dict[str, str] = {}
    ids: dict[str, list[str]] = {}
    for dataset, sha in run.board.table[["dataset", "labels_sha256"]].itertuples(index=False):
        labels = run.details.labels.get(sha) if isinstance(sha, str) else None
        if labels is None or labels_file(sha) in files:
            continue
        known = run.details.row_ids.get(dataset)
        names = ids.setdefault(dataset, [field(row) for row in (known or range(len(labels)))])
        rows = (f"{name},{label}" for name, label in zip(names, labels.tolist(), strict=True))
        files[labels_file(sha)] = "\n".join(["row_id,cluster", *rows]) + "\n"
    return files


def _tables(run: Run) -> dict[str, str]:
    return {
        "leaderboard.csv": frame_csv(run.board.table),
        "scores.csv": frame_csv(checked_scores(run.scores)),
        "cells.csv": frame_csv(checked_cells(run.cells)),
        "manifest.json": run.manifest.to_json(indent=2) + "\n",
    }
