"""`clusterbench list`."""

from typing import Annotated

import typer


def verb(
    name: Annotated[str | None, typer.Argument(help="An algorithm, step or metric, to see its arguments.")] = None,
) -> None:
    """List what a benchmark can name, or show the arguments of one algorithm, step or metric."""
    from clusterbench.cli.inspection import list_everything
    from clusterbench.cli.plugin_facts import show_plugin

    if name is None:
        list_everything()
    else:
        show_plugin(name)
