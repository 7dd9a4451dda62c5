"""Steps that keep some columns and leave others out."""

from __future__ import annotations

from typing import Any

from clusterbench.preprocessing.column_selection import ALL, Names, Scope
from clusterbench.preprocessing.step import Step, short


class Select(Step):
    """Keep the named columns only, in the table's order."""

    name = "select"
    in_title = frozenset({"columns"})

    columns: Names

    def transformer(self) -> Any:
        from clusterbench.preprocessing.transformers import keep_columns, pass_through

        return pass_through() if self.columns == (ALL,) else keep_columns(self.columns)

    def scope_after(self, scope: Scope, n_rows: int) -> Scope:
        kept = set(self.working_columns(scope.present))
        return scope.without(tuple(name for name in scope.present if name not in kept))

    def title(self) -> str:
        return f"select {short(self.columns)}"


class Drop(Step):
    """Leave the named columns out."""

    name = "drop"
    in_title = frozenset({"columns"})

    columns: Names

    def transformer(self) -> Any:
        from clusterbench.preprocessing.transformers import drop_columns

        return drop_columns(self.columns)

    def columns_after(self, columns: tuple[str, ...], n_rows: int) -> tuple[str, ...]:
        return ()

    def title(self) -> str:
        return f"drop {short(self.columns)}"
