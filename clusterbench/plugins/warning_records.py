"""Warnings of wrapped libraries, kept as text beside the result instead of being shown or raised."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

# About the libraries' own code, not about the fit.
_OF_NO_USE = (
    DeprecationWarning,
    PendingDeprecationWarning,
    FutureWarning,
    ImportWarning,
    ResourceWarning,
    SyntaxWarning,
)


@contextmanager
def recorded_warnings() -> Iterator[list[str]]:
    """Collect warnings of the enclosed code as ``"ConvergenceWarning: did not converge"``, each once.

    The list is filled when the block ends. Deprecations inside libraries are dropped.

    Examples
    --------
    >>> with recorded_warnings() as seen:
    ...     warnings.warn("slow", UserWarning)
    >>> seen
    ['UserWarning: slow']
    """
    seen: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            yield seen
        finally:
            useful = (w for w in caught if not issubclass(w.category, _OF_NO_USE))
            texts = (f"{w.category.__name__}: {' '.join(str(w.message).split())}" for w in useful)
            seen.extend(dict.fromkeys(texts))
