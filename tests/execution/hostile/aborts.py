"""Calls abort, as failed assertions in C do."""

import os
import sys

from clusterbench.plugins import Algorithm, Family


def build(X, seed):
    def cutter(k):
        if k == 3:
            sys.stderr.write("assertion failed: k != 3\n")
            os.abort()
        return X[:, 0].argsort().argsort() * k // len(X)

    return cutter


ALGORITHM = Algorithm("aborts", Family.OTHER, __doc__, "none", build, packages={})
