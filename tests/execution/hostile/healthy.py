"""Cuts the order of the first column into k equal parts."""

from clusterbench.plugins import Algorithm, Family


def build(X, seed):
    def cutter(k):
        return X[:, 0].argsort().argsort() * k // len(X)

    return cutter


ALGORITHM = Algorithm("healthy", Family.OTHER, __doc__, "none", build, packages={})
