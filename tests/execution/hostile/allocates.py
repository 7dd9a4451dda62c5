"""Takes memory without end, in a child process."""

import subprocess
import sys

from clusterbench.plugins import Algorithm, Family


def build(X, seed):
    def cutter(k):
        if k == 3:
            hungry = "data = []\nwhile True: data.append(bytearray(10**7))"
            subprocess.run([sys.executable, "-c", hungry], check=False)
        return X[:, 0].argsort().argsort() * k // len(X)

    return cutter


ALGORITHM = Algorithm("allocates", Family.OTHER, __doc__, "none", build, packages={})
