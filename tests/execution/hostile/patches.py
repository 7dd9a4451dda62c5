"""Leaves other people's libraries and the limits of its process changed."""

import resource

import numpy as np

from clusterbench.plugins import Algorithm, Family


def build(X, seed):
    def cutter(k):
        part = X[:, 0].argsort().argsort() * k // len(X)
        np.quantile = lambda values, shares: np.zeros_like(shares)
        resource.setrlimit(resource.RLIMIT_NOFILE, (5, 5))
        return part

    return cutter


ALGORITHM = Algorithm("patches", Family.OTHER, __doc__, "none", build, packages={})
