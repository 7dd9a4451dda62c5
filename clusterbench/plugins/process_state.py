"""State of this process that plug-ins change: restored after their code has run, their warnings recorded."""

import locale
import os
import random
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import numpy as np

# About the libraries' own code, not about the fit.
_NOT_RECORDED = (
    DeprecationWarning,
    PendingDeprecationWarning,
    FutureWarning,
    ImportWarning,
    ResourceWarning,
    SyntaxWarning,
)


@contextmanager
def kept_state() -> Iterator[None]:
    """Restore working directory, environment, import path, locale and recursion limit after the block."""
    home = None
    with suppress(FileNotFoundError):  # it was removed
        home = os.getcwd()
    environment, path, depth = dict(os.environb), list(sys.path), sys.getrecursionlimit()
    language = locale.setlocale(locale.LC_ALL)
    try:
        yield
    finally:
        if home is not None:
            with suppress(OSError):
                os.chdir(home)
        if dict(os.environb) != environment:
            os.environb.clear()
            os.environb.update(environment)
        if locale.setlocale(locale.LC_ALL) != language:
            locale.setlocale(locale.LC_ALL, language)
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


@contextmanager
def changed_state() -> Iterator[list[str]]:
    """Collect what the block changes of the state of this process; the list is filled when the block ends."""
    changed: list[str] = []
    before = _process_state()
    yield changed
    changed += [name for name, value in _process_state().items() if value != before[name]]


def _process_state() -> dict[str, object]:
    return {
        "the state of random": random.getstate(),
        "the state of numpy.random": repr(np.random.get_state(legacy=False)),  # noqa: NPY002
        "the environment": dict(os.environ),
        "the working folder": os.getcwd(),
        "sys.path": list(sys.path),
        "the recursion limit": sys.getrecursionlimit(),
        "the locale": locale.setlocale(locale.LC_ALL),
        "numpy.seterr": np.geterr(),
        "numpy.set_printoptions": repr(np.get_printoptions()),
        "warnings.filters": list(warnings.filters),
    }


@contextmanager
def recorded_warnings() -> Iterator[list[str]]:
    """Collect warnings of the block, each once and without deprecations; the list is filled when the block ends.

    A text is type and message on one line: ``UserWarning: slow``.
    """
    seen: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            yield seen
        finally:
            useful = (w for w in caught if not issubclass(w.category, _NOT_RECORDED))
            texts = (f"{w.category.__name__}: {' '.join(str(w.message).split())}" for w in useful)
            seen.extend(dict.fromkeys(texts))
