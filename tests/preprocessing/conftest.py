"""A small table that all tests of variants share."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from clusterbench.datasets import Dataset


def make_dataset(frame, **more):
    return Dataset("small", frame, pd.RangeIndex(len(frame)), **more)


@pytest.fixture
def small():
    """60 rows: a, b skewed and positive, c symmetric, d counts; gaps in b and c; a and b are money."""
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(
        {
            "a": rng.lognormal(3.0, 1.0, 60),
            "b": rng.lognormal(1.0, 2.0, 60),
            "c": rng.normal(0.0, 5.0, 60),
            "d": rng.poisson(2.0, 60).astype(float),
        }
    )
    frame.loc[[3, 17, 40], "b"] = np.nan
    frame.loc[[3, 59], "c"] = np.nan
    return make_dataset(frame, groups={"monetary": ("a", "b")})


@pytest.fixture
def full(small):
    """The small table without gaps."""
    return make_dataset(small.frame.fillna(1.5), groups=small.groups)
