"""Variants: declared preprocessing steps, and the spaces that they yield.

A variant is a list of steps; each is one class that declares its arguments, scikit-learn transformer, checks and
resulting columns. `fit_space` fits the pipeline to a dataset and gives the matrix that algorithms and metrics see.
"""

from clusterbench.preprocessing.builtin import DEFAULT_VARIANTS, STEPS
from clusterbench.preprocessing.spaces import Space, fit_space
from clusterbench.preprocessing.step import Step
from clusterbench.preprocessing.step_parsing import describe, parse_steps, resolved

__all__ = ["DEFAULT_VARIANTS", "STEPS", "Space", "Step", "describe", "fit_space", "parse_steps", "resolved"]
