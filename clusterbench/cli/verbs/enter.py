"""`clusterbench enter`."""

from pathlib import Path
from typing import Annotated

import typer


def verb(
    labels: Annotated[Path, typer.Argument(metavar="LABELS.csv", help="Columns row_id and cluster, -1 for noise.")],
    name: Annotated[str, typer.Option("--name", help="Who hands it in, such as 'Team X'.")],
    dataset: Annotated[str, typer.Option("--dataset", help="The table, by its name in the benchmark.")],
    benchmark: Annotated[
        str | None, typer.Option("--benchmark", help="Name or path; default: the one called like the dataset.")
    ] = None,
) -> None:
    """Enter a partition made elsewhere into a benchmark: it is scored, gated and ranked, and not fitted."""
    from clusterbench.benchmark import enter_labels
    from clusterbench.cli.console import name_files, say

    written = enter_labels(labels, by=name, dataset=dataset, benchmark=benchmark, workspace=Path.cwd())
    name_files(written)
    say(f"next     clusterbench run {written[-1]}")
