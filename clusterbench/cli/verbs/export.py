"""`clusterbench export`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from clusterbench.cli.options import RESULTS, Expect, Results
from clusterbench.errors import RequestError


def verb(
    benchmark: Annotated[
        str | None, typer.Argument(help="Name in the store, default: the latest run; with --sql: folder of a bundle.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Folder for the tables; with --sql: file, or terminal.")
    ] = None,
    format_: Annotated[Literal["csv", "parquet"], typer.Option("--format", help="Format of the tables.")] = "csv",
    sql: Annotated[
        Literal["duckdb", "sqlite", "postgresql"] | None,
        typer.Option("--sql", help="Write the bundle as one SELECT for this database instead."),
    ] = None,
    table: Annotated[str, typer.Option("--table", help="With --sql: the table of the rows to assign.")] = "customers",
    id_column: Annotated[str, typer.Option("--id", metavar="COLUMN", help="With --sql: its column of ids.")] = "id",
    expect: Expect = None,
    results: Results = RESULTS,
) -> None:
    """Write scores, cells, leaderboard and manifest as tables for other programs, or a bundle as SQL."""
    from clusterbench.cli.console import name_files
    from clusterbench.cli.streams import write_exactly

    if sql is not None:
        from clusterbench.report import write_atomically
        from clusterbench.segments import Dialect, load_bundle, program_sql

        if benchmark is None:
            raise RequestError("--sql needs a bundle", allowed="clusterbench export BUNDLE --sql NAME")
        text = program_sql(load_bundle(benchmark, expect=expect), Dialect(sql), table=table, row_id=id_column)
        if out is None:
            write_exactly(text)
        else:
            name_files([write_atomically(out, text)])
        return
    if out is None:
        raise RequestError("the tables need a folder", allowed="--out DIR")

    from clusterbench.report import export_csv, export_parquet
    from clusterbench.results import load_stored_run

    export = export_parquet if format_ == "parquet" else export_csv
    name_files(export(load_stored_run(results, benchmark), out))
