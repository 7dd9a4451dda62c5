"""The figures and formats of a report: every object that a file of their package declares."""

import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TypeVar

from clusterbench.report.figure import Figure
from clusterbench.report.model import ReportModel


@dataclass(frozen=True, slots=True)
class Format:
    """A format of the report, declared by a file of ``clusterbench/report/formats``."""

    name: str
    render: Callable[[ReportModel], Mapping[str, str]]  # texts by the path of their file in the folder of the report
    files: Mapping[str, str]  # those that it always writes, each with what it holds: the page links to them
    order: int = 100  # formats with a lower number are written and listed first


_T = TypeVar("_T", Figure, Format)


def all_figures() -> list[Figure]:
    """Return the figures that the files of ``clusterbench/report/figures`` declare, in order."""
    return _declared("clusterbench.report.figures", Figure)


def all_formats() -> list[Format]:
    """Return the formats that the files of ``clusterbench/report/formats`` declare, in order."""
    return _declared("clusterbench.report.formats", Format)


def _declared(package: str, kind: type[_T]) -> list[_T]:
    names = [module.name for module in pkgutil.iter_modules(import_module(package).__path__)]
    modules = [import_module(f"{package}.{name}") for name in names]
    objects = {value.name: value for module in modules for value in vars(module).values() if isinstance(value, kind)}
    return sorted(objects.values(), key=lambda one: (one.order, one.name))
