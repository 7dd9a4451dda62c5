"""`clusterbench export`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from clusterbench.cli.options import RESULTS, BenchmarkName, Results


def verb(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for the tables.")],
    benchmark: BenchmarkName = None,
    format_: Annotated[Literal["csv"], typer.Option("--format", help="Format of the tables.")] = "csv",
    results: Results = RESULTS,
) -> None:
    """Write scores, cells, leaderboard and manifest as tables for other programs."""
    from clusterbench.cli.console import name_files
    from clusterbench.report import export_csv
    from clusterbench.results import load_stored_run

    name_files(export_csv(load_stored_run(results, benchmark), out))
