"""Sends a message whose unpickling ends the process that reads it."""

import os
import pickle
import socket
import stat
import struct
import time

from clusterbench.plugins import Algorithm, Family


class Fatal:
    def __reduce__(self):
        return os._exit, (0,)


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
            data = pickle.dumps(Fatal())
            for end in sockets():
                end.sendall(struct.pack(">4sQ", b"CLB1", len(data)) + data)
            time.sleep(1000)
        return X[:, 0].argsort().argsort() * k // len(X)

    return cutter


ALGORITHM = Algorithm("sends_code", Family.OTHER, __doc__, "none", build, packages={})
