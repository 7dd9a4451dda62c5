"""Steps that bring columns or rows to a common scale."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pandas as pd
from pydantic import AfterValidator, Field, Strict

from clusterbench.preprocessing.step import Flag, Step
from clusterbench.preprocessing.table_checks import check_complete


def _ascending(pair: tuple[float, float]) -> tuple[float, float]:
    if pair[0] >= pair[1]:
        raise ValueError("the first must be below the second")
    return pair


def _percentages(pair: tuple[float, float]) -> tuple[float, float]:
    if not 0 <= pair[0] < pair[1] <= 100:
        raise ValueError("both must lie between 0 and 100, the first below the second")
    return pair


# Not strict: a file has lists, no tuples. The two numbers are checked as strictly as any.
_Pair = Annotated[tuple[float, float], Strict(False)]


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

    feature_range: Annotated[_Pair, AfterValidator(_ascending), Field(description="[low, high] with low < high")] = (
        0.0,
        1.0,
    )
    clip: Flag = False

    def estimator(self) -> Any:
        from sklearn.preprocessing import MinMaxScaler

        return MinMaxScaler(**self.arguments)


class Robust(Step):
    """Centre by the median and scale by a quantile range (`RobustScaler`)."""

    name = "robust"

    with_centering: Flag = True
    with_scaling: Flag = True
    quantile_range: Annotated[
        _Pair,
        AfterValidator(_percentages),
        Field(description="[low, high] in percent, 0 <= low < high <= 100"),
    ] = (25.0, 75.0)
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
