"""Writes rubbish to every open descriptor, the socket of its worker among them."""

import os
from contextlib import suppress

from clusterbench.plugins import Algorithm, Family


def build(X, seed):
    def cutter(k):
        if k == 3:
            for descriptor in range(3, 64):
                with suppress(OSError):
                    os.write(descriptor, b"rubbish, and a lot of it " * 4)
        return X[:, 0].argsort().argsort() * k // len(X)

    return cutter


ALGORITHM = Algorithm("writes_to_every_file", Family.OTHER, __doc__, "none", build, packages={})
