"""A table as its source gives it, before ids, classes and columns are chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pandas as pd

from clusterbench.datasets.dataset import TruthKind
from clusterbench.errors import RequestError

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True, eq=False)
class RawTable:
    """A table with everything that its source holds; two columns of one name are refused."""

    frame: pd.DataFrame  # columns in their own types, called by text; its index gives the row ids where no column does
    source: str = ""
    id_column: str | None = None  # of row ids, unless another is chosen; it may be absent
    truth_columns: tuple[str, ...] = ()  # of known classes, unless others are chosen
    truth_noise: str | None = None  # class of the rows that have none
    truth_kind: TruthKind | None = None
    units: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    reading: tuple[str, ...] = ()  # how its text was read, where that is unusual: ``separator ';'``

    def __post_init__(self) -> None:
        repeated = self.frame.columns[self.frame.columns.duplicated()]
        if len(repeated):
            raise RequestError(f"two columns are called {repeated[0]!r}", allowed="unique column names")

    def with_missing(self, words: Sequence[str], ids: Sequence[str]) -> RawTable:
        """Return the table with the values that are written as one of `words` missing, but in the columns `ids`."""
        if not words:
            return self
        frame = self.frame.copy()
        for name in frame.columns.difference(list(ids)):
            frame[name] = frame[name].mask(frame[name].map(cell_text).isin(words))
        return replace(self, frame=frame)


def cell_text(value: object) -> str:
    """Return a value as text: 7, not 7.0, for a whole number, which a sheet holds as 7.0."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def column_name(label: object) -> str:
    """Return a column label as text; the levels of a label of several levels are joined by ``_``."""
    return "_".join(map(str, label)) if isinstance(label, tuple) else str(label)


def distinct_names(names: Sequence[str], warnings: list[str]) -> list[str]:
    """Return the names of the columns of a file, no two alike and none empty; extend `warnings` by the changes."""
    distinct: list[str] = []
    for position, name in enumerate(names):
        number, new = 1, name or f"Unnamed: {position}"
        while new in distinct or (number > 1 and new in names):
            number, new = number + 1, f"{name or f'Unnamed: {position}'}_{number + 1}"
        if number > 1:
            warnings.append(f"two columns are called {name!r}: the second is {new!r} here")
        distinct.append(new)
    return distinct


def arrow_frame(table: pa.Table) -> pd.DataFrame:
    """Return an Arrow table as a data frame; integers and booleans stay such where some are missing."""
    import pyarrow as pa

    def nullable(kind: pa.DataType) -> pd.ArrowDtype | None:
        return pd.ArrowDtype(kind) if pa.types.is_integer(kind) or pa.types.is_boolean(kind) else None

    frame: pd.DataFrame = table.to_pandas(types_mapper=nullable)
    return frame
