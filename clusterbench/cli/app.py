"""The application: every module of `clusterbench.cli.verbs` is a verb of its name."""

import importlib
import pkgutil
from typing import Annotated

import typer

from clusterbench import __version__
from clusterbench.cli import verbs


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"clusterbench {__version__}")
        raise typer.Exit


def build_app() -> typer.Typer:
    """Return the application with all verbs. The function `verb` of a module is the verb, its docstring the help."""
    app = typer.Typer(
        name="clusterbench",
        help="Run, score and rank clusterings, and check the results. The option --traceback, of any verb, shows where"
        " an error arose.",
        no_args_is_help=True,
        context_settings={"help_option_names": ["-h", "--help"]},
        pretty_exceptions_enable=False,
    )
    app.callback()(_options)
    for module in pkgutil.iter_modules(verbs.__path__):
        app.command(name=module.name)(importlib.import_module(f"{verbs.__name__}.{module.name}").verb)
    return app


def _options(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version and exit.")
    ] = False,
) -> None:
    pass
