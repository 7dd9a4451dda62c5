"""Small benchmarks over one or two tables, run inside this process."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import StandardScaler

from clusterbench import run
from clusterbench.results import StoredRun
from clusterbench.running import Plan, Settings, Silent, prepare
from clusterbench.store import Store

INSIDE = Settings(workers=0)
HEAD = """
title = "Rules"
k = [2, 3, 4]
reference_spaces = ["standard"]
"""
TABLES = """
[[datasets]]
path = "clouds.csv"
[variants]
standard = [{ step = "standardize" }]
[gate]
min_rows = 2
[stability]
resamples = 0
[structure]
permutations = 0
"""
RANKING = '[ranking]\nk_policies = ["silhouette"]\norder = "mean_rank"\nrandom_partitions = 0\nbootstraps = 0\n'
KMEANS = '[[algorithms]]\nuse = "kmeans"\nn_init = 1\n'
WARD = '[[algorithms]]\nuse = "agglomerative"\nlinkage = "ward"\n'
DBSCAN = '[[algorithms]]\nuse = "dbscan"\neps_quantile = [0.7]\nmin_samples = 5\n'


class Workspace:
    """A folder with some tables, a benchmark file, and a store of its runs."""

    def __init__(self, folder: Path, name: str, **tables: pd.DataFrame) -> None:
        self.folder, self.name, self.results = folder, name, folder / "results"
        for table, frame in tables.items():
            frame.to_csv(folder / f"{table}.csv", index=False)

    def plan(self, text: str, **options: Any) -> Plan:
        """Return the plan of a benchmark with this text."""
        (self.folder / f"{self.name}.toml").write_text(text)
        return prepare(f"{self.name}.toml", workspace=self.folder, **options)[0]

    def run(self, text: str, *, results: str = "", settings: Settings = INSIDE, **options: Any) -> StoredRun:
        """Run a benchmark with this text."""
        (self.folder / f"{self.name}.toml").write_text(text)
        options = {"progress": Silent(), **options}
        place = {"results": self.folder / results if results else self.results, "workspace": self.folder}
        return run(f"{self.name}.toml", settings=settings, **place, **options)

    def plugin(self, name: str, text: str, **values: object) -> None:
        for word, value in values.items():
            text = text.replace(word, repr(value))
        (self.folder / "algorithms").mkdir(exist_ok=True)
        (self.folder / "algorithms" / f"{name}.py").write_text(text)

    def store(self) -> Store:
        return Store.reader(self.results)

    def copy(self, folder: Path) -> Workspace:
        """Return a workspace with the same files and a copy of the store."""
        copied = Workspace(self.folder, self.name)
        copied.results = folder / "results"
        shutil.copytree(self.results, copied.results)
        return copied


class Rules(Workspace):
    """A workspace whose benchmark is made of parts, over one table of two clouds in dust."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, "rules", clouds=clouds())

    def plan(self, *parts: str) -> Plan:
        return super().plan(HEAD + TABLES + "".join(parts))

    def run(self, *parts: str, head: str = "", **options: Any) -> StoredRun:
        return super().run(HEAD + head + TABLES + "".join(parts), **options)


def clouds() -> pd.DataFrame:
    """Return two dense clouds in sparse dust."""
    rng = np.random.default_rng(0)
    dense = rng.normal(scale=0.3, size=(100, 2)) + np.array([[-3.0, 0.0], [3.0, 0.0]])[np.arange(100) % 2]
    dust = rng.uniform(-6, 6, size=(25, 2))
    return pd.DataFrame(np.vstack([dense, dust]), columns=["a", "b"])


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Rules:
    """One store for the tests that do not mind what else is in it."""
    return Rules(tmp_path_factory.mktemp("rules"))


@pytest.fixture
def workspace(tmp_path: Path) -> Rules:
    return Rules(tmp_path)


@pytest.fixture(scope="session")
def space() -> np.ndarray:
    """The space `standard` of the table of `shared`."""
    return StandardScaler().fit_transform(clouds().to_numpy())
