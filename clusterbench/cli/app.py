"""The verbs. Everything heavy is imported inside the verb that needs it, so that --help is instant."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from clusterbench.environment import check_system
from clusterbench.errors import RequestError

app = typer.Typer(
    name="clusterbench",
    help="Run, score and rank clusterings, and check what comes out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Results = Annotated[Path, typer.Option("--results", metavar="DIR", help="Folder of the store.")]
Reports = Annotated[Path, typer.Option("--reports", metavar="DIR", help="Folder for the pages.")]
Only = Annotated[
    list[str] | None,
    typer.Option("--only", metavar="FIELD=VALUE,...", help="Run a part: dataset, variant, algorithm, k or seed."),
]
Quick = Annotated[bool, typer.Option("--quick", help="First seed, every second k, at most 2,000 rows.")]


class Format(StrEnum):
    """Formats of `export`."""

    CSV = "csv"


class FailOn(StrEnum):
    """What makes `compare` end with exit status 1."""

    WORSE = "worse"


@app.command()
def run(
    benchmark: Annotated[str, typer.Argument(help="A benchmark's name, or the path of a TOML.")] = "credit-card",
    quick: Quick = False,
    only: Only = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
    retry: Annotated[bool, typer.Option("--retry", help="Try failed cells again.")] = False,
    jobs: Annotated[
        int | None, typer.Option("--jobs", min=0, help="Workers; default: the cores; 0: in-process.")
    ] = None,
    threads: Annotated[int, typer.Option("--threads", min=1, help="Threads of each worker.")] = 1,
    scheduler: Annotated[
        str | None,
        typer.Option("--scheduler", metavar="ADDRESS", help="A Dask cluster, such as tcp://HOST:8786."),
    ] = None,
    time_limit: Annotated[
        float | None, typer.Option("--time-limit", min=0.001, help="Seconds per fit job; default: 3600; inf: none.")
    ] = None,
    memory_limit: Annotated[
        float | None, typer.Option("--memory-limit", min=1.0, help="MB per fit job; inf: no limit.")
    ] = None,
    results: Results = Path("results"),
    reports: Reports = Path("reports"),
) -> None:
    """Run a benchmark, rank it and write its report; what is in the store is not computed again."""
    from clusterbench.cli import verbs as _verbs

    settings = _verbs.settings(jobs, threads, time_limit, memory_limit, retry=retry, scheduler=scheduler)
    if dry_run:
        _verbs.dry_run(benchmark, quick=quick, only=only or [], settings=settings, results=results)
        return
    failed = _verbs.run(benchmark, quick=quick, only=only or [], settings=settings, results=results, reports=reports)
    raise typer.Exit(1 if failed else 0)


@app.command()
def status(results: Results = Path("results")) -> None:
    """Say what is in the store: cells of each benchmark by status."""
    from clusterbench.cli import verbs as _verbs

    _verbs.status(results)


class View(StrEnum):
    """How `report` places the rows of an entry in a plane."""

    PCA = "pca"
    TSNE = "tsne"


@app.command()
def report(
    benchmark: Annotated[str | None, typer.Argument(help="Name in the store; default: the latest run.")] = None,
    view: Annotated[View, typer.Option("--view", help="Plane in which the clusters of an entry are drawn.")] = View.PCA,
    results: Results = Path("results"),
    reports: Reports = Path("reports"),
) -> None:
    """Write the report of a finished run again, from its store alone."""
    from clusterbench.cli import verbs as _verbs

    _verbs.report(benchmark, view.value, results=results, reports=reports)


@app.command()
def export(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for the tables.")],
    benchmark: Annotated[str | None, typer.Argument(help="Name in the store; default: the latest run.")] = None,
    format_: Annotated[Format, typer.Option("--format", help="Format of the tables.")] = Format.CSV,
    results: Results = Path("results"),
) -> None:
    """Write scores, cells, leaderboard and manifest as tables for other programs."""
    from clusterbench.cli import verbs as _verbs

    _verbs.export(benchmark, format_.value, results=results, out=out)


@app.command()
def labels(
    sha256: Annotated[str, typer.Argument(help="The start of a labeling's SHA-256.")],
    dataset: Annotated[str | None, typer.Option(help="Whose row ids, where several tables have these labels.")] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="A file; default: the terminal.")] = None,
    results: Results = Path("results"),
) -> None:
    """Print the labels of a cell: row id and cluster, -1 for noise."""
    from clusterbench.cli import verbs as _verbs

    _verbs.labels(sha256, dataset, results=results, out=out)


@app.command(name="list")
def list_() -> None:
    """List benchmarks, datasets, algorithms, steps and metrics."""
    from clusterbench.cli import verbs as _verbs

    _verbs.list_everything()


@app.command()
def inspect(
    dataset: Annotated[str, typer.Argument(help="A dataset's name, or the path of a table.")],
    drop: Annotated[list[str] | None, typer.Option("--drop", metavar="COLUMN", help="Leave a column out.")] = None,
) -> None:
    """Show the columns of a dataset: missing values, zeros, quantiles, moments."""
    from clusterbench.cli import verbs as _verbs

    _verbs.inspect(dataset, drop or [])


@app.command()
def reproduce(
    target: Annotated[
        str, typer.Argument(help="A rank, the start of a labels SHA-256 (6 digits or more), or algorithm/variant/k.")
    ],
    benchmark: Annotated[str | None, typer.Argument(help="Name in the store; default: the latest whole run.")] = None,
    results: Results = Path("results"),
) -> None:
    """Fit a row of the leaderboard again from its recorded declaration and say what differs (exit status 1)."""
    from clusterbench.cli import verbs as _verbs

    raise typer.Exit(0 if _verbs.reproduce(target, benchmark, results=results) else 1)


@app.command()
def compare(
    a: Annotated[
        str, typer.Argument(help="Before: a results folder, FOLDER:BENCHMARK, or a folder of exported tables.")
    ],
    b: Annotated[str, typer.Argument(help="After: likewise.")],
    fail_on: Annotated[
        FailOn | None, typer.Option("--fail-on", help="End with exit status 1 if B is worse than A.")
    ] = None,
) -> None:
    """Compare two runs or exports: entries that moved, scores and labels that differ, failures, fit times.

    B is worse if an entry fell so far that its rank intervals do not meet, or lost its rank; if a cell that gave
    labels in A gave none in B; or if a score differs for equal labels, or labels for equal data and versions.
    """
    from clusterbench.cli import verbs as _verbs

    worse = _verbs.compare(a, b)
    raise typer.Exit(1 if worse and fail_on is FailOn.WORSE else 0)


def main() -> None:
    """Run the command line; a wrong request is one message and exit status 2."""
    try:
        check_system()
        app()
    except RequestError as error:
        sys.stderr.write(f"clusterbench: error: {error}\n")
        sys.exit(2)
    except OSError as error:  # of the terminal, as a rule: stores and files tell theirs as wrong requests
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # so that nothing is written there when Python ends
        sys.stderr.write(f"clusterbench: error: {error}\n")
        sys.exit(2)
