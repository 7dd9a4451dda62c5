"""Features that say who a row is or which class it has are named in a warning."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from clusterbench.datasets import DatasetSpec, dataset_from

N = 60
RNG = np.random.default_rng(0)
GROUP = np.arange(N) % 3
BASE = pd.DataFrame({"x": RNG.normal(size=N), "visits": RNG.integers(0, 9, N), "year": 1960 + RNG.integers(0, 9, N)})


def warnings_of(**columns) -> list[str]:
    truth = [name for name in columns if name == "kind"]
    return [*dataset_from(BASE.assign(**columns), DatasetSpec(memory="t", truth=truth)).warnings]


@pytest.mark.parametrize(
    ("name", "values", "said"),
    [
        ("row", np.arange(N), "column 'row' looks like a row number"),
        ("left", np.sort(RNG.choice(80, N, replace=False))[::-1], "column 'left' looks like a row number"),
        ("customer_no", RNG.permutation(N) + 700, "column 'customer_no' looks like an id"),
        ("target", GROUP, "column 'target' is called like known classes; truth = \"target\" makes it such"),
    ],
)
def test_a_column_that_is_no_feature_is_named(name, values, said):
    [warning] = warnings_of(**{name: values})
    assert warning.startswith(said)
    assert f'drop = ["{name}"]' in warning


def test_a_column_that_tells_the_known_classes_is_named():
    kind = np.array(["a", "b", "c"])[GROUP]
    finer = GROUP + 3 * (np.arange(N) % 2)
    assert warnings_of(kind=kind, finer=finer)[0].startswith("column 'finer' tells the known classes 'kind'")
    finer[0] = 1  # one row of another class
    assert warnings_of(kind=kind, finer=finer) == []


def test_features_are_not_named():
    assert warnings_of(kind=np.array(["a", "b", "c"])[GROUP]) == []
    assert warnings_of(code_id=np.arange(N) // 2, time=np.cumsum(RNG.integers(1, 99, N)), half=np.arange(N) / 2) == []
