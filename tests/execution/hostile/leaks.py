"""Keeps what it allocates."""

import numpy as np

from clusterbench.plugins import Algorithm, Family

KEPT = []


def build(X, seed):
    def cutter(k):
        if k == 4:
            KEPT.append(np.ones(36_000_000))
        return X[:, 0].argsort().argsort() * k // len(X)

    return cutter


ALGORITHM = Algorithm("leaks", Family.OTHER, __doc__, "none", build, packages={})
