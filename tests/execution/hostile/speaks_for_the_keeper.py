"""Writes to the standard output of its parent process."""

import os

from clusterbench.plugins import Algorithm, Family


def build(X, seed):
    def cutter(k):
        if k == 3:
            with open(f"/proc/{os.getppid()}/fd/1", "w", encoding="ascii") as output:
                output.write("done\n" * 100_000)
            os._exit(9)
        return X[:, 0].argsort().argsort() * k // len(X)

    return cutter


ALGORITHM = Algorithm("speaks_for_the_keeper", Family.OTHER, __doc__, "none", build, packages={})
