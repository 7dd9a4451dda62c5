"""`clusterbench clean`."""

from typing import Annotated

import typer

from clusterbench.cli.options import RESULTS, Results


def verb(
    benchmark: Annotated[
        str | None, typer.Option("--benchmark", metavar="NAME", help="Remove this benchmark and what it alone uses.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Remove it; without this, print what would go.")] = False,
    results: Results = RESULTS,
) -> None:
    """Remove what no benchmark of the store uses: labelings, cells, scores, statistics. Damaged rows go too."""
    from clusterbench.cli.console import say
    from clusterbench.store import STORE_NAME, Store

    path = results / STORE_NAME
    with Store.writer(results) if yes and path.exists() else Store.reader(results) as store:
        before, unused = path.stat().st_size, store.unused(benchmark)
        for table, count in store.removed_rows.items():
            say(f"{count} damaged rows of {table}: removed")
        if yes:
            store.remove_unused(benchmark)
    for part in unused:
        say(f"{part.rows} rows of {part.table}, {part.size / 1e6:.1f} MB{': removed' if yes else ''}")
    if not unused:
        say("Every row is used by a benchmark: nothing to remove.")
    elif not yes:
        say("Nothing was changed; --yes removes these rows.")
    say(f"{path}: {path.stat().st_size / 1e6:.1f} MB" + (f", {before / 1e6:.1f} MB before" if yes else ""))
