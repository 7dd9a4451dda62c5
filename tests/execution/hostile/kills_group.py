"""Sends SIGTERM to its own process group."""

import os
import signal

from clusterbench.plugins import Algorithm, Family


def build(X, seed):
    def cutter(k):
        if k == 3:
            os.killpg(0, signal.SIGTERM)
        return X[:, 0].argsort().argsort() * k // len(X)

    return cutter


ALGORITHM = Algorithm("kills_group", Family.OTHER, __doc__, "none", build, packages={})
