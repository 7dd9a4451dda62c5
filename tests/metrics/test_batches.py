"""Memory: labelings are taken in rounds that fit the budget, and no table of n x n is ever made."""

import tracemalloc

import numpy as np
import pytest

from clusterbench.metrics import NoisePolicy, calibrate, score_labelings
from clusterbench.metrics.batches import batches
from clusterbench.metrics.conditioning import Table


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    return Table.of(rng.normal(size=(500, 2))).space, [rng.integers(0, 3 + j, 500) for j in range(12)]


def rounds(table, memory_bytes, policies=(NoisePolicy.ZERO,)):
    space, labelings = table
    return list(batches(space, labelings, policies, memory_bytes, 2))


def test_a_large_budget_takes_all_at_once(table):
    (batch,) = rounds(table, 1e9)
    assert len(batch.keys) == 12
    assert [use.labeling for use in batch.uses] == list(range(12))


def test_a_small_budget_takes_more_rounds_of_the_same_partitions(table):
    whole, parts = rounds(table, 1e9)[0], rounds(table, 6e4)
    assert len(parts) > 2
    assert [key for part in parts for key in part.keys] == whole.keys
    assert [k for part in parts for k in part.ks] == whole.ks
    assert [use for part in parts for use in part.uses] == whole.uses


def test_a_budget_below_one_partition_takes_one_at_a_time(table):
    assert [len(part.keys) for part in rounds(table, 1.0)] == [1] * 12


def test_equal_partitions_are_taken_once_even_in_different_rounds(table):
    space, labelings = table
    doubled = [*labelings, *(labels + 7 for labels in labelings)]
    found = rounds((space, doubled), 2e5, [NoisePolicy.ZERO, NoisePolicy.CLUSTER])
    assert sum(len(part.keys) for part in found) == 12
    uses = [use for part in found for use in part.uses]
    assert len(uses) == 2 * 24
    assert uses[0].key == uses[1].key == uses[24].key


def peak_of(work):
    tracemalloc.start()
    work()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


def test_many_small_clusters_stay_within_the_budget():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(2000, 2))
    labelings = [rng.permutation(2000).astype(np.int32) // 2 for _ in range(100)]
    score_labelings(X, labelings[:1], metrics=["silhouette"])  # compiles
    peak = peak_of(lambda: score_labelings(X, labelings, metrics=["silhouette"], memory_mb=16, threads=2))
    assert peak < 16e6 + 3e6


def test_a_calibration_stays_within_its_budget_however_many_partitions_a_k_has():
    X = np.random.default_rng(1).normal(size=(30_000, 2))
    options = {"metrics": ["davies_bouldin"], "threads": 2}
    calibrate(X[:1000], [2], n_random=1, **options)  # compiles
    peak = peak_of(lambda: calibrate(X, [2], n_random=60, memory_mb=4, **options))
    assert peak < 4e6 + 3 * X.nbytes + 3e6  # all partitions at once have 14 MB


def test_scoring_stays_within_its_budget():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(10_000, 2))
    labelings = [rng.integers(0, 4, 10_000) for _ in range(60)]
    score_labelings(X[:3000], [labelings[0][:3000]])  # compiles
    peak = peak_of(lambda: score_labelings(X, labelings, memory_mb=4))
    assert peak < 4e6 + 2 * X.nbytes + 2e6  # the budget, a copy of X, and what Python itself holds
