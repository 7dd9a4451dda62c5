"""Comes back twice."""

import os

from clusterbench.plugins import Algorithm, Family


def build(X, seed):
    def cutter(k):
        if k == 3:
            os.fork()
        return X[:, 0].argsort().argsort() * k // len(X)

    return cutter


ALGORITHM = Algorithm("forks", Family.OTHER, __doc__, "none", build, packages={})
