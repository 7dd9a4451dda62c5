"""The steps of the engine by name."""

from __future__ import annotations

from clusterbench.preprocessing.columns import Drop, Select
from clusterbench.preprocessing.impute import Impute
from clusterbench.preprocessing.pca import Pca
from clusterbench.preprocessing.scaling import L2Normalize, MinMax, Robust, Standardize
from clusterbench.preprocessing.shaping import Clip, Log1p, Power
from clusterbench.preprocessing.step import Step

STEPS: dict[str, type[Step]] = {
    step.name: step
    for step in (Impute, Clip, Log1p, Power, Standardize, MinMax, Robust, L2Normalize, Pca, Select, Drop)
}
