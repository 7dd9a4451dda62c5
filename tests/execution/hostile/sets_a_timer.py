"""Leaves a timer that ends the process a little later."""

import signal

from clusterbench.plugins import Algorithm, Family


def build(X, seed):
    def cutter(k):
        if k == 4:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.setitimer(signal.ITIMER_REAL, 0.3)
        return X[:, 0].argsort().argsort() * k // len(X)

    return cutter


ALGORITHM = Algorithm("sets_a_timer", Family.OTHER, __doc__, "none", build, packages={})
