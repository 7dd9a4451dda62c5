"""Asks to leave."""

import sys

from clusterbench.plugins import Algorithm, Family


def build(X, seed):
    def cutter(k):
        if k == 3:
            sys.exit(3)
        return X[:, 0].argsort().argsort() * k // len(X)

    return cutter


ALGORITHM = Algorithm("sys_exit", Family.OTHER, __doc__, "none", build, packages={})
