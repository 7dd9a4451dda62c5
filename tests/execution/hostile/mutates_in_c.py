"""Writes to its input behind the interpreter's back."""

import ctypes

from clusterbench.plugins import Algorithm, Family


def build(X, seed):
    def cutter(k):
        if k == 3:
            ctypes.memset(X.ctypes.data, 255, 8)
        return X[:, 0].argsort().argsort() * k // len(X)

    return cutter


ALGORITHM = Algorithm("mutates_in_c", Family.OTHER, __doc__, "none", build, packages={})
