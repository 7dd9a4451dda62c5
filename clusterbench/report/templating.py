"""The templates of a report; in HTML every value is escaped unless it is marked safe."""

from __future__ import annotations

from collections.abc import Callable
from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Template


def template(name: str, **filters: Callable[..., str]) -> Template:
    """Return a template by its file name; `filters` can be used in it."""
    from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

    environment = Environment(
        loader=PackageLoader("clusterbench.report"),
        autoescape=select_autoescape(["html.j2"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(filters)
    return environment.get_template(name)


def part(name: str) -> str:
    """Return the text of a file beside the templates: style or script."""
    return resources.files("clusterbench.report").joinpath("templates", name).read_text(encoding="utf-8")
