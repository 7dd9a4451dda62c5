"""A small committed bundle, and the service of it in this process."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from clusterbench.datasets import Dataset, DatasetSpec, load_dataset
from clusterbench.plugins import load_registry
from clusterbench.segments import Bundle, load_bundle
from clusterbench.serve import create_app

from ..segments.workbench import Workbench, bundle_of

FOLDER = Path(__file__).parents[1] / "segments" / "bundle-schema-1"


@pytest.fixture(scope="session")
def bundle_folder() -> Path:
    """The folder of a bundle with AGE, which is filled where it is missing, and INCOME, whose log1p is taken."""
    return FOLDER


@pytest.fixture(scope="session")
def bundle() -> Bundle:
    return load_bundle(FOLDER)


@pytest.fixture(scope="session")
def client(bundle) -> TestClient:
    return TestClient(create_app(bundle))


@pytest.fixture(scope="session")
def real_table(real_table_folder) -> Dataset:
    """The 8,950 customers of the real table."""
    path = str(real_table_folder / "CC_GENERAL.csv")
    return load_dataset(DatasetSpec(path=path, drop=("CUST_ID",)), base=Path())


@pytest.fixture(scope="session")
def real_rows(real_table) -> np.ndarray:
    return real_table.frame.to_numpy(dtype=np.float64)


@pytest.fixture(scope="session")
def real_bundle(real_table, tmp_path_factory) -> Bundle:
    """Six segments of the real table by k-means, as a bundle."""
    made = tmp_path_factory.mktemp("real")
    return load_bundle(bundle_of(Workbench(real_table, load_registry(made)).fit("kmeans", k=6), made / "bundle"))
