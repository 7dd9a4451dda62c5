"""Changes directory, environment, locale, warnings, generators, streams and import path."""

import locale
import os
import random
import sys
import warnings

import numpy as np

from clusterbench.plugins import Algorithm, Family


def build(X, seed):
    def cutter(k):
        if k == 4:
            os.chdir("/")
            os.environ.clear()
            os.environ["OMP_NUM_THREADS"] = "7"
            locale.setlocale(locale.LC_ALL, "C")
            warnings.simplefilter("error")
            random.seed(1)
            np.random.seed(1)  # noqa: NPY002
            np.seterr(all="raise")
            sys.path.clear()
            sys.stdout = sys.stderr = None
            sys.setrecursionlimit(400)
        return X[:, 0].argsort().argsort() * k // len(X)

    return cutter


ALGORITHM = Algorithm("changes_everything", Family.OTHER, __doc__, "none", build, packages={})
