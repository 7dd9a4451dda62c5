"""A table as its source gives it, before ids, truth and columns are chosen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd


@dataclass(frozen=True, slots=True, eq=False)
class RawTable:
    """A table with everything that its source holds.

    Attributes
    ----------
    frame : DataFrame, shape (n, columns)
        All columns, those of ids and truth included, in their own types; the index is 0..n-1.
    source : str
        Where it came from, in words.
    id_column, truth_column : str, optional
        Columns that a registered table sets apart by itself. The id column may be absent from this copy.
    units : mapping of str to str
    warnings : tuple of str
    """

    frame: pd.DataFrame
    source: str
    id_column: str | None = None
    truth_column: str | None = None
    units: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
