"""Variants: declared preprocessing steps, and the spaces that they yield.

A variant is a list of steps; each is a thin name for a scikit-learn transformer with that transformer's own
argument names. `fit_space` fits the pipeline to a dataset and gives the matrix that algorithms and metrics see.
"""

from clusterbench.preprocessing.default_variants import DEFAULT_VARIANTS
from clusterbench.preprocessing.pipelines import build_pipeline
from clusterbench.preprocessing.spaces import Space, fit_space
from clusterbench.preprocessing.step_parsing import describe, parse_steps, resolved
from clusterbench.preprocessing.steps import STEPS, Step

__all__ = [
    "DEFAULT_VARIANTS",
    "STEPS",
    "Space",
    "Step",
    "build_pipeline",
    "describe",
    "fit_space",
    "parse_steps",
    "resolved",
]
