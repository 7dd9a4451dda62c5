"""Gives labels for other rows."""

from clusterbench.plugins import Algorithm, Family


def build(X, seed):
    def cutter(k):
        if k == 3:
            return X[:7, 0] > 0
        return X[:, 0].argsort().argsort() * k // len(X)

    return cutter


ALGORITHM = Algorithm("bad_shape", Family.OTHER, __doc__, "none", build, packages={})
