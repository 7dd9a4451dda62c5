"""`clusterbench monitor`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from clusterbench.cli.options import BundleFolder, Expect, IdColumn


def verb(
    bundle: BundleFolder,
    file: Annotated[Path, typer.Argument(help="New rows: CSV or Parquet.")],
    against: Annotated[
        Path | None,
        typer.Option("--against", metavar="FILE", help="Compare with these rows; default: the fitted table."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Write monitoring.md and monitoring.json there.")
    ] = None,
    fail_on: Annotated[
        Literal["watch", "refit"] | None,
        typer.Option("--fail-on", help="End with exit status 1 from this verdict on."),
    ] = None,
    id_column: IdColumn = None,
    expect: Expect = None,
) -> None:
    """Say whether the segments still hold for new rows: keep, watch or refit, with the reasons."""
    from clusterbench.cli.console import name_files, say, show
    from clusterbench.segments import (
        Verdict,
        load_bundle,
        monitor_file,
        monitoring_summary,
        monitoring_table,
        write_monitoring,
    )

    loaded = load_bundle(bundle, expect=expect)
    found = monitor_file(loaded, file, against=against, id_column=id_column)
    show(monitoring_table(found, loaded.names))
    say(monitoring_summary(found))
    if out is not None:
        name_files(write_monitoring(found, loaded.names, out))
    if fail_on is not None and found.verdict.reaches(Verdict(fail_on)):
        raise typer.Exit(1)
