"""Options that several verbs share."""

from pathlib import Path
from typing import Annotated

import typer

Results = Annotated[Path, typer.Option("--results", metavar="DIR", help="Folder of the store.")]
Reports = Annotated[Path, typer.Option("--reports", metavar="DIR", help="Folder for the pages.")]
Jobs = Annotated[int | None, typer.Option("--jobs", min=0, help="Workers; default: the cores; 0: in-process.")]
OpenPage = Annotated[bool, typer.Option("--open", help="Open the page in the browser.")]
BenchmarkName = Annotated[str | None, typer.Argument(help="Name in the store; default: the latest run.")]
BundleFolder = Annotated[Path, typer.Argument(metavar="BUNDLE", help="Folder of a bundle.")]
IdColumn = Annotated[
    str | None, typer.Option("--id", metavar="COLUMN", help="Default: the first column that is not assigned by.")
]
Expect = Annotated[str | None, typer.Option("--expect", metavar="ID", help="Refuse a bundle with another id.")]
Lines = Annotated[
    list[str] | None,
    typer.Option("--with", metavar="LINE", help="A line for the [[datasets]] table of a file, as 'decimal = \",\"'."),
]

RESULTS, REPORTS = Path("results"), Path("reports")
