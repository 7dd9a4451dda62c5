"""A small committed bundle, and the service of it in this process."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from clusterbench.datasets import DatasetSpec, load_dataset
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
def real_rows(real_table_folder) -> np.ndarray:
    """The 8,950 rows of the real table."""
    return load_dataset(DatasetSpec(use="cc-general"), base=Path()).frame.to_numpy(dtype=np.float64)


@pytest.fixture(scope="session")
def real_bundle(real_rows, tmp_path_factory) -> Bundle:
    """Six segments of the real table by k-means, as a bundle."""
    made = tmp_path_factory.mktemp("real")
    cards = Workbench(load_dataset(DatasetSpec(use="cc-general"), base=Path()), load_registry(made))
    return load_bundle(bundle_of(cards.fit("kmeans", k=6), made / "bundle"))
