"""Announces a message of 2 GB."""

import os
import socket
import stat
import struct
import time

from clusterbench.plugins import Algorithm, Family


def sockets():
    for name in os.listdir("/proc/self/fd"):
        try:
            if stat.S_ISSOCK(os.fstat(int(name)).st_mode):
                yield socket.socket(fileno=os.dup(int(name)))
        except OSError:
            continue


def build(X, seed):
    def cutter(k):
        if k == 3:
            for end in sockets():
                end.sendall(struct.pack(">4sQ", b"CLB1", 2**31 - 1))
            time.sleep(1000)
        return X[:, 0].argsort().argsort() * k // len(X)

    return cutter


ALGORITHM = Algorithm("sends_too_much", Family.OTHER, __doc__, "none", build, packages={})
