"""Makes its input writable first."""

from clusterbench.plugins import Algorithm, Family


def build(X, seed):
    def cutter(k):
        if k == 3:
            X.flags.writeable = True
            X[0] = 1e6
        return X[:, 0].argsort().argsort() * k // len(X)

    return cutter


ALGORITHM = Algorithm("mutates_by_force", Family.OTHER, __doc__, "none", build, packages={})
