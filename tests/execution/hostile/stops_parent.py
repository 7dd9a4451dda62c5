"""Stops its parent process, and hangs."""

import os
import signal
import time

from clusterbench.plugins import Algorithm, Family


def build(X, seed):
    def cutter(k):
        if k == 3:
            os.kill(os.getppid(), signal.SIGSTOP)
            time.sleep(1000)
        return X[:, 0].argsort().argsort() * k // len(X)

    return cutter


ALGORITHM = Algorithm("stops_parent", Family.OTHER, __doc__, "none", build, packages={})
