"""Which columns a step works on: names and groups, resolved at the step's place in the pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from clusterbench.datasets import CodedColumn, ColumnRole, Dataset
from clusterbench.errors import RequestError, unknown

ALL = "all"
NONNEGATIVE = "nonnegative"
_PROPERTIES = (NONNEGATIVE, ColumnRole.CATEGORY, ColumnRole.DATE)  # groups that may hold for no column


def _as_names(value: Any) -> Any:
    """Take one name for a list of one, and a repeated name once."""
    listed = [value] if isinstance(value, str) else value
    if isinstance(listed, list | tuple) and all(isinstance(name, str) for name in listed):
        return tuple(dict.fromkeys(listed))
    return listed


Names = Annotated[
    tuple[str, ...],
    BeforeValidator(_as_names),
    Field(
        min_length=1,
        description="a column, a named group, 'all', 'nonnegative', 'category', 'date', or a list of these",
    ),
]


@dataclass(frozen=True, slots=True)
class Scope:
    """The columns that a step finds, and the groups of the dataset's columns that it may name.

    `coded` columns stand for a category or a date until a step makes numbers of them: they are in no step's ``all``.
    `indicators` are the columns of 0 and 1 that were made of categories: ``all`` of a scaling step is without them.
    Not `exact`: these are the columns that there may be, since how many components a share of variance needs is known
    after fitting only.
    """

    present: tuple[str, ...]
    groups: Mapping[str, tuple[str, ...]]
    exact: bool = True
    coded: Mapping[str, CodedColumn] = field(default_factory=dict)
    indicators: frozenset[str] = frozenset()

    @classmethod
    def of(cls, dataset: Dataset) -> Scope:
        """Return the columns and groups that the first step finds."""
        frame = dataset.frame
        numbers = [name for name in frame.columns if name not in dataset.coded]
        groups = {NONNEGATIVE: tuple(frame[numbers].columns[~(frame[numbers] < 0).any()])}
        for role in (ColumnRole.CATEGORY, ColumnRole.DATE):
            groups[role.value] = tuple(name for name, column in dataset.coded.items() if column.role is role)
        return cls(dataset.columns, {**groups, **dataset.groups}, coded=dataset.coded)

    @property
    def numbers(self) -> tuple[str, ...]:
        """The columns that stand for themselves."""
        return tuple(name for name in self.present if name not in self.coded)

    def pick(self, wanted: tuple[str, ...]) -> tuple[str, ...]:
        """Return the columns that `wanted` names, in the order of the table.

        ``all`` is every column of numbers; a column goes before a group of its name. Refused is a name that is neither,
        and a declared group of which nothing is left.
        """
        chosen = {column for name in wanted for column in self._named(name)}
        return tuple(name for name in self.present if name in chosen)

    def replaced(self, old: tuple[str, ...], new: tuple[str, ...], *, exact: bool = True) -> Scope:
        """Return the scope with the columns of numbers `new` for `old`, added ones last; not `exact`: they may come."""
        kept = [name for name in self.present if name not in old or name in new]
        present = tuple(dict.fromkeys((*kept, *new)))
        coded = {name: column for name, column in self.coded.items() if name not in old}
        return replace(self, present=present, exact=self.exact and exact, coded=coded)

    def _named(self, name: str) -> tuple[str, ...]:
        if name == ALL:
            return self.numbers
        if name in self.present:
            return (name,)
        if name not in self.groups:
            raise unknown("column or group", name, [*self.present, *self.groups, ALL])
        left = tuple(column for column in self.groups[name] if column in self.present)
        # A declared group was meant to be there.
        if not left and name not in _PROPERTIES:
            raise RequestError(f"no column of group {name!r} is left here", allowed=", ".join(self.present))
        return left
