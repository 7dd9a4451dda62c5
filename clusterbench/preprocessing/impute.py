"""The step that fills missing values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

import numpy as np
import pandas as pd
from pydantic import BaseModel, BeforeValidator, Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from clusterbench.errors import RequestError
from clusterbench.preprocessing.column_selection import Scope
from clusterbench.preprocessing.step import STRICT, Count, Flag, Step

if TYPE_CHECKING:
    from sklearn.base import TransformerMixin


class Filling(BaseModel):
    """How missing values of some columns are filled.

    ``constant`` takes `fill_value`, ``knn`` takes `n_neighbors` and `weights`; elsewhere these are refused.
    """

    model_config = STRICT

    strategy: Literal["mean", "median", "most_frequent", "constant", "knn"] = "median"
    fill_value: Annotated[float, Field(description="a finite number")] = 0.0
    n_neighbors: Count = 5
    weights: Literal["uniform", "distance"] = "uniform"

    @property
    def idle(self) -> frozenset[str]:
        """Arguments without effect under this strategy."""
        constant, knn = frozenset({"fill_value"}), frozenset({"n_neighbors", "weights"})
        return {"constant": knn, "knn": constant}.get(self.strategy, constant | knn)

    @model_validator(mode="after")
    def _nothing_idle(self) -> Self:
        for name in sorted(self.idle & self.model_fields_set):
            needs = "constant" if name == "fill_value" else "knn"
            raise ValueError(f"{name} has no effect with strategy = {self.strategy!r}, it needs strategy = {needs!r}")
        return self

    @model_serializer(mode="wrap")
    def _without_idle(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in handler(self).items() if name not in self.idle}

    def words(self) -> str:
        """Return e.g. ``median``, ``constant 0``, ``knn 5``."""
        detail = {"constant": f" {self.fill_value:g}", "knn": f" {self.n_neighbors}"}.get(self.strategy, "")
        return f"{self.strategy.replace('_', ' ')}{detail}"

    def imputer(self, *, add_indicator: bool, keep_empty: bool) -> TransformerMixin:
        """Return the unfitted imputer, with pandas output."""
        from sklearn.impute import KNNImputer, SimpleImputer

        if self.strategy == "knn":
            # Empty columns are refused before: scikit-learn 1.9 cannot name columns of a KNNImputer that keeps them.
            imputer = KNNImputer(n_neighbors=self.n_neighbors, weights=self.weights, add_indicator=add_indicator)
        else:
            imputer = SimpleImputer(
                strategy=self.strategy,
                fill_value=self.fill_value if self.strategy == "constant" else None,
                add_indicator=add_indicator,
                keep_empty_features=keep_empty,
            )
        return imputer.set_output(transform="pandas")


def _as_filling(value: Any) -> Any:
    return {"strategy": value} if isinstance(value, str) else value


class Impute(Step, Filling):
    """Fill missing values (`SimpleImputer`, `KNNImputer`); `override` gives single columns another filling.

    The nearest rows of ``knn`` are found by all columns that the step works on.

    Parameters
    ----------
    strategy : str
        What fills a missing value.
    fill_value : float
        The constant of the strategy constant.
    n_neighbors : int
        Rows that the strategy knn averages.
    weights : str
        Whether knn weighs them by distance.
    add_indicator : bool
        Whether a column of 0 and 1 is added for each column with missing values.
    keep_empty_features : bool
        Whether columns without any value are kept, as zeros.
    override : dict
        Columns with another filling.
    """

    name = "impute"
    in_title = frozenset({"strategy", "fill_value", "n_neighbors", "override"})

    add_indicator: Flag = False
    keep_empty_features: Flag = False
    override: Annotated[
        Mapping[str, Annotated[Filling, BeforeValidator(_as_filling)]],
        Field(
            description="a table such as { CREDIT_LIMIT = 'mean', OTHER = { strategy = 'constant', fill_value = 0 } }"
        ),
    ] = Field(default_factory=dict)

    def bound(self, scope: Scope) -> Self:
        step = super().bound(scope)
        named_by: dict[str, str] = {}
        for name in self.override:
            try:
                columns = scope.pick((name,))
            except RequestError as error:
                raise error.within("override") from error
            for column in columns:
                if column in named_by:
                    raise RequestError(f"{column!r} is overridden by both {named_by[column]!r} and {name!r}")
                if column not in step.working_columns(scope.present):
                    raise RequestError(f"override of {column!r}, on which the step does not work")
                named_by[column] = name
        return step.model_copy(update={"override": {col: self.override[name] for col, name in named_by.items()}})

    def estimator(self) -> TransformerMixin:
        from clusterbench.preprocessing.transformers import ImputeByColumn

        keep = self.keep_empty_features
        base = self.imputer(add_indicator=self.add_indicator, keep_empty=keep)
        if not self.override:
            return base
        columns_of: dict[Filling, list[str]] = {}
        for column, filling in self.override.items():
            columns_of.setdefault(filling, []).append(column)
        others = [(way.imputer(add_indicator=False, keep_empty=keep), names) for way, names in columns_of.items()]
        return ImputeByColumn(base, others)

    def check(self, table: pd.DataFrame) -> None:
        for name in table.columns[table.isna().all()]:
            # With knn no row has a neighbour with a value to take.
            knn = self.override.get(name, self).strategy == "knn"
            if knn or not self.keep_empty_features:
                keep = "" if knn else ", or keep_empty_features = true"
                raise RequestError(
                    f"column {name!r} has no value to impute from",
                    allowed=f'a {{ step = "drop", columns = "{name}" }} before it{keep}',
                )

    def operations(self, fitted: Any) -> list[dict[str, Any]]:
        if "knn" in {self.strategy, *(filling.strategy for filling in self.override.values())}:
            raise RequestError("knn fills a value from other rows", allowed="mean, median, most_frequent, constant")
        if self.add_indicator:
            raise RequestError("columns of add_indicator = true have no operation", allowed="add_indicator = false")
        names = fitted.feature_names_in_
        filled = fitted.transform(pd.DataFrame([[np.nan] * len(names)], columns=names))
        return [{"op": "fill", "values": filled.to_numpy(dtype=np.float64)[0]}]

    def columns_after(self, columns: tuple[str, ...], n_rows: int) -> tuple[str, ...]:
        indicators = tuple(f"missingindicator_{name}" for name in columns) if self.add_indicator else ()
        return columns + indicators

    def count_is_known(self) -> bool:
        return not self.add_indicator

    def title(self) -> str:
        others = "; ".join(f"{name}: {filling.words()}" for name, filling in self.override.items())
        return f"{self.words()} impute" + (f" ({others})" if others else "")
