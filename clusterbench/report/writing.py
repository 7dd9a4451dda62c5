"""Write a report, tables of a run, or any frame to disk."""

import os
from pathlib import Path

from clusterbench.errors import RequestError
from clusterbench.naming import path_inside
from clusterbench.report.atomic_files import write_atomically
from clusterbench.report.declared_parts import all_formats
from clusterbench.report.formats.csv_tables import run_tables
from clusterbench.report.model import ReportModel
from clusterbench.results import StoredRun


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
    texts = {**run_tables(run), "manifest.json": run.manifest.to_json(indent=2) + "\n"}
    return [write_atomically(folder / name, text) for name, text in texts.items()]


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
