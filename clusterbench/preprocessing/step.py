"""A step of a variant: its arguments, estimator, checks, resulting columns and the words for it."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

from clusterbench.datasets import CodedColumn, ColumnRole
from clusterbench.errors import RequestError
from clusterbench.preprocessing.column_selection import ALL, Names, Scope
from clusterbench.text import parameter_meanings
from clusterbench.toml_writing import toml_key

if TYPE_CHECKING:
    from sklearn.base import TransformerMixin

STRICT = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)
_SHOWN_NAMES = 3
_MOST_COLUMNS = 5  # in a message
ENCODERS = {ColumnRole.CATEGORY: "one_hot", ColumnRole.DATE: "date_parts"}
"""The usual step that makes numbers of a column."""

Flag = Annotated[bool, Field(description="true or false")]
Count = Annotated[int, Field(ge=1, description="an integer of at least 1")]


def short(names: tuple[str, ...]) -> str:
    """Join names, the first three of many."""
    if len(names) <= _SHOWN_NAMES + 1:
        return ", ".join(names)
    return f"{', '.join(names[:_SHOWN_NAMES])} and {len(names) - _SHOWN_NAMES} more"


class Step(BaseModel):
    """One step of a variant: subclass it, name it, declare the arguments as fields and build the estimator.

    Fields are the arguments that a benchmark file may give, with types, bounds and defaults (pydantic); by
    convention they are the wrapped estimator's own names. `columns` says on which columns the step works; the others
    pass through unchanged, and all keep their order.

    Examples
    --------
    >>> class Halve(Step):
    ...     "Divide by a number."
    ...
    ...     name = "halve"
    ...     by: float = 2.0
    ...
    ...     def estimator(self):
    ...         from sklearn.preprocessing import FunctionTransformer
    ...
    ...         return FunctionTransformer(lambda X: X / self.by, feature_names_out="one-to-one")
    >>> Halve(by=4).describe()
    'halve (by = 4)'
    """

    model_config = STRICT
    name: ClassVar[str]  # in benchmark files
    version: ClassVar[int] = 1  # raised when the same arguments may give other values: spaces are then made again
    source: ClassVar[str] = ""  # file or entry point of a plug-in; set when it is loaded
    wraps: ClassVar[str] = ""  # "module:Class" of a transformer that takes the arguments; instead of `estimator`
    example: ClassVar[Mapping[str, Any]] = {}  # arguments of its conformance checks, where there are no defaults
    in_title: ClassVar[frozenset[str]] = frozenset()  # arguments that `title` shows, so that `describe` does not

    takes: ClassVar[ColumnRole | None] = (
        ColumnRole.NUMERIC
    )  # what its columns are: numbers, a category, a date; None: any

    scales: ClassVar[bool] = False  # whether ``all`` is without the columns of 0 and 1 that were made of categories

    columns: Names = (ALL,)
    _coded: Mapping[str, CodedColumn] = PrivateAttr(default_factory=dict)  # of a bound step
    _others: frozenset[str] = PrivateAttr(default=frozenset())  # of a bound step: columns not in ``all``

    def estimator(self) -> TransformerMixin:
        """Return the unfitted scikit-learn transformer; it names its output columns (`get_feature_names_out`)."""
        module, _, name = self.wraps.partition(":")
        return getattr(importlib.import_module(module), name)(**self.model_dump(exclude={"columns"}))

    def check(self, table: pd.DataFrame) -> None:
        """Raise ValueError if the step cannot work on `table`, which holds the columns that it works on.

        Called before the estimator is fitted; the message should name the column and what would be right.
        """

    def columns_after(self, columns: tuple[str, ...], n_rows: int) -> tuple[str, ...]:
        """Return the columns that replace `columns`, those that the step works on; by default the same."""
        return columns

    def title(self) -> str:
        """Return the step in a word or two."""
        return self.name

    def operations(self, fitted: Any) -> Sequence[Mapping[str, Any]]:
        """Return what the fitted estimator does to a row, as operations of an assignment program.

        They are written as in ``program.json`` (see docs/segments.md) without ``columns``: they work on the columns
        of the step, in their order. Numbers may be arrays. RequestError if there are no such operations.
        """
        raise RequestError(
            f"step {self.origin} has no operations that an assignment program could apply to new rows",
            allowed="an entry of another variant; for a step of your own, a method `operations`",
        )

    @classmethod
    def meanings(cls) -> dict[str, str]:
        """Return the first sentence on each argument that the section ``Parameters`` of the docstring describes."""
        columns = {"columns": "Columns or groups that the step works on; the others pass through"}
        return columns | parameter_meanings(inspect.getdoc(cls) or "")

    # What follows is the engine's; a step of its own kind rarely changes it.

    @property
    def origin(self) -> str:
        """Name and, of a plug-in, file: what an error names."""
        return f"{self.name} ({self.source})" if self.source else self.name

    def bound(self, scope: Scope) -> Self:
        """Return the step with names and groups replaced by the columns of `scope` that they stand for."""
        picked = scope.pick(self.columns)
        for name in picked:
            role = scope.coded[name].role if name in scope.coded else ColumnRole.NUMERIC
            if self.takes not in (None, role):
                before = f'{{ step = "{ENCODERS[role]}" }} before it' if role in ENCODERS else None
                declared = f'roles = {{ {toml_key(name)} = "{self.takes}" }} in [[datasets]]'
                raise RequestError(f"{self.name} of the {role} column {name!r}", allowed=before or declared)
        every = ALL in self.columns or (scope.exact and picked == scope.numbers)
        others = frozenset(scope.coded) | (scope.indicators if self.scales else frozenset())
        if every and others.issuperset(scope.present):
            every, picked = False, ()
        step = self.model_copy(update={"columns": (ALL,) if every else picked})
        step._coded, step._others = scope.coded, others
        return step

    def working_columns(self, present: Iterable[str]) -> list[str]:
        """Return those columns of `present` on which a bound step works."""
        if self.columns == (ALL,):
            return [name for name in present if name not in self._others]
        chosen = set(self.columns)
        return [name for name in present if name in chosen]

    def count_is_known(self) -> bool:
        """Whether `columns_after` gives the columns that there will be, not those that there may be."""
        return True

    def scope_after(self, scope: Scope, n_rows: int) -> Scope:
        """Return the columns that the next step finds."""
        columns = tuple(self.working_columns(scope.present))
        after = self.columns_after(columns, n_rows)
        is_same = after == columns and self.takes is ColumnRole.NUMERIC
        return scope if is_same else scope.replaced(columns, after, exact=self.count_is_known())

    def transformer(self) -> TransformerMixin:
        """Return the unfitted transformer of a bound step: frame to frame, other columns passing through."""
        from clusterbench.preprocessing.transformers import OnColumns, pass_through

        if not self.columns:
            return pass_through()
        estimator = self.estimator()
        if not hasattr(estimator, "set_output"):
            raise RequestError(
                f"the estimator {type(estimator).__name__} of {self.name!r} does not name its output columns",
                allowed="get_feature_names_out, e.g. of sklearn.base.OneToOneFeatureMixin, and TransformerMixin",
            )
        estimator.set_output(transform="pandas")
        if self.columns != (ALL,):
            return OnColumns(estimator, list(self.columns))
        return OnColumns(estimator, others=sorted(self._others)) if self._others else estimator

    def resolved(self) -> dict[str, Any]:
        """Return the step as a JSON-able table with every argument that has an effect."""
        return {"step": self.name, **self.model_dump(mode="json")}

    def identity(self) -> dict[str, Any]:
        """Return `resolved` with the version, where it has been raised: what a space's hash depends on."""
        return self.resolved() | ({"version": self.version} if self.version > 1 else {})

    def describe(self) -> str:
        """Return the step in a few words: title, columns, arguments other than the defaults."""
        shown = {"columns", *self.in_title}
        given = {
            name: getattr(self, name)
            for name, field in type(self).model_fields.items()
            if name not in shown and getattr(self, name) != field.default
        }
        where = [] if self.columns == (ALL,) or "columns" in self.in_title else [short(self.columns)]
        inside = "; ".join([*where, *(f"{name} = {_toml(value)}" for name, value in given.items())])
        return f"{self.title()} ({inside})" if inside else self.title()


def check_complete(frame: pd.DataFrame, *, before: str) -> None:
    """Raise RequestError if values are missing, with columns and counts."""
    missing = frame.isna().sum()
    listed = [f"{name} ({count})" for name, count in missing.items() if count]
    if listed:
        what = f"missing values before {before}: {', '.join(listed[:_MOST_COLUMNS])}"
        more = f" and {len(listed) - _MOST_COLUMNS} more columns" if len(listed) > _MOST_COLUMNS else ""
        raise RequestError(what + more, allowed='an { step = "impute" } before it, or rows = "complete"')


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}"
    return f"[{', '.join(map(_toml, value))}]" if isinstance(value, tuple) else str(value)
