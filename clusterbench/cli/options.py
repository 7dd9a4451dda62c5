"""Options that several verbs share."""

from pathlib import Path
from typing import Annotated

import typer

Results = Annotated[Path, typer.Option("--results", metavar="DIR", help="Folder of the store.")]
Reports = Annotated[Path, typer.Option("--reports", metavar="DIR", help="Folder for the pages.")]
Jobs = Annotated[int | None, typer.Option("--jobs", min=0, help="Workers; default: the cores; 0: in-process.")]
BenchmarkName = Annotated[str | None, typer.Argument(help="Name in the store; default: the latest run.")]

RESULTS, REPORTS = Path("results"), Path("reports")
