"""Sleeps in C and keeps the interpreter's lock."""

import ctypes

from clusterbench.plugins import Algorithm, Family


def build(X, seed):
    def cutter(k):
        if k == 3:
            ctypes.PyDLL(None).sleep(1000)
        return X[:, 0].argsort().argsort() * k // len(X)

    return cutter


ALGORITHM = Algorithm("hangs_in_c", Family.OTHER, __doc__, "none", build, packages={})
