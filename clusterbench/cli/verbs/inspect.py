"""`clusterbench inspect`."""

from typing import Annotated

import typer


def verb(
    dataset: Annotated[str, typer.Argument(help="A dataset's name, or the path of a table.")],
    drop: Annotated[list[str] | None, typer.Option("--drop", metavar="COLUMN", help="Leave a column out.")] = None,
) -> None:
    """Show the columns of a dataset: missing values, zeros, quantiles, moments."""
    from clusterbench.cli.inspection import show_dataset

    show_dataset(dataset, drop or [])
