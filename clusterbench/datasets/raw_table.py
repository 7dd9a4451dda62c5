"""A table as its source gives it, before ids, truth and columns are chosen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import pandas as pd

from clusterbench.errors import RequestError


@dataclass(frozen=True, slots=True, eq=False)
class RawTable:
    """A table with everything that its source holds.

    Attributes
    ----------
    frame : DataFrame, shape (n, columns)
        All columns, those of ids and truth included, in their own types; the names are text, the index is 0..n-1.
    source : str
        Where it came from, without credentials.
    id_column, truth_column : str, optional
        Columns of row ids and of known classes, unless others are chosen. The id column may be absent.
    row_ids : Index of length n, optional
        Row labels that are not in a column; used where no column gives ids.
    units : mapping of str to str
    warnings : tuple of str
    """

    frame: pd.DataFrame
    source: str
    id_column: str | None = None
    truth_column: str | None = None
    row_ids: pd.Index | None = None
    units: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def column_name(label: object) -> str:
    """Return a column label as text; the levels of a label of several levels are joined by ``_``."""
    return "_".join(map(str, label)) if isinstance(label, tuple) else str(label)


def check_names(names: Iterable[str]) -> None:
    """Raise a RequestError if two columns have the same name."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise RequestError(f"two columns are called {name!r}", allowed="unique column names")
        seen.add(name)
