"""Column layouts that are known by name: which columns belong together, and their units (``layouts.toml``)."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from importlib import resources
from typing import Any, Final


def read_facts(file_name: str) -> dict[str, Any]:
    """Return the content of a TOML file of this package."""
    return tomllib.loads((resources.files(__package__) / file_name).read_text(encoding="utf-8"))


_CREDIT_CARD: Final[dict[str, dict[str, str]]] = read_facts("layouts.toml")["credit-card"]
CREDIT_CARD_COLUMNS: Final = tuple(_CREDIT_CARD)
CREDIT_CARD_UNITS: Final = {name: facts["unit"] for name, facts in _CREDIT_CARD.items()}
CREDIT_CARD_GROUPS: Final = {
    group: tuple(name for name, facts in _CREDIT_CARD.items() if facts.get("group") == group)
    for group in ("monetary", "counts", "frequencies")
}


def known_layout(columns: Iterable[str]) -> tuple[dict[str, tuple[str, ...]], dict[str, str]]:
    """Return groups and units of the known layout that a table has, or two empty mappings."""
    if set(CREDIT_CARD_COLUMNS) <= set(columns):
        return dict(CREDIT_CARD_GROUPS), dict(CREDIT_CARD_UNITS)
    return {}, {}
