"""Reads where nothing is."""

import ctypes

from clusterbench.plugins import Algorithm, Family


def build(X, seed):
    def cutter(k):
        if k == 3:
            ctypes.string_at(0)
        return X[:, 0].argsort().argsort() * k // len(X)

    return cutter


ALGORITHM = Algorithm("segfault", Family.OTHER, __doc__, "none", build, packages={})
