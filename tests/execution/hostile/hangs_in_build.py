"""Never comes back from its build."""

import time

from clusterbench.plugins import Algorithm, Family


def build(X, seed):
    time.sleep(1000)

    def cutter(k):
        return X[:, 0].argsort().argsort() * k // len(X)

    return cutter


ALGORITHM = Algorithm("hangs_in_build", Family.OTHER, __doc__, "none", build, packages={})
