"""Announces a message of 2 GB wherever it can write."""

import contextlib
import os
import struct
import time

from clusterbench.plugins import Algorithm, Family


def build(X, seed):
    def cutter(k):
        if k == 3:
            for name in os.listdir("/proc/self/fd"):
                with contextlib.suppress(OSError):
                    os.write(int(name), struct.pack(">4sQ", b"CLB1", 2**31 - 1))
            time.sleep(1000)
        return X[:, 0].argsort().argsort() * k // len(X)

    return cutter


ALGORITHM = Algorithm("sends_too_much", Family.OTHER, __doc__, "none", build, packages={})
