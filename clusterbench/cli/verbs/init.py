"""`clusterbench init`."""

from pathlib import Path
from typing import Annotated

import typer

from clusterbench.cli.options import Lines


def verb(
    table: Annotated[str, typer.Argument(help="A file (CSV, Excel, ...), or the address of one or of a database.")],
    lines: Lines = None,
    out: Annotated[Path | None, typer.Option("--out", help="The TOML to write; default: NAME.toml, here.")] = None,
) -> None:
    """Write a commented benchmark file for a table: roles of columns, variants, k and gate that fit it."""
    from clusterbench.cli.inspection import write_draft

    write_draft(table, lines or [], out)
