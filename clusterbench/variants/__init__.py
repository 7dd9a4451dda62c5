"""Variants: declared preprocessing steps, and the spaces that they yield.

A variant is a list of steps; each is a thin name for a scikit-learn transformer with that transformer's own
argument names. `fit_space` fits the pipeline to a dataset and gives the matrix that algorithms and metrics see.
"""

from clusterbench.variants._build import build_pipeline
from clusterbench.variants._defaults import DEFAULT_VARIANTS
from clusterbench.variants._parse import describe, parse_steps, resolved
from clusterbench.variants._space import Space, fit_space
from clusterbench.variants._steps import STEPS, Step

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
