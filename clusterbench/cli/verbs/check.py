"""`clusterbench check`."""

from typing import Annotated

import typer


def verb(
    plugin: Annotated[str, typer.Argument(metavar="FILE|NAME", help="A plug-in file, or the name of a plug-in.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the verdict as JSON.")] = False,
) -> None:
    """Check that an algorithm, a metric or a step does what it declares (exit status 1 if not)."""
    from clusterbench.cli.conformance_output import check_and_print

    raise typer.Exit(0 if check_and_print(plugin, as_json=as_json) else 1)
