"""Looks like a process that was killed from outside."""

import os
import signal

from clusterbench.plugins import Algorithm, Family


def build(X, seed):
    def cutter(k):
        if k == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return X[:, 0].argsort().argsort() * k // len(X)

    return cutter


ALGORITHM = Algorithm("kills_itself", Family.OTHER, __doc__, "none", build, packages={})
