"""Closes every descriptor and stays."""

import os
import time

from clusterbench.plugins import Algorithm, Family


def build(X, seed):
    def cutter(k):
        if k == 3:
            os.closerange(0, 256)
            time.sleep(1000)
        return X[:, 0].argsort().argsort() * k // len(X)

    return cutter


ALGORITHM = Algorithm("closes_files_and_hangs", Family.OTHER, __doc__, "none", build, packages={})
