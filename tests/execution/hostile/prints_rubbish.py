"""Prints bytes of all kinds on its outputs."""

import os
import sys

from clusterbench.plugins import Algorithm, Family


def build(X, seed):
    def cutter(k):
        if k == 3:
            os.write(1, bytes(range(256)) * 40)
            os.write(2, b"\x80\x00CLB1" * 500)
            sys.stdout.write("rubbish")
            sys.stdout.flush()
        return X[:, 0].argsort().argsort() * k // len(X)

    return cutter


ALGORITHM = Algorithm("prints_rubbish", Family.OTHER, __doc__, "none", build, packages={})
