"""Two workers against one on the default matrix: same labels, less time. Run with ``tox -e speed``.

What is timed is the whole matrix, fits and scores; the statistics of the ranking, which use all cores either way, are
left out. ``CLUSTERBENCH_SPEED_ROWS=2000`` makes the table smaller (the target holds for all 8,950 rows and two cores
with nothing else to do).
"""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from clusterbench import run
from clusterbench.benchmark import find_benchmark
from clusterbench.metrics import score_labelings
from clusterbench.results import StoredRun
from clusterbench.running import Settings

ALL_ROWS = 8950
ROWS = int(os.environ.get("CLUSTERBENCH_SPEED_ROWS", ALL_ROWS))
TARGET = 1.7
NO_STATISTICS = """
[ranking]
k_policies = ["silhouette"]
random_partitions = 0
bootstraps = 0

[stability]
resamples = 0

[structure]
permutations = 0
"""
Found = dict[int, StoredRun]

pytestmark = pytest.mark.timeout(3600)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A workspace whose benchmark is the default one without its statistics."""
    place = tmp_path_factory.mktemp("workers")
    declared = find_benchmark("credit-card", workspace=place).read_text()
    table = 'use = "credit-card"'
    assert declared.count(table) == 1
    (place / "matrix.toml").write_text(declared.replace(table, f"{table}\nn_rows = {ROWS}") + NO_STATISTICS)
    score_labelings(np.eye(4), [[0, 0, 1, 1]])  # compiled, or loaded, before anything is timed
    return place


@pytest.fixture(scope="module")
def found() -> Found:
    return {}


@pytest.mark.parametrize("workers", [1, 2])
def test_default_matrix_by_workers(benchmark, folder, found, workers):
    def run_matrix() -> StoredRun:
        settings = Settings(workers=workers)
        return run(folder / "matrix.toml", results=folder / f"results{workers}", workspace=folder, settings=settings)

    now = found[workers] = benchmark.pedantic(run_matrix, rounds=1)
    assert now.computed > 0
    benchmark.extra_info.update(rows=ROWS, **asdict(now.manifest.seconds))
    print(f"\n{workers} workers, {now.computed} cells, {matrix_seconds(now):.1f} s: {now.manifest.seconds}")
    if set(found) == {1, 2}:
        compare(benchmark, found)


def compare(benchmark, found: Found) -> None:
    """Compare the labels of two workers with those of one, and print the ratio of their times."""
    one, two = found[1], found[2]
    key = ["dataset", "variant", "algorithm", "params", "cut", "seed"]
    columns = [*key, "status", "labels_sha256"]
    pd.testing.assert_frame_equal(*(r.cells[columns].sort_values(key, ignore_index=True) for r in (one, two)))
    ratio = matrix_seconds(one) / matrix_seconds(two)
    benchmark.extra_info.update(ratio=round(ratio, 2))
    print(f"two workers against one: {ratio:.2f} times faster")
    assert ROWS < ALL_ROWS or ratio >= TARGET


def matrix_seconds(found: StoredRun) -> float:
    return found.manifest.seconds.fitting + found.manifest.seconds.scoring
