"""Which columns a step works on: names and groups, resolved at the step's place in the pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from clusterbench.datasets import Dataset
from clusterbench.errors import RequestError, unknown

ALL = "all"
NONNEGATIVE = "nonnegative"


def _as_names(value: Any) -> Any:
    """Take one name for a list of one, and a repeated name once."""
    listed = [value] if isinstance(value, str) else value
    if isinstance(listed, list | tuple) and all(isinstance(name, str) for name in listed):
        return tuple(dict.fromkeys(listed))
    return listed


Names = Annotated[
    tuple[str, ...],
    BeforeValidator(_as_names),
    Field(min_length=1, description="a column, a named group, 'all', 'nonnegative', or a list of these"),
]


@dataclass(frozen=True, slots=True)
class Scope:
    """The columns that a step finds, and the groups of the dataset's columns that it may name.

    Not `exact`: these are the columns that there may be, since how many components a share of variance needs is known
    after fitting only.
    """

    present: tuple[str, ...]
    groups: Mapping[str, tuple[str, ...]]
    exact: bool = True

    @classmethod
    def of(cls, dataset: Dataset) -> Scope:
        """Return the columns and groups that the first step finds."""
        frame = dataset.frame
        nonnegative = tuple(name for name in frame.columns if not bool((frame[name] < 0).any()))
        return cls(dataset.columns, {NONNEGATIVE: nonnegative, **dataset.groups})

    def pick(self, wanted: tuple[str, ...]) -> tuple[str, ...]:
        """Return the columns that `wanted` names, in the order of the table.

        ``all`` is every column; a column goes before a group of its name. Refused is a name that is neither, and a
        declared group of which nothing is left.
        """
        chosen = {column for name in wanted for column in self._named(name)}
        return tuple(name for name in self.present if name in chosen)

    def replaced(self, old: tuple[str, ...], new: tuple[str, ...], *, exact: bool = True) -> Scope:
        """Return the scope with the columns `new` for `old`, added ones last; not `exact`: they may come."""
        kept = [name for name in self.present if name not in old or name in new]
        return replace(self, present=tuple(dict.fromkeys((*kept, *new))), exact=self.exact and exact)

    def _named(self, name: str) -> tuple[str, ...]:
        if name == ALL:
            return self.present
        if name in self.present:
            return (name,)
        if name not in self.groups:
            raise unknown("column or group", name, [*self.present, *self.groups, ALL])
        left = tuple(column for column in self.groups[name] if column in self.present)
        # `nonnegative` is a property, so it may hold for no column; a declared group was meant to be there.
        if not left and name != NONNEGATIVE:
            raise RequestError(f"no column of group {name!r} is left here", allowed=", ".join(self.present))
        return left
