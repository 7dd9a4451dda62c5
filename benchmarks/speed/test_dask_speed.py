"""One, two and four Dask workers on the same fits: equal labels, less time. Run with ``tox -e speed``.

The workers are processes of one thread on this machine, started before anything is timed; the processes beneath them,
in which plug-ins are fitted, are not. What is timed is the fitting of a run, until the last labeling is in its store.
The target holds for two workers on two cores with nothing else to do; four are for the record.
``CLUSTERBENCH_SPEED_ROWS=2000`` makes the table smaller.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from distributed import LocalCluster

from clusterbench import run
from clusterbench.metrics import score_labelings
from clusterbench.results import StoredRun
from clusterbench.running import Settings

ALL_ROWS = 8950
ROWS = int(os.environ.get("CLUSTERBENCH_SPEED_ROWS", ALL_ROWS))
TARGET = 1.7
TOML = f"""
seeds = {list(range(8))}
k = {{ from = 2, to = 10 }}
reference_spaces = ["standard"]
datasets = [{{ use = "credit-card", n_rows = {ROWS} }}]
algorithms = [{{ use = "kmeans" }}, {{ use = "gmm" }}, {{ use = "bisecting_kmeans" }}]
ranking = {{ k_policies = ["silhouette"], random_partitions = 0, bootstraps = 0 }}
stability = {{ resamples = 0 }}
structure = {{ permutations = 0 }}
[variants]
standard = [{{ step = "impute" }}, {{ step = "standardize" }}]
"""
Runs = dict[int, StoredRun]

pytestmark = pytest.mark.timeout(1800)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A workspace with a benchmark of 24 jobs of 9 fits."""
    place = tmp_path_factory.mktemp("dask")
    (place / "fits.toml").write_text(TOML)
    score_labelings(np.eye(4), [[0, 0, 1, 1]])  # compiled, or loaded, before anything is timed
    return place


@pytest.fixture(scope="module")
def runs() -> Runs:
    """Return the finished runs by their number of workers, which the tests fill."""
    return {}


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_fits_by_dask_workers(benchmark, folder, runs, workers):
    with LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None) as cluster:
        cluster.wait_for_workers(workers)
        settings = Settings(scheduler=cluster.scheduler_address)

        def run_fits() -> StoredRun:
            return run(folder / "fits.toml", results=folder / f"results{workers}", workspace=folder, settings=settings)

        now = runs[workers] = benchmark.pedantic(run_fits, rounds=1)
    assert now.computed == len(now.cells) > 0
    seconds = now.manifest.seconds.fitting
    print(f"\n{workers} Dask workers, {now.computed} fits: {seconds:.1f} s, {now.computed / seconds:.2f} fits a second")
    if workers > 1 and 1 in runs:
        compare(benchmark, runs, workers)


def compare(benchmark, runs: Runs, workers: int) -> None:
    """Compare labels and time with those of one worker."""
    one, more = runs[1], runs[workers]
    key = ["variant", "algorithm", "params", "cut", "seed"]
    columns = [*key, "status", "labels_sha256"]
    pd.testing.assert_frame_equal(*(r.cells[columns].sort_values(key, ignore_index=True) for r in (one, more)))
    ratio = one.manifest.seconds.fitting / more.manifest.seconds.fitting
    benchmark.extra_info.update(ratio=round(ratio, 2))
    print(f"{workers} Dask workers against one: {ratio:.2f} times as many fits a second")
    assert workers != 2 or ROWS < ALL_ROWS or ratio >= TARGET
