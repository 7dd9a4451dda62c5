"""Random generators that no other component can shift, and random samples of rows."""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


def stable_rng(seed: int, *names: object) -> np.random.Generator:
    """Return a generator that depends on the seed and the component's name alone (SHA-256, same everywhere)."""
    text = "\x1f".join(map(str, (int(seed), *names)))
    return np.random.default_rng(int.from_bytes(hashlib.sha256(text.encode()).digest(), "little"))


@dataclass(frozen=True, slots=True)
class RowSample:
    """A random sample of the rows of a space, without replacement: the same for all algorithms and their seeds."""

    rows: int
    seed: int

    def chosen(self, n_rows: int) -> NDArray[np.bool_]:
        """Return which of `n_rows` rows are in the sample, shape (n_rows,)."""
        is_fitted = np.zeros(n_rows, dtype=np.bool_)
        is_fitted[stable_rng(self.seed, "rows of a sampled fit").choice(n_rows, self.rows, replace=False)] = True
        return is_fitted
