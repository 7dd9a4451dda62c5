"""`clusterbench audit`."""

from pathlib import Path
from typing import Annotated

import typer


def verb(
    claims: Annotated[
        list[str], typer.Argument(metavar="CLAIM...", help="Files of published claims, or names such as published/A1.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON: one document per claim, in a list.")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Write index.html, audit.md and audit.json here.")
    ] = None,
) -> None:
    """Fit published claims again; say whether their numbers are reproduced and hold (exit status 1 if one does not)."""
    from clusterbench.audit import Standing, audit, audit_json, audit_text, load_claim, write_audit
    from clusterbench.benchmark import find_claim
    from clusterbench.cli.console import console, name_files, say
    from clusterbench.cli.progress_bar import progress_for
    from clusterbench.cli.streams import write_exactly
    from clusterbench.plugins import load_registry

    registry = load_registry(Path.cwd())
    loaded = [load_claim(find_claim(name, workspace=Path.cwd()), registry) for name in claims]
    with progress_for(console(stderr=True)) as progress:
        audits = [audit(claim, progress) for claim in loaded]
    if as_json:
        write_exactly("[\n" + ",\n".join(audit_json(one).rstrip("\n") for one in audits) + "\n]\n")
    else:
        say("\n\n".join(map(audit_text, audits)))
    if out is not None:
        written = write_audit(audits, out)
        if not as_json:
            name_files(written)
    raise typer.Exit(1 if any(one.standing is Standing.FAILS for one in audits) else 0)
