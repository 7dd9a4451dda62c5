"""Leaves a thread running."""

import threading
import time

from clusterbench.plugins import Algorithm, Family


def build(X, seed):
    def cutter(k):
        if k == 3:
            threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()
        return X[:, 0].argsort().argsort() * k // len(X)

    return cutter


ALGORITHM = Algorithm("starts_a_thread", Family.OTHER, __doc__, "none", build, packages={})
