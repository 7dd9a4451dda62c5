"""Shipped algorithms and their modules for tests of them."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from clusterbench.plugins import Algorithm, Partition, load_plugin, shipped_place


@pytest.fixture(scope="session")
def shipped():
    """Give a shipped algorithm by name."""

    def load(name: str) -> Algorithm:
        return load_plugin(shipped_place() / f"{name}.py")

    return load


@pytest.fixture(scope="session")
def module_of(shipped):
    """Give the module of an algorithm whose build function is its own."""

    def find(name: str) -> ModuleType:
        return sys.modules[shipped(name).build.__module__]

    return find


@pytest.fixture(scope="session")
def cuts_of(shipped):
    """Run one build of an algorithm and give its partitions at the cuts asked for."""

    def run(name: str, X: np.ndarray, cuts: list[dict[str, Any]], seed: int = 0, **params: Any) -> list[Partition]:
        algorithm = shipped(name)
        if algorithm.warm_up is not None:  # the first import of a library may warn
            algorithm.warm_up()
        cutter = algorithm.build(X, seed, **algorithm.resolve(params))
        return [cutter(**cut) for cut in cuts]

    return run


@pytest.fixture(scope="session")
def moons():
    """300 rows in 3 columns: two curved bands, a dense blob, and stray rows; no equal distances."""
    rng = np.random.default_rng(11)
    angle = rng.uniform(0, np.pi, 110)
    bands = [np.column_stack([np.cos(angle), np.sin(angle)]), np.column_stack([1 - np.cos(angle), 0.4 - np.sin(angle)])]
    blob = rng.normal([4, 4], 0.3, size=(60, 2))
    flat = np.vstack([*bands, blob, rng.uniform(-3, 6, size=(20, 2))])
    return np.column_stack([flat, np.zeros(len(flat))]) + rng.normal(scale=0.12, size=(len(flat), 3))
