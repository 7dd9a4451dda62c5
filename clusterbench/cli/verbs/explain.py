"""`clusterbench explain`."""

from pathlib import Path
from typing import Annotated

import typer

from clusterbench.cli.options import BundleFolder, Expect


def verb(
    bundle: BundleFolder,
    file: Annotated[Path, typer.Argument(help="A file with the row: CSV or Parquet.")],
    row: Annotated[int, typer.Option("--row", min=1, help="Number of the row; the first is 1.")] = 1,
    expect: Expect = None,
) -> None:
    """Print why a row is in its segment and not in the next one, and the smallest change that would move it."""
    from clusterbench.cli.console import say
    from clusterbench.segments import explain_row, explanation_text, load_bundle, read_row

    loaded = load_bundle(bundle, expect=expect)
    say(explanation_text(loaded, explain_row(loaded, read_row(loaded, file, row))))
