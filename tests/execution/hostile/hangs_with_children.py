"""Waits for children, one of which has left the session."""

import subprocess

from clusterbench.plugins import Algorithm, Family


def build(X, seed):
    def cutter(k):
        if k == 3:
            subprocess.Popen(["sleep", "1234"], start_new_session=True)
            subprocess.run(["sleep", "1234"], check=False)
        return X[:, 0].argsort().argsort() * k // len(X)

    return cutter


ALGORITHM = Algorithm("hangs_with_children", Family.OTHER, __doc__, "none", build, packages={})
