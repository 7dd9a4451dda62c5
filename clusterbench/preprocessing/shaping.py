"""Steps that change the shape of each column's distribution."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from clusterbench.preprocessing.step import Flag, Step
from clusterbench.preprocessing.table_checks import check_above

Quantile = Annotated[float, Field(ge=0.0, le=1.0, description="a quantile from 0 to 1")]


class Clip(Step):
    """Clip values at two quantiles of each column, learned at fit; if one alone is given, on that side alone."""

    name = "clip"
    in_title = frozenset({"lower", "upper"})

    lower: Quantile = 0.01
    upper: Quantile = 0.99

    @model_validator(mode="before")
    @classmethod
    def _one_side(cls, given: Any) -> Any:
        if isinstance(given, dict) and ("lower" in given) != ("upper" in given):
            return {"lower": 0.0, "upper": 1.0, **given}
        return given

    @model_validator(mode="after")
    def _ordered(self) -> Clip:
        if self.lower >= self.upper:
            raise ValueError(f"lower = {self.lower:g} must be below upper = {self.upper:g}")
        return self

    def estimator(self) -> Any:
        from clusterbench.preprocessing.transformers import QuantileClipper

        return QuantileClipper(**self.arguments)

    def title(self) -> str:
        return f"clip {self.lower:g}-{self.upper:g}"


class Log1p(Step):
    """Take log(1 + x); every value must be above -1."""

    name = "log1p"

    def estimator(self) -> Any:
        from sklearn.preprocessing import FunctionTransformer

        return FunctionTransformer(np.log1p, inverse_func=np.expm1, check_inverse=False, feature_names_out="one-to-one")

    def check(self, table: pd.DataFrame) -> None:
        check_above(table, -1.0, what=self.name)


class Power(Step):
    """Make columns more normal (`PowerTransformer`); ``box-cox`` needs positive values."""

    name = "power"
    in_title = frozenset({"method"})

    method: Annotated[Literal["yeo-johnson", "box-cox"], Field(description="yeo-johnson, box-cox")] = "yeo-johnson"
    standardize: Flag = True

    def estimator(self) -> Any:
        from sklearn.preprocessing import PowerTransformer

        return PowerTransformer(**self.arguments)

    def check(self, table: pd.DataFrame) -> None:
        if self.method == "box-cox":
            check_above(table, 0.0, what=self.method)

    def title(self) -> str:
        return "Yeo-Johnson" if self.method == "yeo-johnson" else "Box-Cox"
