"""`clusterbench reproduce`."""

from pathlib import Path
from typing import Annotated

import typer

from clusterbench.cli.options import RESULTS, Results


def verb(
    target: Annotated[
        str,
        typer.Argument(
            help="A rank, the start of a labels SHA-256 (6 digits or more), or algorithm/variant/k; or a folder of"
            " exported tables, of which a sample is fitted again."
        ),
    ],
    benchmark: Annotated[
        str | None,
        typer.Argument(
            help="Name in the store; default: the latest whole run. For tables: name or path of the benchmark."
        ),
    ] = None,
    results: Results = RESULTS,
    rows: Annotated[int, typer.Option("--rows", min=1, help="Of tables: rows that are drawn.")] = 10,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of tables: seed of the draw.")] = 0,
) -> None:
    """Fit a row of the leaderboard again from its recorded declaration and print what differs (exit status 1).

    Of exported tables that someone submits, the rows of the first place and a random sample of the others are fitted
    and scored again as the benchmark here declares; and all ranks are computed again from the submitted scores.
    """
    from clusterbench.cli.console import console, say
    from clusterbench.cli.progress_bar import progress_for
    from clusterbench.verification import reproduce, reproduce_sample, reproduction_text

    with progress_for(console(stderr=True)) as progress:
        if Path(target).is_dir():
            done = reproduce_sample(target, benchmark=benchmark, rows=rows, seed=seed, progress=progress)
        else:
            done = reproduce(target, results=results, benchmark=benchmark, progress=progress)
    say(reproduction_text(done))
    raise typer.Exit(0 if done.same else 1)
