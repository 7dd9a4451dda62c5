"""Steps that keep some columns and leave others out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from clusterbench.preprocessing.column_selection import ALL, Names, Scope
from clusterbench.preprocessing.step import Step, short

if TYPE_CHECKING:
    from sklearn.base import TransformerMixin


class Select(Step):
    """Keep the named columns only, in the table's order."""

    name = "select"
    in_title = frozenset({"columns"})
    takes = None
    example: ClassVar[Mapping[str, Any]] = {"columns": ["x1", "x3"]}

    columns: Names

    def transformer(self) -> TransformerMixin:
        from clusterbench.preprocessing.transformers import choose_columns, pass_through

        if self.columns != (ALL,):
            return choose_columns(self.columns, keep=True)
        return choose_columns(tuple(self._coded), keep=False) if self._coded else pass_through()

    def scope_after(self, scope: Scope, n_rows: int) -> Scope:
        left_out = set(scope.present) - set(self.working_columns(scope.present))
        return scope.replaced(tuple(left_out), ())

    def operations(self, fitted: Any) -> list[dict[str, Any]]:
        return []  # the columns that are left say it

    def title(self) -> str:
        return f"select {short(self.columns)}"


class Drop(Step):
    """Leave the named columns out."""

    name = "drop"
    in_title = frozenset({"columns"})
    takes = None
    example: ClassVar[Mapping[str, Any]] = {"columns": ["x1", "x3"]}

    columns: Names

    def transformer(self) -> TransformerMixin:
        from clusterbench.preprocessing.transformers import choose_columns

        return choose_columns(self.columns, keep=False)

    def columns_after(self, columns: tuple[str, ...], n_rows: int) -> tuple[str, ...]:
        return ()

    def operations(self, fitted: Any) -> list[dict[str, Any]]:
        return []  # the columns that are left say it

    def title(self) -> str:
        return f"drop {short(self.columns)}"
