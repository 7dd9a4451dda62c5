"""From checked steps and a dataset to a scikit-learn pipeline. Imports scikit-learn only when called."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from clusterbench.datasets import Dataset
from clusterbench.errors import RequestError
from clusterbench.preprocessing.column_selection import Scope
from clusterbench.preprocessing.step_fields import ALL
from clusterbench.preprocessing.steps import (
    Clip,
    Drop,
    Filling,
    Impute,
    Log1p,
    MinMax,
    Pca,
    Power,
    Robust,
    Select,
    Step,
)

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline


@dataclass(frozen=True, slots=True)
class PlacedStep:
    """A step at its place in a pipeline over one dataset.

    Attributes
    ----------
    step : Step
    where : str
        What to call it in errors.
    columns : tuple of str, or None
        The columns it works on; None is every column there will be.
    overrides : tuple of (Filling, tuple of str)
        For ``impute``: the columns that are filled in another way.
    """

    step: Step
    where: str
    columns: tuple[str, ...] | None
    overrides: tuple[tuple[Filling, tuple[str, ...]], ...] = ()

    def names(self, present: Iterable[str]) -> list[str]:
        """Return those columns of `present` on which the step works."""
        return [name for name in present if self.columns is None or name in set(self.columns)]

    def resolved(self) -> dict[str, Any]:
        """Return the step's resolved table with groups replaced by the columns they stand for."""
        table = self.step.resolved()
        table["columns"] = [ALL] if self.columns is None else list(self.columns)
        if self.overrides:
            table["override"] = {name: way.model_dump(mode="json") for way, names in self.overrides for name in names}
        return table


def build_pipeline(steps: Iterable[Step], dataset: Dataset, *, where: str = "steps") -> Pipeline:
    """Return the unfitted pipeline of `steps` over the columns of `dataset`.

    Parameters
    ----------
    steps : iterable of Step
    dataset : Dataset
        Gives the columns and groups to which `columns` of a step refers; its values are only read to see
        which columns are not negative.
    where : str
        What to call the steps in errors.

    Returns
    -------
    sklearn.pipeline.Pipeline
        Takes and gives frames; columns keep their names and their order.

    Raises
    ------
    RequestError
        For an unknown column or group, or if no column is left.
    """
    placed = place_steps(steps, dataset, where=where)
    return assemble([(step_name(place, number), transformer_of(place)) for number, place in enumerate(placed, start=1)])


def place_steps(steps: Iterable[Step], dataset: Dataset, *, where: str) -> list[PlacedStep]:
    """Resolve the columns of each step where it stands."""
    scope, placed = Scope.of(dataset), []
    for number, step in enumerate(steps, start=1):
        place = _place(step, scope, where=f"{where}: step {number}")
        placed.append(place)
        scope = _after(place, scope, dataset)
        if not scope.present:
            raise RequestError(f"no column is left after {step.describe()}", where=place.where)
    return placed


def step_name(place: PlacedStep, number: int) -> str:
    """Return the step's name inside the pipeline."""
    return f"{place.step.kind}-{number}"


def assemble(named: list[tuple[str, Any]]) -> Pipeline:
    """Make a pipeline of named transformers; none is a pipeline too."""
    from sklearn.pipeline import Pipeline

    return Pipeline(named or [("identity", _pass_through())])


def transformer_of(place: PlacedStep) -> Any:
    """Return the unfitted transformer of a placed step, with pandas output."""
    from clusterbench.preprocessing.transformers import OnColumns

    if isinstance(place.step, Select | Drop):
        return _chooser(place)
    inner = _imputer(place) if isinstance(place.step, Impute) else _estimator(place.step)
    inner.set_output(transform="pandas")
    if place.columns is None:
        return inner
    return OnColumns(inner, list(place.columns)) if place.columns else _pass_through()


def _place(step: Step, scope: Scope, *, where: str) -> PlacedStep:
    picked = scope.pick(step.columns, where=where)
    columns = None if scope.covers_all(step.columns, picked) else picked
    overrides = _overrides(step, scope, picked, where=where) if isinstance(step, Impute) else ()
    return PlacedStep(step, where, columns, overrides)


