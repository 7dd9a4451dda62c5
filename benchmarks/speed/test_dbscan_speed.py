"""Ten eps of DBSCAN against one fit of scikit-learn, with equal labels. Run with ``tox -e speed``.

Both run on one thread. ``CLUSTERBENCH_SPEED_ROWS=5000`` makes the table smaller (the target holds for 50,000 rows).
"""

from __future__ import annotations

import os
import time

import numpy as np
import pytest
from sklearn.cluster import DBSCAN
from threadpoolctl import threadpool_limits

from clusterbench.plugins import load_plugin, shipped_place

ALL_ROWS, D = 50_000, 17
ROWS = int(os.environ.get("CLUSTERBENCH_SPEED_ROWS", ALL_ROWS))
QUANTILES = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.97, 0.98, 0.99)
TARGET = 2.0  # times the seconds of one fit by scikit-learn

pytestmark = pytest.mark.timeout(3600)


@pytest.fixture(scope="module")
def rows() -> np.ndarray:
    """Skewed columns with common factors, as in a table of customers."""
    rng = np.random.default_rng(0)
    factors = rng.normal(size=(ROWS, 4)) @ rng.normal(size=(4, D))
    return factors + 0.5 * rng.normal(size=(ROWS, D))


def test_ten_eps_against_one_fit_of_scikit_learn(benchmark, rows):
    algorithm = load_plugin(shipped_place() / "dbscan.py")
    algorithm.warm_up()

    def fit_all() -> list:
        cutter = algorithm.build(rows, 0)
        return [cutter(eps_quantile=quantile) for quantile in QUANTILES]

    with threadpool_limits(1):
        ours = benchmark.pedantic(fit_all, rounds=1)
        for quantile, partition in ((0.5, ours[0]), (0.9, ours[5])):
            start = time.perf_counter()
            expected = DBSCAN(eps=partition.info["eps"], min_samples=10).fit(rows)
            seconds = time.perf_counter() - start
            np.testing.assert_array_equal(partition.labels, expected.labels_)
            ratio = benchmark.stats["min"] / seconds
            print(f"\nten eps in {benchmark.stats['min']:.1f} s, scikit-learn's quantile {quantile} in {seconds:.1f} s")
            benchmark.extra_info[f"times_scikit_learn_{quantile}"] = round(ratio, 2)
            assert ROWS < ALL_ROWS or ratio <= TARGET
