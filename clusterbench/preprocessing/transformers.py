"""The transformers that scikit-learn lacks. Imported where a pipeline is built, because scikit-learn loads slowly."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin, clone
from sklearn.compose import ColumnTransformer
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.validation import check_is_fitted, validate_data

from clusterbench.datasets.date_columns import date_part


def pass_through() -> TransformerMixin:
    """Return a transformer that gives the table as it is."""
    return FunctionTransformer(feature_names_out="one-to-one").set_output(transform="pandas")


def choose_columns(columns: Sequence[str], *, keep: bool) -> TransformerMixin:
    """Return a transformer that keeps `columns` only, or leaves them out."""
    chosen, others = ("passthrough", "drop") if keep else ("drop", "passthrough")
    chooser = ColumnTransformer([("chosen", chosen, list(columns))], remainder=others, verbose_feature_names_out=False)
    return chooser.set_output(transform="pandas")


class QuantileClipper(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Clip each column at two of its quantiles, learned at fit; missing values stay missing.

    A column without a value has the bounds NaN and is left alone.
    """

    def __init__(self, lower: float = 0.01, upper: float = 0.99) -> None:
        self.lower = lower
        self.upper = upper

    def fit(self, X: ArrayLike, y: object = None) -> QuantileClipper:
        """Learn the bounds from `X`, shape (n, d)."""
        values = validate_data(self, X, dtype=np.float64, ensure_all_finite="allow-nan")
        if not 0 <= self.lower < self.upper <= 1:
            raise ValueError(f"need 0 <= lower < upper <= 1, got {self.lower} and {self.upper}")
        with_values = ~np.isnan(values).all(axis=0)
        bounds = np.full((2, values.shape[1]), np.nan)
        bounds[:, with_values] = np.nanquantile(values[:, with_values], [self.lower, self.upper], axis=0)
        self.lower_, self.upper_ = bounds
        return self

    def transform(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return `X`, shape (n, d), clipped at the bounds."""
        check_is_fitted(self)
        values = validate_data(self, X, dtype=np.float64, ensure_all_finite="allow-nan", reset=False)
        lower = np.where(np.isnan(self.lower_), -np.inf, self.lower_)
        upper = np.where(np.isnan(self.upper_), np.inf, self.upper_)
        return np.asarray(np.clip(values, lower, upper))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


class _FrameTransformer(TransformerMixin, BaseEstimator, ABC):  # type: ignore[misc]
    """A transformer that takes a frame and gives a frame, and remembers the columns of both."""

    feature_names_out_: NDArray[Any]

    def fit(self, X: pd.DataFrame, y: object = None) -> _FrameTransformer:
        """Fit to `X`, shape (n, d)."""
        self.fit_transform(X)
        return self

    def fit_transform(self, X: pd.DataFrame, y: object = None, **fit_params: Any) -> pd.DataFrame:
        """Fit to `X`, shape (n, d), and return it transformed."""
        validate_data(self, X, skip_check_array=True)
        result = self._fit_apply(X)
        if result.columns.has_duplicates:
            twice = result.columns[result.columns.duplicated()][0]
            raise ValueError(f"it would give a second column named {twice!r}")
        self.feature_names_out_ = np.asarray(result.columns, dtype=object)
        return result

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Return `X`, shape (n, d), transformed."""
        check_is_fitted(self)
        validate_data(self, X, skip_check_array=True, reset=False)
        return self._apply(X)

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray[Any]:
        """Return the names of the columns that `transform` gives."""
        check_is_fitted(self, "feature_names_out_")
        return self.feature_names_out_

    @abstractmethod
    def _fit_apply(self, X: pd.DataFrame) -> pd.DataFrame:
        """Fit to `X` and return it transformed."""

    @abstractmethod
    def _apply(self, X: pd.DataFrame) -> pd.DataFrame:
        """Return `X` transformed."""


class OnColumns(_FrameTransformer):
    """Apply a transformer to some columns, or to all but `others`; the others pass through.

    Columns that keep their names keep their places; new ones, such as components, follow the others.
    """

    def __init__(self, transformer: Any, columns: Sequence[str] | None = None, others: Sequence[str] = ()) -> None:
        self.transformer = transformer
        self.columns = columns
        self.others = others

    def _fit_apply(self, X: pd.DataFrame) -> pd.DataFrame:
        absent = [name for name in self.columns or () if name not in X.columns]
        if absent:
            raise ValueError(f"no column {absent[0]!r} here, there are {', '.join(map(repr, X.columns))}")
        self.columns_ = [name for name in X.columns if name not in self.others]
        self.columns_ = self.columns_ if self.columns is None else list(self.columns)
        self.transformer_ = clone(self.transformer)
        return self._placed(X, self.transformer_.fit_transform(X[self.columns_]))

    def _apply(self, X: pd.DataFrame) -> pd.DataFrame:
        return self._placed(X, self.transformer_.transform(X[self.columns_]))

    def _placed(self, given: pd.DataFrame, made: pd.DataFrame) -> pd.DataFrame:
        chosen, kept = set(self.columns_), set(made.columns)
        old = [name for name in given.columns if name not in chosen or name in kept]
        new = [name for name in made.columns if name not in chosen]
        parts = {name: made[name] if name in chosen else given[name] for name in old}
        return pd.concat([pd.DataFrame(parts, index=given.index, columns=pd.Index(old)), made[new]], axis=1)


class ImputeByColumn(_FrameTransformer):
    """Fill missing values, some columns by another imputer. Every imputer sees all columns."""

    def __init__(self, imputer: Any, overrides: Sequence[tuple[Any, Sequence[str]]]) -> None:
        self.imputer = imputer
        self.overrides = overrides

    def _fit_apply(self, X: pd.DataFrame) -> pd.DataFrame:
        self.imputer_ = clone(self.imputer).fit(X)
        self.overrides_ = [(clone(imputer).fit(X), list(columns)) for imputer, columns in self.overrides]
        return self._apply(X)

    def _apply(self, X: pd.DataFrame) -> pd.DataFrame:
        filled: pd.DataFrame = self.imputer_.transform(X).copy()
        for imputer, columns in self.overrides_:
            filled[columns] = imputer.transform(X)[columns]
        # An imputer leaves out a column without a value, which an override may then have filled: back to its place.
        return filled[[*X.columns, *(name for name in filled.columns if name not in X.columns)]]


class Recode(_FrameTransformer):
    """Replace the codes 0, 1, ... of each column by other numbers; missing values stay missing."""

    def __init__(self, numbers: Sequence[Sequence[int]]) -> None:
        self.numbers = numbers

    def _fit_apply(self, X: pd.DataFrame) -> pd.DataFrame:
        return self._apply(X)

    def _apply(self, X: pd.DataFrame) -> pd.DataFrame:
        pairs = zip(X.columns, self.numbers, strict=True)
        return pd.DataFrame({name: X[name].map(dict(enumerate(numbers))).astype(float) for name, numbers in pairs})


class PartsOfDates(_FrameTransformer):
    """Replace days since 1970-01-01 by parts of the date: days, year, month, day, weekday, hour."""

    def __init__(self, parts: Sequence[str]) -> None:
        self.parts = parts

    def _fit_apply(self, X: pd.DataFrame) -> pd.DataFrame:
        return self._apply(X)

    def _apply(self, X: pd.DataFrame) -> pd.DataFrame:
        made = {f"{name}.{part}": date_part(X[name].to_numpy(), part) for name in X.columns for part in self.parts}
        return pd.DataFrame(made, index=X.index)
