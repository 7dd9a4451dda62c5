"""`clusterbench assign`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from clusterbench.cli.options import BundleFolder, Expect, IdColumn


def verb(
    bundle: BundleFolder,
    file: Annotated[Path, typer.Argument(help="Rows to assign: CSV or Parquet.")],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="CSV, or .parquet; default: CSV on the terminal.")
    ] = None,
    id_column: IdColumn = None,
    expect: Expect = None,
) -> None:
    """Give every row of a file its segment: name, distance, margin, second segment, imputed and out-of-range fields."""
    from clusterbench.cli.console import complain, say
    from clusterbench.segments import assign_file, load_bundle

    loaded = load_bundle(bundle, expect=expect)
    outcome = assign_file(loaded, file, sys.stdout.buffer if out is None else out, id_column=id_column)
    if out is not None:
        say(f"wrote    {out}: {outcome.n_rows:,} rows")
    for unknown in outcome.unknown:
        complain(unknown.text)
