"""`clusterbench run`."""

from typing import Annotated

import typer

from clusterbench.cli.options import REPORTS, RESULTS, Jobs, Lines, OpenPage, Reports, Results


def verb(
    benchmark: Annotated[str, typer.Argument(help="A benchmark, or the path of a TOML or table.")] = "credit-card",
    quick: Annotated[bool, typer.Option("--quick", help="First seed, every second k, at most 2,000 rows.")] = False,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="FIELD=VALUE,...", help="Run a part: dataset, variant, algorithm, k or seed."),
    ] = None,
    lines: Lines = None,
    name: Annotated[
        str | None, typer.Option("--name", help="Name in the store and of the report; default: that of the file.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would be done, and do nothing.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print failures only.")] = False,
    open_page: OpenPage = False,
    retry: Annotated[bool, typer.Option("--retry", help="Try failed cells again.")] = False,
    jobs: Jobs = None,
    threads: Annotated[int, typer.Option("--threads", min=1, help="Threads of each worker.")] = 1,
    scheduler: Annotated[
        str | None, typer.Option("--scheduler", metavar="ADDRESS", help="A Dask cluster, such as tcp://HOST:8786.")
    ] = None,
    time_limit: Annotated[
        float | None, typer.Option("--time-limit", min=0.001, help="Seconds per fit job; default: 3600; inf: none.")
    ] = None,
    memory_limit: Annotated[
        float | None, typer.Option("--memory-limit", min=1.0, help="MB per fit job; inf: no limit.")
    ] = None,
    results: Results = RESULTS,
    reports: Reports = REPORTS,
) -> None:
    """Run a benchmark, rank it and write its report; what is in the store is not computed again."""
    from functools import partial

    from clusterbench.cli.run_output import run_and_report, show_plan
    from clusterbench.execution import Limits
    from clusterbench.running import Settings, prepare

    settings = Settings(jobs, threads, Limits(time_limit, memory_limit), retry, scheduler)
    prepared = partial(prepare, benchmark, quick=quick, only=only or [], name=name, declared=lines or [])
    if dry_run:
        show_plan(prepared()[0], settings, results)
    else:
        status = run_and_report(prepared, settings, results, reports, quiet=quiet, open_page=open_page)
        raise typer.Exit(status)
