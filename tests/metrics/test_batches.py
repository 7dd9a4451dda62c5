"""Memory: labelings are taken in rounds that fit the budget, and no table of n x n is ever made."""

import tracemalloc

import numpy as np

from clusterbench.metrics import calibrate, score_labelings


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
    X = np.random.default_rng(1).normal(size=(19_000, 2))
    options = {"metrics": ["davies_bouldin"], "threads": 2}
    calibrate(X[:1000], [2], n_random=1, **options)  # compiles
    peak = peak_of(lambda: calibrate(X, [2], n_random=60, memory_mb=3, **options))
    assert peak < 3e6 + 3 * X.nbytes + 2e6  # all partitions at once have 9 MB


def test_scoring_stays_within_its_budget():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(10_000, 2))
    labelings = [rng.integers(0, 4, 10_000) for _ in range(60)]
    score_labelings(X[:3000], [labelings[0][:3000]])  # compiles
    peak = peak_of(lambda: score_labelings(X, labelings, memory_mb=4))
    assert peak < 4e6 + 2 * X.nbytes + 2e6  # the budget, a copy of X, and what Python itself holds