def _overrides(
    step: Impute, scope: Scope, picked: tuple[str, ...], *, where: str
) -> tuple[tuple[Filling, tuple[str, ...]], ...]:
    found: dict[str, str] = {}
    resolved = []
    for name, filling in step.override.items():
        columns = scope.pick((name,), where=f"{where}: override")
        for column in columns:
            if column in found:
                raise RequestError(f"{column!r} is overridden by both {found[column]!r} and {name!r}", where=where)
            if column not in picked:
                raise RequestError(f"override of {column!r}, on which the step does not work", where=where)
            found[column] = name
        resolved.append((filling, columns))
    return tuple(resolved)


def _after(place: PlacedStep, scope: Scope, dataset: Dataset) -> Scope:
    """Return what the next step finds."""
    step, columns = place.step, tuple(place.names(scope.present))
    if isinstance(step, Select):
        return scope.without(tuple(name for name in scope.present if name not in set(columns)))
    if isinstance(step, Drop):
        return scope.without(columns)
    if isinstance(step, Pca) and columns:
        count, most = step.n_components, min(len(columns), dataset.n_rows)
        sure = count is None or isinstance(count, int)
        names = tuple(f"pca{i}" for i in range(min(count, most) if isinstance(count, int) else most))
        return scope.without(columns).followed_by(names, exact=sure)
    if isinstance(step, Impute) and step.add_indicator:
        return scope.followed_by(tuple(f"missingindicator_{name}" for name in columns), exact=False)
    return scope


def _pass_through() -> Any:
    from sklearn.preprocessing import FunctionTransformer

    return FunctionTransformer(feature_names_out="one-to-one").set_output(transform="pandas")


def _chooser(place: PlacedStep) -> Any:
    from sklearn.compose import ColumnTransformer

    if isinstance(place.step, Select):
        if place.columns is None:
            return _pass_through()
        parts, rest = [("kept", "passthrough", list(place.columns))], "drop"
    else:
        parts, rest = [("dropped", "drop", list(place.columns or ()))], "passthrough"
    chooser = ColumnTransformer(parts, remainder=rest, verbose_feature_names_out=False)
    return chooser.set_output(transform="pandas")


def _imputer(place: PlacedStep) -> Any:
    from clusterbench.preprocessing.transformers import ImputeByColumn

    step = place.step
    assert isinstance(step, Impute)
    keep = step.keep_empty_features
    base = _filler(step, add_indicator=step.add_indicator, keep_empty=keep)
    if not place.overrides:
        return base
    others = [(_filler(way, add_indicator=False, keep_empty=keep), list(names)) for way, names in place.overrides]
    return ImputeByColumn(base, others)


def _filler(filling: Filling, *, add_indicator: bool, keep_empty: bool) -> Any:
    from sklearn.impute import KNNImputer, SimpleImputer

    if filling.strategy == "knn":
        # Empty columns are refused before; scikit-learn 1.9 cannot name the columns of a KNNImputer that keeps them.
        imputer = KNNImputer(n_neighbors=filling.n_neighbors, weights=filling.weights, add_indicator=add_indicator)
    else:
        imputer = SimpleImputer(
            strategy=filling.strategy,
            fill_value=filling.fill_value if filling.strategy == "constant" else None,
            add_indicator=add_indicator,
            keep_empty_features=keep_empty,
        )
    return imputer.set_output(transform="pandas")


def _estimator(step: Step) -> Any:
    from sklearn import decomposition, preprocessing

    from clusterbench.preprocessing.transformers import QuantileClipper

    match step:
        case Clip():
            return QuantileClipper(**step.arguments)
        case Log1p():
            return preprocessing.FunctionTransformer(
                np.log1p, inverse_func=np.expm1, check_inverse=False, feature_names_out="one-to-one"
            )
        case Pca():
            return decomposition.PCA(**step.arguments)
        case Power():
            return preprocessing.PowerTransformer(**step.arguments)
        case MinMax():
            return preprocessing.MinMaxScaler(**step.arguments)
        case Robust():
            return preprocessing.RobustScaler(**step.arguments)
    classes = {"standardize": preprocessing.StandardScaler, "l2_normalize": preprocessing.Normalizer}
    return classes[step.kind](**step.arguments)
