"""Raises GeneratorExit, which ends generators silently."""

from clusterbench.plugins import Algorithm, Family


def build(X, seed):
    def cutter(k):
        if k == 3:
            raise GeneratorExit("out")
        return X[:, 0].argsort().argsort() * k // len(X)

    return cutter


ALGORITHM = Algorithm("raises_generator_exit", Family.OTHER, __doc__, "none", build, packages={})
