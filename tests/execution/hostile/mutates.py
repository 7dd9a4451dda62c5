"""Writes to its input."""

from clusterbench.plugins import Algorithm, Family


def build(X, seed):
    def cutter(k):
        if k == 3:
            X[0] = 1e6
        return X[:, 0].argsort().argsort() * k // len(X)

    return cutter


ALGORITHM = Algorithm("mutates", Family.OTHER, __doc__, "none", build, packages={})
