"""Asks for more memory than there is."""

import numpy as np

from clusterbench.plugins import Algorithm, Family


def build(X, seed):
    def cutter(k):
        if k == 3:
            np.empty(10**15)
        return X[:, 0].argsort().argsort() * k // len(X)

    return cutter


ALGORITHM = Algorithm("asks_too_much", Family.OTHER, __doc__, "none", build, packages={})
