"""Segmentations made by hand, and a simulated table with fitted segments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from clusterbench.datasets import DatasetSpec, load_dataset
from clusterbench.plugins import Registry, load_registry
from clusterbench.segments import Dialect, Segmentation, program_sql

from .databases import DATABASES, postgresql
from .workbench import Workbench, bundle_of

MakeSegmentation = Callable[..., Segmentation]


def _make(table: pd.DataFrame, segment: Sequence[int], *, features: Sequence[str] = (), **changes: Any) -> Segmentation:
    """A segmentation of a table by nearest means of the standardised features, with given segments."""
    names = tuple(features) or tuple(table.columns)
    filled = table[list(names)].fillna(table[list(names)].mean())
    space = ((filled - filled.mean()) / filled.std(ddof=0)).to_numpy(dtype=np.float64)
    ids = np.asarray(segment, dtype=np.int64)
    m = int(ids.max())
    means = np.stack([space[ids == one].mean(axis=0) for one in range(1, m + 1)])
    distances = ((space[:, None, :] - means) ** 2).sum(axis=2)
    own = np.where(ids > 0, distances[np.arange(len(ids)), ids - 1], np.nan)
    others = np.where(np.arange(1, m + 1) == ids[:, None], np.inf, distances)
    facts: dict[str, Any] = {
        "title": "kmeans on standard",
        "dataset": "toy",
        "table": table.set_axis(table.index.astype(str)),
        "units": {},
        "features": names,
        "space": space,
        "space_columns": names,
        "segment": ids,
        "second": np.where(ids > 0, others.argmin(axis=1) + 1, 0),
        "distance": own,
        "margin": np.where(ids > 0, np.maximum(others.min(axis=1) - own, 0.0), 0.0),
        "ids": tuple(range(1, m + 1)),
        "jaccard": (None,) * m,
        "scores": pd.DataFrame({"space": ["standard"], "metric": ["silhouette"], "value": [0.5]}),
        "k_curve": pd.DataFrame({"k": [2, 3], "space": "standard", "metric": "silhouette", "value": [0.25, 0.5]}),
    }
    return Segmentation(**(facts | changes))


@pytest.fixture(scope="session")
def make_segmentation() -> MakeSegmentation:
    """A function that makes a segmentation of a table with given segments; keyword arguments replace its fields."""
    return _make


@pytest.fixture(scope="session")
def planted() -> Segmentation:
    """Three segments of shops that thresholds on two columns describe, a third column that only describes them."""
    rng = np.random.default_rng(0)
    segment = np.repeat([1, 2, 3], [200, 120, 80])
    sales = np.choose(segment - 1, [rng.uniform(0, 90, 400), rng.uniform(110, 190, 400), rng.uniform(110, 190, 400)])
    visits = np.choose(segment - 1, [rng.uniform(0, 20, 400), rng.uniform(0, 9, 400), rng.uniform(11, 20, 400)])
    area = rng.uniform(20, 900, 400) + 100.0 * segment
    table = pd.DataFrame({"SALES": sales, "VISITS": visits, "AREA": area}, index=[f"shop-{n:04d}" for n in range(400)])
    table.iloc[:8, 1] = np.nan
    return _make(table, segment, features=("SALES", "VISITS"), jaccard=(0.95, 0.8, 0.4))


@pytest.fixture(scope="session")
def registry(tmp_path_factory) -> Registry:
    return load_registry(tmp_path_factory.mktemp("workspace"))


@pytest.fixture(scope="session")
def cards(registry) -> Workbench:
    """300 simulated customers, some of them with missing values."""
    return Workbench(load_dataset(DatasetSpec(use="credit-card", n_rows=300), base=Path()), registry)


@pytest.fixture(scope="session")
def kmeans_folder(cards, tmp_path_factory) -> Path:
    return bundle_of(cards.fit("kmeans", k=4), tmp_path_factory.mktemp("kmeans") / "bundle")


@pytest.fixture(scope="session")
def rows_folder(cards, tmp_path_factory) -> Path:
    """A bundle that holds labelled rows."""
    return bundle_of(cards.fit("agglomerative", k=3), tmp_path_factory.mktemp("rows") / "bundle")


@pytest.fixture(scope="session")
def run():
    """A function that runs a query in a database; PostgreSQL is started when it is first needed."""
    with postgresql() as server:

        def run_in(dialect, program, rows, names=None):
            if dialect is Dialect.POSTGRESQL and isinstance(server, str):
                pytest.skip(server)
            bundle = SimpleNamespace(program=program, id="x", names=names or dict.fromkeys(program.segments, "it's"))
            query = program_sql(bundle, dialect)
            database = server if dialect is Dialect.POSTGRESQL else DATABASES[dialect]
            return database(program.columns, rows, query)

        yield run_in


@pytest.fixture(scope="session")
def real(registry, real_table_folder) -> Workbench:
    """The 8,950 customers of the real table."""
    path = real_table_folder / "CC_GENERAL.csv"
    return Workbench(load_dataset(DatasetSpec(path=str(path), drop=("CUST_ID",)), base=Path()), registry)
