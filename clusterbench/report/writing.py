"""Write a report, the index of a folder of reports, and the tables of a run: every file whole or not at all."""

import io
import json
import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import pandas as pd

from clusterbench.errors import RequestError
from clusterbench.naming import path_inside
from clusterbench.report.declared_parts import all_formats
from clusterbench.report.formats.csv_tables import run_tables
from clusterbench.report.model import ReportModel
from clusterbench.report.outcome_summary import status_text
from clusterbench.report.templating import part, template
from clusterbench.results import StoredRun
from clusterbench.tables import csv_text
from clusterbench.text import printable


def write_report(report: ReportModel, folder: Path) -> list[Path]:
    """Write a report in every format: page, Markdown, LaTeX, tables, labels, figures.

    Parameters
    ----------
    report : ReportModel
    folder : Path
        Made where it does not exist. Every file is written whole or not at all.

    Returns
    -------
    list of Path
        ``index.html`` first.

    Raises
    ------
    RequestError
        If the folder cannot be written, or a folder inside it is a symbolic link.
    SchemaError
        If a table of the run does not keep to its schema; nothing is written then.
    """
    texts = {name: text for one in all_formats() for name, text in one.render(report).items()}
    paths = {path_inside(folder, name): text for name, text in texts.items()}
    return [write_atomically(path, text) for path, text in paths.items()]


def export_csv(run: StoredRun, folder: Path) -> list[Path]:
    """Write ``leaderboard.csv``, ``scores.csv``, ``cells.csv`` and ``manifest.json``.

    The columns of scores and cells are `SCORE_SCHEMA` and `CELL_SCHEMA`, exactly; those of the leaderboard are the
    columns of ``run.board.table``, rank first. Rows are in the order of the benchmark. Text is written as it is.

    Raises
    ------
    RequestError
        If the folder cannot be written.
    SchemaError
        If a table does not keep to its schema; nothing is written then.
    """
    return _export(run, folder, {f"{name}.csv": csv_text(table) for name, table in run_tables(run).items()})


def export_parquet(run: StoredRun, folder: Path) -> list[Path]:
    """Write the tables of `export_csv` as Parquet, with ``manifest.json``; errors as there."""
    return _export(run, folder, {f"{name}.parquet": _parquet(table) for name, table in run_tables(run).items()})


def _export(run: StoredRun, folder: Path, tables: Mapping[str, str | bytes]) -> list[Path]:
    contents = {**tables, "manifest.json": run.manifest.to_json(indent=2) + "\n"}
    return [write_atomically(folder / name, content) for name, content in contents.items()]


def _parquet(table: pd.DataFrame) -> bytes:
    file = io.BytesIO()
    table.to_parquet(file, index=False)
    return file.getvalue()


def check_writable(folder: Path) -> None:
    """Refuse a folder for reports that cannot be written, before hours of work are done for it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RequestError(f"reports folder {str(folder)!r} cannot be made: {error.strerror}") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise RequestError(f"reports folder {str(folder)!r} cannot be written", allowed="a folder that can be written")


def write_index(reports: Path) -> Path:
    """Write ``index.html`` in a folder of reports: every sub-folder that contains a report, by name."""
    rows = [_row(path.parent) for path in sorted(reports.glob("*/index.html"))]
    page = template("reports.html.j2").render(style=part("page.css"), reports=rows)
    return write_atomically(reports / "index.html", page + "\n")


def _row(folder: Path) -> dict[str, object]:
    """Return what the page shows of a report; `part` is the part of the benchmark that it is of, "" for the whole."""
    name = printable(folder.name)
    row: dict[str, object] = {"name": name, "link": f"{quote(folder.name)}/index.html", "title": name, "n_entries": 0}
    row |= dict.fromkeys(("headline", "datasets", "cells", "part"), "")
    try:
        document = json.loads((folder / "leaderboard.json").read_text(encoding="utf-8"))
        datasets, boards = document["datasets"], document["boards"]
        boards = [board for board in boards if board["dataset"] in datasets and not board["oracle"]]
        cells = ", ".join(f"{count} {status_text(status)}" for status, count in document["cells"].items())
        texts = {name: document[name] for name in ("title", "headline")}
        texts |= {"datasets": ", ".join(datasets), "cells": cells, "part": document.get("selection", "")}
        counts = {"n_entries": sum(len(board["entries"]) for board in boards)}
        return {**row, **{name: printable(text) for name, text in texts.items()}, **counts}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return row  # a report of another version, or one that is being written


def write_atomically(path: Path, content: str | bytes) -> Path:
    """Write bytes, or text as UTF-8, to a temporary neighbour and rename it; a reader never sees half a file.

    RequestError if the folder cannot be made or written; what was at `path` is left as it was.
    """
    # A dot file beside its target: a rename is atomic only within one file system.
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("wb") as file:
                file.write(content.encode() if isinstance(content, str) else content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        what = f"{str(path)!r} cannot be written: {error.strerror or error}"
        raise RequestError(what, allowed="a folder that can be written") from error
    return path
