"""Writes without end."""

import os

from clusterbench.plugins import Algorithm, Family


def build(X, seed):
    def cutter(k):
        if k == 3:
            while True:
                os.write(2, b"the same again and again\n" * 1000)
        return X[:, 0].argsort().argsort() * k // len(X)

    return cutter


ALGORITHM = Algorithm("floods", Family.OTHER, __doc__, "none", build, packages={})
