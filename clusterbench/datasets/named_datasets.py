"""Datasets that are known by name (``named_datasets.toml``)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from clusterbench.datasets.layouts import read_facts
from clusterbench.errors import unknown


@dataclass(frozen=True, slots=True)
class DatasetSummary:
    """What `clusterbench list` says about a registered dataset.

    Attributes
    ----------
    name, summary : str
    rows, columns : int
        Size of the table; ids and truth are not among the columns.
    truth : int
        Number of known classes, 0 where there is no truth.
    licence, source : str
    simulated : bool
        Whether `seed` and `n_rows` can be given.
    """

    name: str
    summary: str
    rows: int
    columns: int
    truth: int
    licence: str
    source: str
    simulated: bool = False


_SUMMARIES: Final = tuple(DatasetSummary(name, **facts) for name, facts in read_facts("named_datasets.toml").items())


def list_datasets() -> tuple[DatasetSummary, ...]:
    """Return the registered datasets, in the order in which they are shown."""
    return _SUMMARIES


def registered(name: str) -> DatasetSummary:
    """Return the summary of a registered dataset.

    Raises
    ------
    RequestError
        For an unknown name, with the nearest spelling.
    """
    for summary in _SUMMARIES:
        if summary.name == name:
            return summary
    raise unknown("dataset", name, [summary.name for summary in _SUMMARIES])
