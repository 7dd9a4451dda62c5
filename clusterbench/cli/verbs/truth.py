"""`clusterbench truth`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clusterbench.cli.options import RESULTS, Jobs, Results


def verb(
    source: Annotated[
        str, typer.Argument(help="A folder of tables with known classes, or a benchmark of such tables.")
    ],
    rules: Annotated[
        list[str] | None,
        typer.Option("--rules", metavar="NAME|FILE.toml", help="Compare these with the default; default: all shipped."),
    ] = None,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for tables, text and figure.")] = Path(
        "reports/truth"
    ),
    max_rows: Annotated[int, typer.Option("--max-rows", min=50, help="Random rows of a longer table.")] = 1000,
    quick: Annotated[bool, typer.Option("--quick", help="Every second k and fewer draws.")] = False,
    jobs: Jobs = None,
    results: Results = RESULTS,
) -> None:
    """Measure ranking rules on tables with known classes: what each chooses, and what that loses."""
    from clusterbench.cli.console import console, name_files, say
    from clusterbench.cli.progress_bar import progress_for
    from clusterbench.running import Settings
    from clusterbench.truth import evidence_text, gather_evidence, load_rules, write_evidence

    chosen = load_rules(rules or ())
    with progress_for(console(stderr=True)) as progress:
        evidence = gather_evidence(
            source,
            chosen,
            results=results,
            max_rows=max_rows,
            quick=quick,
            settings=Settings(jobs),
            progress=progress,
        )
    say(evidence_text(evidence))
    name_files(write_evidence(evidence, out))
