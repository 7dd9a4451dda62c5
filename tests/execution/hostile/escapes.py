"""Leaves processes behind that bear no mark of it."""

import subprocess

from clusterbench.plugins import Algorithm, Family


def build(X, seed):
    def cutter(k):
        subprocess.Popen(["setsid", "--fork", "env", "-i", "sleep", "1234"])
        return X[:, 0].argsort().argsort() * k // len(X)

    return cutter


ALGORITHM = Algorithm("escapes", Family.OTHER, __doc__, "none", build, packages={})
