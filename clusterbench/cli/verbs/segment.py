"""`clusterbench segment`."""

from pathlib import Path
from typing import Annotated

import typer

from clusterbench.cli.options import RESULTS, Results
from clusterbench.errors import RequestError


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
    from clusterbench.cli.console import name_files, say
    from clusterbench.segments import describe, segment_entry, write_bundle, write_parts

    edited = out / "names.toml"
    names = edited.read_text(encoding="utf-8") if edited.is_file() else None
    made = segment_entry(results, entry, benchmark=benchmark, names=names)
    if not rows and made.fit.program.arrays():
        what = f"the bundle would hold rows of the table: {made.fit.figures()} is the best program"
        raise RequestError(what, allowed="--rows, or an entry whose program needs no rows")
    described = describe(made.segmentation, names=made.names, finer=made.finer, notes=made.notes, with_rows=rows)
    written = write_parts(described, out)
    written += write_bundle(
        made.segmentation,
        made.fit,
        described.called,
        made.provenance,
        out / "bundle",
        profile=(out / "profile.csv").read_text(encoding="utf-8"),
    )
    say(f"{made.segmentation.title}: {made.segmentation.n_segments} segments")
    say(f"assigned by: {made.fit.method}, which gives {made.fit.overall:.1%} of the rows their segment again")
    for segment in described.names:
        say(f"  {segment.name}: {segment.evidence_text}")
    name_files(written)
