"""Steps that bring columns or rows to a common scale."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pandas as pd
from pydantic import Field

from clusterbench.preprocessing.step import Step
from clusterbench.preprocessing.step_fields import Flag, PercentRange, Range
from clusterbench.preprocessing.table_checks import check_complete


class Standardize(Step):
    """Centre to mean 0 and scale to variance 1 (`StandardScaler`)."""

    name = "standardize"

    with_mean: Flag = True
    with_std: Flag = True

    def estimator(self) -> Any:
        from sklearn.preprocessing import StandardScaler

        return StandardScaler(**self.arguments)


class MinMax(Step):
    """Scale to a range (`MinMaxScaler`); `clip` keeps new rows inside it."""

    name = "minmax"

    feature_range: Range = (0.0, 1.0)
    clip: Flag = False

    def estimator(self) -> Any:
        from sklearn.preprocessing import MinMaxScaler

        return MinMaxScaler(**self.arguments)


class Robust(Step):
    """Centre by the median and scale by a quantile range (`RobustScaler`)."""

    name = "robust"

    with_centering: Flag = True
    with_scaling: Flag = True
    quantile_range: PercentRange = (25.0, 75.0)
    unit_variance: Flag = False

    def estimator(self) -> Any:
        from sklearn.preprocessing import RobustScaler

        return RobustScaler(**self.arguments)


class L2Normalize(Step):
    """Scale each row to norm 1 (`Normalizer`)."""

    name = "l2_normalize"
    in_title = frozenset({"norm"})

    norm: Annotated[Literal["l1", "l2", "max"], Field(description="l1, l2, max")] = "l2"

    def estimator(self) -> Any:
        from sklearn.preprocessing import Normalizer

        return Normalizer(**self.arguments)

    def check(self, table: pd.DataFrame) -> None:
        check_complete(table, before=self.name)

    def title(self) -> str:
        return f"{self.norm} normalize"
