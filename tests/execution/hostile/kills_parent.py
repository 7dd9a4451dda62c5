"""Kills its parent process and the parent's group."""

import os
import signal
import time

from clusterbench.plugins import Algorithm, Family


def build(X, seed):
    def cutter(k):
        if k == 3:
            os.kill(os.getppid(), signal.SIGTERM)
            os.killpg(os.getpgid(os.getppid()), signal.SIGKILL)
            time.sleep(1000)  # the parent's end is news that takes a moment
        return X[:, 0].argsort().argsort() * k // len(X)

    return cutter


ALGORITHM = Algorithm("kills_parent", Family.OTHER, __doc__, "none", build, packages={})
