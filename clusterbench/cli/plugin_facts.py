"""`list NAME`: what an algorithm, step or metric is, and its arguments."""

from __future__ import annotations

import inspect
from pathlib import Path

from rich.table import Table

from clusterbench.cli.console import say, show
from clusterbench.errors import RequestError, unknown
from clusterbench.metrics import Metric
from clusterbench.plugins import Algorithm, Step, arguments_of, load_registry, missing_packages
from clusterbench.toml_writing import toml_value


def show_plugin(name: str) -> None:
    """Print what the algorithm, step or metric of a name is, with the defaults and meanings of its arguments."""
    registry = load_registry(Path.cwd())
    for broken in registry.broken:
        if broken.name == name:
            raise RequestError(f"{name!r} cannot be used: {broken.reason}", where=broken.where)
    if name in registry.algorithms:
        _show_algorithm(registry.algorithms[name], registry.algorithms.where(name))
    elif name in registry.steps:
        _show_step(registry.steps[name], registry.steps.where(name))
    elif name in registry.metrics:
        _show_metric(registry.metrics[name])
    else:
        raise unknown("name", name, [*registry.algorithms, *registry.steps, *registry.metrics])


def _show_algorithm(algorithm: Algorithm, where: str) -> None:
    cuts = [f"{cut.name} = {toml_value(cut.default)}" if cut.default else cut.name for cut in algorithm.cuts]
    say(f"{algorithm.name}: {algorithm.summary}", style="bold")
    _say_facts(
        family=algorithm.family,
        reference=algorithm.reference,
        file=where,
        missing=missing_packages(algorithm.packages) or "",
        cuts=", or ".join(cuts),
        noise="rows may be labelled as noise" if algorithm.noise else "none",
        new_rows=algorithm.assignment,
        rows="any number" if (limit := algorithm.max_rows) is None else f"{limit:,}; a sample of longer tables",
    )
    _show_arguments(algorithm)


def _show_step(step: type[Step], where: str) -> None:
    say(f"{step.name}: {(inspect.getdoc(step) or '').partition(chr(10))[0]}", style="bold")
    _say_facts(file=where)
    _show_arguments(step)


def _show_metric(metric: Metric) -> None:
    say(f"{metric.name}: {metric.title}", style="bold")
    _say_facts(
        formula=metric.formula,
        better=metric.direction,
        range=f"{metric.lower:g} to {metric.upper:g}",
        family=metric.family,
        caveat=metric.caveat,
        reference=metric.reference,
    )


def _say_facts(**facts: str) -> None:
    for name, text in facts.items():
        if text:
            say(f"  {name.replace('_', ' '):10} {text}")


def _show_arguments(plugin: Algorithm | type[Step]) -> None:
    table = Table()
    for column in ("argument", "default", "meaning"):
        table.add_column(column)
    for argument in arguments_of(plugin):
        table.add_row(argument.name, argument.default, argument.meaning)
    if table.row_count:
        show(table)
