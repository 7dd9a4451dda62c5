"""Small benchmarks over one table, run inside this process."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import StandardScaler

from clusterbench.results import Run
from clusterbench.running import Settings, Silent, run
from clusterbench.store import Store

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
RANKING = '[ranking]\nk_policies = ["silhouette"]\nrandom_partitions = 0\nbootstraps = 0\n'
KMEANS = '[[algorithms]]\nuse = "kmeans"\nn_init = 1\n'
WARD = '[[algorithms]]\nuse = "agglomerative"\nlinkage = "ward"\n'
DBSCAN = '[[algorithms]]\nuse = "dbscan"\neps_quantile = [0.7]\nmin_samples = 5\n'


class Workspace:
    """A folder with one table, and the runs of one store in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        rng = np.random.default_rng(0)
        dense = rng.normal(scale=0.3, size=(100, 2)) + np.array([[-3.0, 0.0], [3.0, 0.0]])[np.arange(100) % 2]
        dust = rng.uniform(-6, 6, size=(25, 2))
        pd.DataFrame(np.vstack([dense, dust]), columns=["a", "b"]).to_csv(folder / "clouds.csv", index=False)
        table = pd.read_csv(folder / "clouds.csv", float_precision="round_trip").to_numpy()
        self.space = StandardScaler().fit_transform(table)

    def write(self, *parts: str, head: str = "") -> None:
        (self.folder / "rules.toml").write_text(HEAD + head + TABLES + "".join(parts))

    def run(self, *parts: str, head: str = "", settings: Settings | None = None) -> Run:
        self.write(*parts, head=head)
        return run(
            "rules.toml",
            results=self.folder / "results",
            workspace=self.folder,
            settings=settings or Settings(workers=0),
            progress=Silent(),
        )

    def plugin(self, name: str, text: str, **values: object) -> None:
        for word, value in values.items():
            text = text.replace(word, repr(value))
        (self.folder / "algorithms").mkdir(exist_ok=True)
        (self.folder / "algorithms" / f"{name}.py").write_text(text)

    def store(self) -> Store:
        return Store.reader(self.folder / "results")


@pytest.fixture(scope="module")
def shared(tmp_path_factory) -> Workspace:
    """One store for the tests that do not mind what else is in it."""
    return Workspace(tmp_path_factory.mktemp("rules"))


@pytest.fixture
def workspace(tmp_path) -> Workspace:
    return Workspace(tmp_path)
