"""State of this process that plug-ins change by mistake, restored after their code has run."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import numpy as np


@contextmanager
def kept_state() -> Iterator[None]:
    """Restore working directory, environment, import path and recursion limit after the block."""
    home = _working_directory()
    environment, path, depth = dict(os.environb), list(sys.path), sys.getrecursionlimit()
    try:
        yield
    finally:
        if home is not None and _working_directory() != home:
            with suppress(OSError):
                os.chdir(home)
        if dict(os.environb) != environment:
            os.environb.clear()
            os.environb.update(environment)
        sys.path[:] = path
        sys.setrecursionlimit(depth)


@contextmanager
def kept_generators() -> Iterator[None]:
    """Restore the states of the global random generators after the block."""
    of_python, of_numpy = random.getstate(), np.random.get_state()  # noqa: NPY002 - other code may use them
    try:
        yield
    finally:
        random.setstate(of_python)
        np.random.set_state(of_numpy)  # noqa: NPY002


def _working_directory() -> str | None:
    try:
        return os.getcwd()
    except OSError:  # it was removed
        return None
