"""Where a column of a program comes from, if it was made of a category or a date; as light as a service needs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field

from clusterbench.text import printable


@dataclass(frozen=True, slots=True)
class ColumnSource:
    """The column that a column of a program was made of: a category with a number per level, or a date."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    column: Annotated[str, Field(max_length=2000)]
    levels: tuple[str, ...] = ()
    values: tuple[float, ...] = ()  # of the levels
    other: float | None = None  # of any other level; null: it is refused
    missing: float | None = None  # of a missing value; null: it stays missing
    part: Annotated[str, Field(max_length=20)] = ""  # of a date, such as days

    def __post_init__(self) -> None:
        if len(self.levels) != len(self.values):
            raise ValueError(f"{len(self.levels)} levels and {len(self.values)} values")

    def marked(self, name: str) -> MarkedLevel | None:
        """Return the level that a column of this name marks with 1, None of any other column."""
        prefix = f"{self.column}="
        return MarkedLevel(self.column, name.removeprefix(prefix)) if name.startswith(prefix) else None


@dataclass(frozen=True, slots=True)
class MarkedLevel:
    """A level of a category that a column of 0 and 1 marks."""

    column: str
    level: str

    @property
    def words(self) -> str:
        """The level, as it is said."""
        return {"(missing)": "missing", "(other)": "other"}.get(self.level, self.level)

    @property
    def text(self) -> str:
        """The category and its level as they are printed."""
        return printable(f"{self.column} {self.words}")
