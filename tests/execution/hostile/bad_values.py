"""Gives labels that are no numbers."""

from clusterbench.plugins import Algorithm, Family


def build(X, seed):
    def cutter(k):
        if k == 3:
            return ["a", "b"] * (len(X) // 2)
        return X[:, 0].argsort().argsort() * k // len(X)

    return cutter


ALGORITHM = Algorithm("bad_values", Family.OTHER, __doc__, "none", build, packages={})
