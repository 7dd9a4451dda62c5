"""`clusterbench segment`."""

from pathlib import Path
from typing import Annotated

import typer

from clusterbench.cli.options import RESULTS, Results


def verb(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for what is written.")],
    entry: Annotated[str, typer.Argument(help="A rank, the start of a labels SHA-256, or algorithm/variant/k.")] = "1",
    benchmark: Annotated[
        str | None, typer.Option("--benchmark", metavar="NAME", help="Name in the store; default: the latest run.")
    ] = None,
    rows: Annotated[bool, typer.Option("--rows/--no-rows", help="Whether pages may show ids and single rows.")] = True,
    results: Results = RESULTS,
) -> None:
    """Make segments of an entry of the leaderboard: a bundle that assigns new rows, and files on the segments.

    An edited names.toml in the folder is read: its names are kept, and segments are merged as it says.
    """
    from clusterbench.cli.segment_output import edited_names, say_segments
    from clusterbench.segments import segment_entry, write_segments

    made = segment_entry(results, entry, benchmark=benchmark, names=edited_names(out))
    say_segments(made, write_segments(made, out, with_rows=rows))
