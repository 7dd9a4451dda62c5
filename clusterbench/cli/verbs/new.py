"""`clusterbench new`."""

from typing import Annotated, Literal

import typer


def verb(
    kind: Annotated[Literal["algorithm", "metric", "step"], typer.Argument(help="algorithm, metric or step")],
    name: Annotated[str, typer.Argument(help="Its name: a-z, 0-9 and _.")],
) -> None:
    """Write a working plug-in, its test and a benchmark that uses it into the current folder."""
    from pathlib import Path

    from clusterbench.cli.console import name_files, say
    from clusterbench.plugins.drafts import write_plugin

    name_files(write_plugin(kind, name, Path.cwd()))
    say(f"next     edit {kind}s/{name}.py, then: clusterbench check {name}")
    say(f"         python -m pytest tests/test_{name}.py")
    say(f"         clusterbench run benchmarks/{name}.toml")
