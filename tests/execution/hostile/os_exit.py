"""Ends its process without a word."""

import os

from clusterbench.plugins import Algorithm, Family


def build(X, seed):
    def cutter(k):
        if k == 3:
            os._exit(7)
        return X[:, 0].argsort().argsort() * k // len(X)

    return cutter


ALGORITHM = Algorithm("os_exit", Family.OTHER, __doc__, "none", build, packages={})
