"""`clusterbench export`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from clusterbench.cli.options import RESULTS, Results, StoredRun


class TableFormat(StrEnum):
    """Formats of `export`."""

    CSV = "csv"


def verb(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for the tables.")],
    benchmark: StoredRun = None,
    format_: Annotated[TableFormat, typer.Option("--format", help="Format of the tables.")] = TableFormat.CSV,
    results: Results = RESULTS,
) -> None:
    """Write scores, cells, leaderboard and manifest as tables for other programs."""
    from clusterbench.cli.console import name_files
    from clusterbench.report import export_csv
    from clusterbench.results import load_stored_run

    name_files(export_csv(load_stored_run(results, benchmark), out))
