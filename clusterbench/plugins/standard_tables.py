"""The tables on which plug-ins are checked."""

import numpy as np

from clusterbench.labeling import Floats


def small_table() -> Floats:
    """Return the table that conformance is checked on: 120 rows in 4 columns, three blobs and stray rows."""
    rng = np.random.default_rng(20180302)
    centres = np.array([[0.0, 0, 0, 0], [6, 0, 3, 0], [0, 7, 0, 2]])
    blobs = centres[np.arange(114) % 3] + rng.normal(size=(114, 4))
    return np.ascontiguousarray(np.vstack([blobs, rng.uniform(-8, 12, size=(6, 4))]))


def timing_table() -> Floats:
    """Return the table that times are measured on: 1,000 rows in 8 columns, four blobs."""
    rng = np.random.default_rng(20180303)
    centres = 4.0 * rng.normal(size=(4, 8))
    return np.asarray(centres[np.arange(1000) % 4] + rng.normal(size=(1000, 8)))


def usable_tables(X: Floats) -> dict[str, Floats]:
    """Return degenerate forms of a table that every algorithm should take, by what they are."""
    constant, shifted = X.copy(), X.copy()
    constant[:, 0], shifted[:, 0] = 5.0, X[:, 0] + 1e6
    return {
        "one column": X[:, :1].copy(),
        "a constant column": constant,
        "a column far from the origin": shifted,
        "every row twice": np.repeat(X, 2, axis=0),
        "twelve rows": X[:12].copy(),
    }


def refusable_tables(X: Floats, k: int) -> dict[str, Floats]:
    """Return tables on which k clusters cannot be told apart: an algorithm may refuse them, with an exception."""
    return {
        "equal rows": np.ones((30, X.shape[1])),
        "two different rows": X[np.arange(30) % 2].copy(),
        f"{k} rows for k = {k}": X[:k].copy(),
    }
