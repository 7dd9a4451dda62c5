"""Draws its labels from the global generators."""

import random

import numpy as np

from clusterbench.plugins import Algorithm, Family


def build(X, seed):
    def cutter(k):
        return np.random.randint(k, size=len(X)) + random.randrange(2) * k * (X[:, 0] > 0)  # noqa: NPY002

    return cutter


ALGORITHM = Algorithm("draws_globally", Family.OTHER, __doc__, "none", build, packages={})
