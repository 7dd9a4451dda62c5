"""Steps that change values: the shape of each column's distribution, and the scale of columns or rows.

On ``all`` columns, those that change single columns leave the 0 and 1 that `OneHot` made as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import AfterValidator, Field, Strict, model_validator

from clusterbench.errors import RequestError
from clusterbench.preprocessing.step import Flag, Step, check_complete

if TYPE_CHECKING:
    from sklearn.base import TransformerMixin


def _ascending(pair: tuple[float, float]) -> tuple[float, float]:
    if pair[0] >= pair[1]:
        raise ValueError("the first must be below the second")
    return pair


def _percentages(pair: tuple[float, float]) -> tuple[float, float]:
    if not 0 <= pair[0] < pair[1] <= 100:
        raise ValueError("both must lie between 0 and 100, the first below the second")
    return pair


# Pairs are not strict: a file has lists, no tuples. The two numbers are checked as strictly as any.
_Range = Annotated[
    tuple[float, float], Strict(False), AfterValidator(_ascending), Field(description="[low, high] with low < high")
]
_PercentRange = Annotated[
    tuple[float, float],
    Strict(False),
    AfterValidator(_percentages),
    Field(description="[low, high] in percent, 0 <= low < high <= 100"),
]
_Quantile = Annotated[float, Field(ge=0.0, le=1.0, description="a quantile from 0 to 1")]


class Clip(Step):
    """Clip values at two quantiles of each column, learned at fit; if one alone is given, on that side alone.

    Parameters
    ----------
    lower : float
        The quantile below which values are clipped.
    upper : float
        The quantile above which values are clipped.
    """

    name = "clip"
    scales = True
    wraps = "clusterbench.preprocessing.transformers:QuantileClipper"
    in_title = frozenset({"lower", "upper"})

    lower: _Quantile = 0.01
    upper: _Quantile = 0.99

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

    def title(self) -> str:
        return f"clip {self.lower:g}-{self.upper:g}"

    def operations(self, fitted: Any) -> list[dict[str, Any]]:
        return [{"op": "clip", "low": fitted.lower_, "high": fitted.upper_}]


class Log1p(Step):
    """Take log(1 + x); every value must be above -1."""

    name = "log1p"
    scales = True

    def estimator(self) -> TransformerMixin:
        from sklearn.preprocessing import FunctionTransformer

        return FunctionTransformer(np.log1p, inverse_func=np.expm1, check_inverse=False, feature_names_out="one-to-one")

    def check(self, table: pd.DataFrame) -> None:
        _check_above(table, -1.0, what=self.name)

    def operations(self, fitted: Any) -> list[dict[str, Any]]:
        return [{"op": "log1p"}]


class Power(Step):
    """Make columns more normal (`PowerTransformer`); ``box-cox`` needs positive values.

    Parameters
    ----------
    method : str
        The family of powers.
    standardize : bool
        Whether the result is centred and scaled to variance 1.
    """

    name = "power"
    scales = True
    wraps = "sklearn.preprocessing:PowerTransformer"
    in_title = frozenset({"method"})

    method: Literal["yeo-johnson", "box-cox"] = "yeo-johnson"
    standardize: Flag = True

    def check(self, table: pd.DataFrame) -> None:
        if self.method == "box-cox":
            _check_above(table, 0.0, what=self.method)

    def title(self) -> str:
        return "Yeo-Johnson" if self.method == "yeo-johnson" else "Box-Cox"

    def operations(self, fitted: Any) -> list[dict[str, Any]]:
        power = {"op": "power", "exponents": fitted.lambdas_, "method": self.method}
        return [power, *(_affine(fitted._scaler.mean_, fitted._scaler.scale_) if self.standardize else [])]


class Standardize(Step):
    """Centre to mean 0 and scale to variance 1 (`StandardScaler`).

    Parameters
    ----------
    with_mean : bool
        Whether columns are centred.
    with_std : bool
        Whether columns are scaled.
    """

    name = "standardize"
    scales = True
    wraps = "sklearn.preprocessing:StandardScaler"

    with_mean: Flag = True
    with_std: Flag = True

    def operations(self, fitted: Any) -> list[dict[str, Any]]:
        return _affine(fitted.mean_ if self.with_mean else None, fitted.scale_)


class MinMax(Step):
    """Scale to a range (`MinMaxScaler`); `clip` keeps new rows inside it.

    Parameters
    ----------
    feature_range : list of float
        Where the smallest and the largest value go.
    clip : bool
        Whether values of new rows outside the range are set to its ends.
    """

    name = "minmax"
    scales = True
    wraps = "sklearn.preprocessing:MinMaxScaler"

    feature_range: _Range = (0.0, 1.0)
    clip: Flag = False

    def operations(self, fitted: Any) -> list[dict[str, Any]]:
        low, high = (np.full(len(fitted.scale_), bound) for bound in self.feature_range)
        scale = 1.0 / fitted.scale_
        clip = [{"op": "clip", "low": low, "high": high}] if self.clip else []
        return [*_affine(-fitted.min_ * scale, scale), *clip]


class Robust(Step):
    """Centre by the median and scale by a quantile range (`RobustScaler`).

    Parameters
    ----------
    with_centering : bool
        Whether columns are centred by their medians.
    with_scaling : bool
        Whether columns are divided by the range between two quantiles.
    quantile_range : list of float
        Those quantiles.
    unit_variance : bool
        Whether a normal column gets variance 1.
    """

    name = "robust"
    scales = True
    wraps = "sklearn.preprocessing:RobustScaler"

    with_centering: Flag = True
    with_scaling: Flag = True
    quantile_range: _PercentRange = (25.0, 75.0)
    unit_variance: Flag = False

    def operations(self, fitted: Any) -> list[dict[str, Any]]:
        return _affine(fitted.center_, fitted.scale_)


class L2Normalize(Step):
    """Scale each row to norm 1 (`Normalizer`).

    Parameters
    ----------
    norm : str
        The norm that becomes 1.
    """

    name = "l2_normalize"
    wraps = "sklearn.preprocessing:Normalizer"
    in_title = frozenset({"norm"})

    norm: Literal["l1", "l2", "max"] = "l2"

    def check(self, table: pd.DataFrame) -> None:
        check_complete(table, before=self.name)

    def title(self) -> str:
        return f"{self.norm} normalize"

    def operations(self, fitted: Any) -> list[dict[str, Any]]:
        return [{"op": "unit", "norm": self.norm}]


def _affine(shift: NDArray[np.float64] | None, scale: NDArray[np.float64] | None) -> list[dict[str, Any]]:
    """Return the operation that subtracts and divides, where there is something to do."""
    if shift is None and scale is None:
        return []
    shift = np.zeros_like(scale) if shift is None else shift
    return [{"op": "affine", "shift": shift, "scale": np.ones_like(shift) if scale is None else scale}]


def _check_above(table: pd.DataFrame, bound: float, *, what: str) -> None:
    """Raise RequestError if a column has a value that is not above `bound`."""
    for column, lowest in table.min().items():
        if lowest <= bound:
            raise RequestError(
                f"{what} of column {column!r}, whose minimum is {lowest:g}",
                allowed=f"values above {bound:g}; columns = [...] names the columns it works on",
            )
