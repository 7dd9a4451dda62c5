"""Events as execution gives them, and stores made of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from clusterbench.execution import CellStatus, CutDone
from clusterbench.labeling import Labeling
from clusterbench.store import JobFacts, Store

FACTS = JobFacts("s" * 64, "kmeans", 1, "{}", 0, 50, 1, 2.0, '{"python": "3.11"}')


@pytest.fixture(scope="session")
def make_cell() -> Callable[..., CutDone]:
    """Make the event of a finished cell with a labeling of its own."""

    def make(key: str = "a" * 64, k: int = 2, *, seed: int = 0, n_rows: int = 50) -> CutDone:
        labels = np.random.default_rng([seed, k]).integers(-1, k, size=n_rows)
        return CutDone(key, f'{{"k":{k}}}', CellStatus.OK, "", Labeling.of(labels), 0.5, 12.25, {"x": 1}, 0.25, 3.0)

    return make


@pytest.fixture
def folder(tmp_path, make_cell):
    """A results folder with three cells in its store."""
    with Store.writer(tmp_path / "results") as store:
        for k in (2, 3, 4):
            store.put_cell(make_cell(k=k))
    return tmp_path / "results"
