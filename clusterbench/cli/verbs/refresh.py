"""`clusterbench refresh`."""

from pathlib import Path
from typing import Annotated

import typer

from clusterbench.cli.options import RESULTS, Expect, Results


def verb(
    previous: Annotated[Path, typer.Option("--previous", metavar="BUNDLE", help="Folder of the bundle in use.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for what is written.")],
    entry: Annotated[str, typer.Argument(help="A rank, the start of a labels SHA-256, or algorithm/variant/k.")] = "1",
    benchmark: Annotated[
        str | None, typer.Option("--benchmark", metavar="NAME", help="Name in the store; default: the latest run.")
    ] = None,
    overlap: Annotated[
        float, typer.Option("--overlap", min=0.01, max=1.0, help="Jaccard similarity from which an id is kept.")
    ] = 0.5,
    rows: Annotated[bool, typer.Option("--rows/--no-rows", help="Whether pages may show ids and single rows.")] = True,
    results: Results = RESULTS,
    expect: Expect = None,
) -> None:
    """Make segments of an entry that continue those of a bundle: ids and names are kept, and a log says what changed.

    An edited names.toml in the folder is read, as by segment.
    """
    from clusterbench.cli.console import say
    from clusterbench.cli.segment_output import edited_names, say_segments
    from clusterbench.segments import change_lines, load_bundle, segment_entry, write_segments

    earlier = load_bundle(previous, expect=expect)
    made = segment_entry(
        results, entry, benchmark=benchmark, names=edited_names(out), previous=earlier, overlap=overlap
    )
    written = write_segments(made, out, with_rows=rows, previous=earlier, overlap=overlap)
    say_segments(made, written)
    if written.changes is not None:
        for line in change_lines(written.changes):
            say(f"  {line}")
