"""The arguments of algorithms and steps: their defaults and meanings, for readers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic_core import PydanticUndefined

from clusterbench.errors import RequestError
from clusterbench.plugins.algorithm import REQUIRED, Algorithm
from clusterbench.preprocessing import Step
from clusterbench.toml_writing import toml_value


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument; `default` is written as in a benchmark file, or ``required``, or empty where there is none."""

    name: str
    default: str
    meaning: str


def arguments_of(plugin: Algorithm | type[Step]) -> list[Argument]:
    """Return the arguments that a benchmark file may give to an algorithm, besides its cuts, or to a step."""
    if isinstance(plugin, Algorithm):
        defaults, meanings = plugin.parameters, plugin.meanings
        grid = {name: list(values) for name, values in plugin.grid.items()}
        return [Argument(name, _text(value), meanings.get(name, "")) for name, value in {**defaults, **grid}.items()]
    meanings = plugin.meanings()
    fields = {name: field.get_default(call_default_factory=True) for name, field in plugin.model_fields.items()}
    return [Argument(name, _text(value), meanings.get(name, "")) for name, value in fields.items()]


def _text(value: Any) -> str:
    if value is REQUIRED or value is PydanticUndefined:
        return "required"
    try:
        return "" if value is None else toml_value(value)
    except RequestError:  # an object that no benchmark file could give
        return str(value)
