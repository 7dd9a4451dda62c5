"""The templates of a report; in HTML every value is escaped unless it is marked safe."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment, Template

_PACKAGE = "clusterbench.report"


def template(name: str, package: str = _PACKAGE, **filters: Callable[..., object]) -> Template:
    """Return a template of a package by its file name; it can import those of reports and use `filters`."""
    environment = _environment(package)
    environment.filters.update(filters)
    return environment.get_template(name)


@cache  # a template is compiled once, however many pages are made of it
def _environment(package: str) -> Environment:
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined, select_autoescape

    return Environment(
        loader=ChoiceLoader([PackageLoader(package), PackageLoader(_PACKAGE)]),
        autoescape=select_autoescape(["html.j2"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def part(name: str, package: str = _PACKAGE) -> str:
    """Return the text of a file beside the templates of a package: style or script."""
    return resources.files(package).joinpath("templates", name).read_text(encoding="utf-8")
