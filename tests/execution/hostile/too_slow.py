"""Takes longer for each k."""

import time

from clusterbench.plugins import Algorithm, Family


def build(X, seed):
    def cutter(k):
        if k >= 3:
            time.sleep(1000 if k == 4 else 0.1)
        return X[:, 0].argsort().argsort() * k // len(X)

    return cutter


ALGORITHM = Algorithm("too_slow", Family.OTHER, __doc__, "none", build, packages={})
