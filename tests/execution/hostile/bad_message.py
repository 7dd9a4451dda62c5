"""Raises an error whose message cannot be made."""

from clusterbench.plugins import Algorithm, Family


class Unspeakable(Exception):
    """Has no message."""

    def __str__(self):
        raise RuntimeError("no words")


def build(X, seed):
    def cutter(k):
        if k == 3:
            raise Unspeakable
        return X[:, 0].argsort().argsort() * k // len(X)

    return cutter


ALGORITHM = Algorithm("bad_message", Family.OTHER, __doc__, "none", build, packages={})
