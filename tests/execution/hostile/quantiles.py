"""Cuts the first column at its quantiles, and opens files for it."""

import os

import numpy as np

from clusterbench.plugins import Algorithm, Family


def build(X, seed):
    def cutter(k):
        for descriptor in [os.open(os.devnull, os.O_RDONLY) for _ in range(8)]:
            os.close(descriptor)
        return np.searchsorted(np.quantile(X[:, 0], np.arange(1, k) / k), X[:, 0])

    return cutter


ALGORITHM = Algorithm("quantiles", Family.OTHER, __doc__, "none", build, packages={})
