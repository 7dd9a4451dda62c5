"""`clusterbench compare`."""

from typing import Annotated, Literal

import typer


def verb(
    a: Annotated[
        str, typer.Argument(help="Before: a results folder, FOLDER:BENCHMARK, or a folder of exported tables.")
    ],
    b: Annotated[str, typer.Argument(help="After: likewise.")],
    fail_on: Annotated[
        Literal["worse"] | None, typer.Option("--fail-on", help="End with exit status 1 if B is worse than A.")
    ] = None,
) -> None:
    """Compare two runs or exports: entries that moved, scores and labels that differ, failures, fit times.

    B is worse if an entry fell so far that its rank intervals do not meet, or lost its rank; if a cell that gave
    labels in A gave none in B; or if a score differs for equal labels, or labels for equal data and versions.
    """
    from clusterbench.cli.console import say
    from clusterbench.verification import compare, comparison_text

    comparison = compare(a, b)
    say(comparison_text(comparison))
    raise typer.Exit(1 if comparison.worse and fail_on == "worse" else 0)
