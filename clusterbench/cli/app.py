"""The application: every module of `clusterbench.cli.verbs` is a verb of its name."""

import importlib
import pkgutil

import typer

from clusterbench.cli import verbs


def build_app() -> typer.Typer:
    """Return the application with all verbs. The function `verb` of a module is the verb, its docstring the help."""
    app = typer.Typer(
        name="clusterbench",
        help="Run, score and rank clusterings, and check the results. The option --traceback, of any verb, shows where"
        " an error arose.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    for module in pkgutil.iter_modules(verbs.__path__):
        app.command(name=module.name)(importlib.import_module(f"{verbs.__name__}.{module.name}").verb)
    return app
