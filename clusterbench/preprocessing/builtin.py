"""The steps of the engine by name, and the variants of a benchmark that declares none."""

from typing import Any

from clusterbench.preprocessing.encoding import DateParts, OneHot, Ordinal
from clusterbench.preprocessing.impute import Impute
from clusterbench.preprocessing.pca import Pca
from clusterbench.preprocessing.scaling import Clip, L2Normalize, Log1p, MinMax, Power, Robust, Standardize
from clusterbench.preprocessing.select_drop import Drop, Select
from clusterbench.preprocessing.step import Step

STEPS: dict[str, type[Step]] = {
    step.name: step
    for step in (
        *(Impute, Clip, Log1p, Power, Standardize, MinMax, Robust, L2Normalize, Pca, Select, Drop),
        *(OneHot, Ordinal, DateParts),
    )
}

_IMPUTE: dict[str, Any] = {"step": "impute", "strategy": "median"}

DEFAULT_VARIANTS: dict[str, list[dict[str, Any]]] = {
    "raw": [_IMPUTE],
    "standard": [_IMPUTE, {"step": "standardize"}],
    "minmax": [_IMPUTE, {"step": "minmax"}],
    "log1p": [_IMPUTE, {"step": "log1p"}, {"step": "standardize"}],
    "pca": [_IMPUTE, {"step": "log1p"}, {"step": "standardize"}, {"step": "pca", "n_components": 0.9}],
    "pca2": [_IMPUTE, {"step": "log1p"}, {"step": "minmax"}, {"step": "pca", "n_components": 2}],
}
