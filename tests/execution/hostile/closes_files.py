"""Closes every descriptor there is."""

import os

from clusterbench.plugins import Algorithm, Family


def build(X, seed):
    def cutter(k):
        if k == 3:
            os.closerange(0, 256)
        return X[:, 0].argsort().argsort() * k // len(X)

    return cutter


ALGORITHM = Algorithm("closes_files", Family.OTHER, __doc__, "none", build, packages={})
