"""The steps that a variant can declare: names, arguments, defaults, and the words for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from clusterbench.preprocessing.step_fields import (
    ALL,
    Components,
    Count,
    Flag,
    Names,
    Number,
    PercentRange,
    Positive,
    Quantile,
    Range,
    Seed,
)

_STRICT = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)
_SHOWN_NAMES = 3


def _short(names: tuple[str, ...]) -> str:
    """Join names, the first three of many."""
    if len(names) <= _SHOWN_NAMES + 1:
        return ", ".join(names)
    return f"{', '.join(names[:_SHOWN_NAMES])} and {len(names) - _SHOWN_NAMES} more"


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}"
    return f"[{', '.join(map(_toml, value))}]" if isinstance(value, tuple) else str(value)


class Step(BaseModel):
    """One declared step, its defaults filled in.

    Arguments are the wrapped scikit-learn estimator's own names. `columns` says on which columns it
    works; the others pass through unchanged, and all keep their order.
    """

    model_config = _STRICT
    kind: ClassVar[str]
    # Arguments that `title` shows already.
    in_title: ClassVar[frozenset[str]] = frozenset()

    columns: Names = (ALL,)

    @property
    def arguments(self) -> dict[str, Any]:
        """Arguments of the wrapped estimator."""
        return self.model_dump(exclude={"columns"})

    def resolved(self) -> dict[str, Any]:
        """Return the step as a JSON-able table with every argument that has an effect."""
        return {"step": self.kind, **self.model_dump(mode="json")}

    def title(self) -> str:
        """Return the step in a word or two."""
        return self.kind

    def describe(self) -> str:
        """Return the step in a few words: title, columns, arguments other than the defaults."""
        shown = {"columns", *self.in_title}
        given = {
            name: getattr(self, name)
            for name, field in type(self).model_fields.items()
            if name not in shown and getattr(self, name) != field.default
        }
        where = [] if self.columns == (ALL,) or "columns" in self.in_title else [_short(self.columns)]
        inside = "; ".join([*where, *(f"{name} = {_toml(value)}" for name, value in given.items())])
        return f"{self.title()} ({inside})" if inside else self.title()


class Filling(BaseModel):
    """How missing values of some columns are filled.

    ``constant`` takes `fill_value`, ``knn`` takes `n_neighbors` and `weights`; elsewhere these are refused.
    """

    model_config = _STRICT

    strategy: Annotated[
        Literal["mean", "median", "most_frequent", "constant", "knn"],
        Field(description="mean, median, most_frequent, constant, knn"),
    ] = "median"
    fill_value: Number = 0.0
    n_neighbors: Count = 5
    weights: Annotated[Literal["uniform", "distance"], Field(description="uniform, distance")] = "uniform"

    @property
    def idle(self) -> frozenset[str]:
        """Arguments without effect under this strategy."""
        constant, knn = frozenset({"fill_value"}), frozenset({"n_neighbors", "weights"})
        return {"constant": knn, "knn": constant}.get(self.strategy, constant | knn)

    @model_validator(mode="after")
    def _nothing_idle(self) -> Filling:
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


def _as_filling(value: Any) -> Any:
    return {"strategy": value} if isinstance(value, str) else value


class Impute(Step, Filling):
    """Fill missing values (`SimpleImputer`, `KNNImputer`); `override` gives single columns another filling.

    The nearest rows of ``knn`` are found by all columns that the step works on.
    """

    kind = "impute"
    in_title = frozenset({"strategy", "fill_value", "n_neighbors", "override"})

    add_indicator: Flag = False
    keep_empty_features: Flag = False
    override: Annotated[
        Mapping[str, Annotated[Filling, BeforeValidator(_as_filling)]],
        Field(
            description="a table such as { CREDIT_LIMIT = 'mean', OTHER = { strategy = 'constant', fill_value = 0 } }"
        ),
    ] = Field(default_factory=dict)

    def title(self) -> str:
        others = "; ".join(f"{name}: {filling.words()}" for name, filling in self.override.items())
        return f"{self.words()} impute" + (f" ({others})" if others else "")


class Clip(Step):
    """Cut values off at two quantiles of each column, learned at fit; if one alone is given, on that side alone."""

    kind = "clip"
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

    def title(self) -> str:
        return f"clip {self.lower:g}-{self.upper:g}"


class Log1p(Step):
    """Take log(1 + x); every value must be above -1."""

    kind = "log1p"


class Power(Step):
    """Make columns more normal (`PowerTransformer`); ``box-cox`` needs positive values."""

    kind = "power"
    in_title = frozenset({"method"})

    method: Annotated[Literal["yeo-johnson", "box-cox"], Field(description="yeo-johnson, box-cox")] = "yeo-johnson"
    standardize: Flag = True

    def title(self) -> str:
        return "Yeo-Johnson" if self.method == "yeo-johnson" else "Box-Cox"


class Standardize(Step):
    """Centre to mean 0 and scale to variance 1 (`StandardScaler`)."""

    kind = "standardize"

    with_mean: Flag = True
    with_std: Flag = True


class MinMax(Step):
    """Scale to a range (`MinMaxScaler`); `clip` holds new rows inside it."""

    kind = "minmax"

    feature_range: Range = (0.0, 1.0)
    clip: Flag = False


class Robust(Step):
    """Centre by the median and scale by a quantile range (`RobustScaler`)."""

    kind = "robust"

    with_centering: Flag = True
    with_scaling: Flag = True
    quantile_range: PercentRange = (25.0, 75.0)
    unit_variance: Flag = False


class L2Normalize(Step):
    """Scale each row to norm 1 (`Normalizer`)."""

    kind = "l2_normalize"
    in_title = frozenset({"norm"})

    norm: Annotated[Literal["l1", "l2", "max"], Field(description="l1, l2, max")] = "l2"

    def title(self) -> str:
        return f"{self.norm} normalize"


class Pca(Step):
    """Principal components (`PCA`), called pca0, pca1, ...; columns it does not work on stand before them."""

    kind = "pca"
    in_title = frozenset({"n_components"})

    n_components: Components = None
    whiten: Flag = False
    svd_solver: Annotated[
        Literal["auto", "full", "covariance_eigh", "arpack", "randomized"],
        Field(description="auto, full, covariance_eigh, arpack, randomized"),
    ] = "auto"
    tol: Positive = 0.0
    iterated_power: Annotated[
        Literal["auto"] | Annotated[int, Field(ge=0)], Field(description="'auto' or a whole number of at least 0")
    ] = "auto"
    n_oversamples: Count = 10
    random_state: Seed = 0

    @model_validator(mode="after")
    def _solvable(self) -> Pca:
        if isinstance(self.n_components, float) and self.svd_solver in ("arpack", "randomized"):
            raise ValueError(f"a share of variance cannot be found by svd_solver = {self.svd_solver!r}, use 'full'")
        if self.n_components == "mle" and self.svd_solver not in ("auto", "full"):
            raise ValueError(f"n_components = 'mle' cannot be found by svd_solver = {self.svd_solver!r}, use 'full'")
        return self

    def title(self) -> str:
        return "PCA" if self.n_components is None else f"PCA {self.n_components}"


class Select(Step):
    """Keep the named columns only, in the table's order."""

    kind = "select"
    in_title = frozenset({"columns"})

    columns: Names

    def title(self) -> str:
        return f"select {_short(self.columns)}"


class Drop(Step):
    """Leave the named columns out."""

    kind = "drop"
    in_title = frozenset({"columns"})

    columns: Names

    def title(self) -> str:
        return f"drop {_short(self.columns)}"


STEPS: dict[str, type[Step]] = {
    step.kind: step
    for step in (Impute, Clip, Log1p, Power, Standardize, MinMax, Robust, L2Normalize, Pca, Select, Drop)
}
