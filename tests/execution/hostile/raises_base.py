"""Raises what is no Exception, and is not Ctrl-C."""

from clusterbench.plugins import Algorithm, Family


class Unusual(BaseException):
    """Neither error nor exit."""


def build(X, seed):
    def cutter(k):
        if k == 3:
            raise Unusual
        return X[:, 0].argsort().argsort() * k // len(X)

    return cutter


ALGORITHM = Algorithm("raises_base", Family.OTHER, __doc__, "none", build, packages={})
