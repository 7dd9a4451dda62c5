"""Random generators that no other component can shift."""

import hashlib

import numpy as np


def stable_rng(seed: int, *names: object) -> np.random.Generator:
    """Return a generator that depends on the seed and the component's name alone (SHA-256, same everywhere)."""
    text = "\x1f".join(map(str, (int(seed), *names)))
    return np.random.default_rng(int.from_bytes(hashlib.sha256(text.encode()).digest(), "little"))
