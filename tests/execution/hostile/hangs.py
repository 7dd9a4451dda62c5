"""Never comes back."""

from clusterbench.plugins import Algorithm, Family


def build(X, seed):
    def cutter(k):
        if k == 3:
            while True:
                pass
        return X[:, 0].argsort().argsort() * k // len(X)

    return cutter


ALGORITHM = Algorithm("hangs", Family.OTHER, __doc__, "none", build, packages={})
