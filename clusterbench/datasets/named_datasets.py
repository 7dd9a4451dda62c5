"""Datasets and credit-card columns that are known by name: ``named_datasets.toml``, ``layouts.toml`` and others."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any, Final

from clusterbench.errors import unknown


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


@dataclass(frozen=True, slots=True)
class DatasetSummary:
    """What `clusterbench list` prints about a registered dataset."""

    name: str
    summary: str
    rows: int
    columns: int  # without those of ids and truth
    truth: int  # number of known classes, 0 where there is no truth
    licence: str
    source: str
    simulated: bool = False  # whether `seed` and `n_rows` can be given


@dataclass(frozen=True, slots=True)
class GeneratedTable:
    """A table of ``generated_tables.toml``, which says what the fields are."""

    summary: str
    generator: str
    sizes: Sequence[int]
    columns: int
    shape: Mapping[str, Any]
    noise: int = 0
    nuisance: int = 0
    exponential: bool = False
    scales: Sequence[float] = (1.0,)
    step: float = 0.0
    groups: int = 0


GENERATED_TABLES: Final = {
    f"generated/{name}": GeneratedTable(**facts) for name, facts in read_facts("generated_tables.toml").items()
}
_SUMMARIES: Final = (
    *(DatasetSummary(name, **facts) for name, facts in read_facts("named_datasets.toml").items()),
    *(
        DatasetSummary(
            name,
            table.summary,
            rows=sum(table.sizes) + table.noise,
            columns=table.columns,
            truth=len(table.sizes),
            licence="BSD-3-Clause",
            source="clusterbench's own generator",
            simulated=True,
        )
        for name, table in GENERATED_TABLES.items()
    ),
)


def list_datasets() -> tuple[DatasetSummary, ...]:
    """Return the registered datasets, in the order in which they are shown."""
    return _SUMMARIES


def registered(name: str) -> DatasetSummary:
    """Return the summary of a registered dataset; refuse an unknown name."""
    known = {summary.name: summary for summary in _SUMMARIES}
    if name not in known:
        raise unknown("dataset", name, known)
    return known[name]
