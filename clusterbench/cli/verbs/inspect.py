"""`clusterbench inspect`."""

from typing import Annotated

import typer

from clusterbench.cli.options import REPORTS, Lines, OpenPage, Reports


def verb(
    dataset: Annotated[str, typer.Argument(help="A dataset's name, or the path or address of a table.")],
    drop: Annotated[list[str] | None, typer.Option("--drop", metavar="COLUMN", help="Leave a column out.")] = None,
    lines: Lines = None,
    levels: Annotated[bool, typer.Option("--levels", help="Show names of levels and classes.")] = False,
    reports: Reports = REPORTS,
    open_page: OpenPage = False,
) -> None:
    """Show the columns of a dataset, and write a page and JSON: missing values, distributions, correlations."""
    from clusterbench.cli.inspection import show_dataset

    show_dataset(dataset, drop or [], lines or [], reports, levels=levels, open_page=open_page)
