"""Has a process of nobody's take the memory."""

import os
import time

from clusterbench.plugins import Algorithm, Family


def build(X, seed):
    def cutter(k):
        if k == 3:
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0:
                    held = bytearray(900 * 2**20)
                    held[:: 2**12] = b"x" * len(held[:: 2**12])
                    time.sleep(1234)
                os._exit(0)
            time.sleep(1234)
        return X[:, 0].argsort().argsort() * k // len(X)

    return cutter


ALGORITHM = Algorithm("allocates_elsewhere", Family.OTHER, __doc__, "none", build, packages={})
