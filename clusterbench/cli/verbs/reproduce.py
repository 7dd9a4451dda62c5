"""`clusterbench reproduce`."""

from typing import Annotated

import typer

from clusterbench.cli.options import RESULTS, Results


def verb(
    target: Annotated[
        str, typer.Argument(help="A rank, the start of a labels SHA-256 (6 digits or more), or algorithm/variant/k.")
    ],
    benchmark: Annotated[str | None, typer.Argument(help="Name in the store; default: the latest whole run.")] = None,
    results: Results = RESULTS,
) -> None:
    """Fit a row of the leaderboard again from its recorded declaration and print what differs (exit status 1)."""
    from clusterbench.cli.console import console, say
    from clusterbench.cli.progress_bar import progress_for
    from clusterbench.verification import reproduce, reproduction_text

    with progress_for(console(stderr=True)) as progress:
        done = reproduce(target, results=results, benchmark=benchmark, progress=progress)
    say(reproduction_text(done))
    raise typer.Exit(0 if done.same else 1)
