"""Raises an exception."""

from clusterbench.plugins import Algorithm, Family


def build(X, seed):
    def cutter(k):
        if k == 3:
            raise ValueError(f"k = {k} is not to my taste")
        return X[:, 0].argsort().argsort() * k // len(X)

    return cutter


ALGORITHM = Algorithm("raises", Family.OTHER, __doc__, "none", build, packages={})
