"""Raises an error whose message no file can hold."""

from clusterbench.plugins import Algorithm, Family


def build(X, seed):
    def cutter(k):
        if k == 3:
            raise ValueError("half a \ud800 pair,\x00 a zero,\n a line and \x1b[31mred")
        return X[:, 0].argsort().argsort() * k // len(X)

    return cutter


ALGORITHM = Algorithm("surrogates", Family.OTHER, __doc__, "none", build, packages={})
