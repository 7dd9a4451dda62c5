"""Is there structure at all? k-means on drawn tables, the dips of the columns, one verdict."""

from pathlib import Path
from threading import Thread

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_score
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_info, threadpool_limits

from clusterbench.ranking import AlertKind
from clusterbench.running import Silent
from clusterbench.structure import StructureFinding, StructureVerdict

from .conftest import Workspace

TOML = """
title = "Structure"
seeds = [0]
k = [2, 3, 4]
reference_spaces = ["standard"]
[[datasets]]
path = "table.csv"
[variants]
standard = [{ step = "standardize" }]
[ranking]
random_partitions = 5
bootstraps = 0
[stability]
resamples = 0
[structure]
permutations = 19
[[algorithms]]
use = "kmeans"
n_init = 2
"""


class Steps(Silent):
    """Keeps the notes of each stage."""

    def __init__(self) -> None:
        self.notes: dict[str, tuple[int, list[str]]] = {}

    def stage(self, name: str, total: int) -> None:
        self.notes[name] = (total, [])

    def advance(self, steps: int = 1, note: str = "") -> None:
        list(self.notes.values())[-1][1].extend([note] * steps)


def run_table(
    values: np.ndarray, folder: Path, *, text: str = TOML, progress: Silent | None = None
) -> tuple[StructureFinding, list[str]]:
    """Run the benchmark on a table; return what was found of its structure and the alerts that there is none."""
    study = Workspace(folder, "table", table=pd.DataFrame(values).add_prefix("c"))
    done = study.run(text, progress=progress or Silent())
    (finding,) = done.record.structure
    return finding, [alert.text for alert in done.board.alerts if alert.kind is AlertKind.NO_STRUCTURE]


def test_blobs_on_a_ring_beat_the_tables_drawn_from_their_copula(tmp_path):
    rng = np.random.default_rng(0)
    angle = 2 * np.pi * (np.arange(200) % 7) / 7
    table = rng.normal(size=(200, 2)) + 10 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    finding, alerts = run_table(table, tmp_path)
    assert finding.verdict is StructureVerdict.FOUND
    assert finding.observed.silhouette > 0.7 > 0.6 > max(finding.silhouettes)
    assert finding.p == 0.05
    assert [sorted(fit.inertia) for fit in (finding.observed, *finding.drawn)] == [[*range(1, 11)]] * 20
    assert finding.n_rows == 200
    assert alerts == []


def test_kmeans_of_each_table_runs_on_one_thread_of_openmp(tmp_path, monkeypatch):
    counts, fit, run = [], KMeans.fit, Thread.run

    def recording_fit(self, X):
        counts.extend(pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "openmp")
        return fit(self, X)

    def run_with_two(self):
        with threadpool_limits(2, user_api="openmp"):  # as where OMP_NUM_THREADS is not set
            run(self)

    monkeypatch.setattr(KMeans, "fit", recording_fit)
    monkeypatch.setattr(Thread, "run", run_with_two)
    values = np.random.default_rng(0).normal(size=(60, 2))
    run_table(values, tmp_path, text=TOML.replace("permutations = 19", "permutations = 3"))
    assert set(counts) == {1}


def test_correlated_columns_of_one_cloud_raise_one_alert_and_every_table_is_a_step_of_the_progress(tmp_path):
    steps = Steps()
    normal = np.random.default_rng(4).multivariate_normal([0, 0, 0], 0.2 * np.eye(3) + 0.8, size=200)
    finding, alerts = run_table(np.exp(normal), tmp_path, progress=steps)
    assert finding.verdict is StructureVerdict.NOT_FOUND
    assert finding.columns == ()
    assert alerts == [finding.text]
    tables = ["table", *(f"table (drawn {number})" for number in range(19))]
    assert steps.notes["structure"] == (20, tables)


def test_two_groups_along_one_column_of_several_are_found_by_its_dip(tmp_path):
    table = np.random.default_rng(2).normal(size=(300, 7))
    table[:, 3] += 5 * (np.arange(300) % 2)
    finding, alerts = run_table(table, tmp_path, text=TOML.replace("permutations = 19", "permutations = 1"))
    assert finding.columns[0] == "c3"
    assert finding.p > 0.05
    assert finding.verdict is StructureVerdict.FOUND
    assert alerts == []


def test_a_large_table_is_tested_on_the_same_2000_of_its_rows(tmp_path):
    table = np.random.default_rng(3).normal(size=(2500, 2))
    text = TOML.replace("permutations = 19", "permutations = 1")
    finding, _ = run_table(table, tmp_path, text=text)
    assert finding.n_rows == 2000
    assert run_table(table, tmp_path, text=text)[0] == finding


def test_the_verdict_does_not_depend_on_the_algorithms_that_compete(tmp_path):
    table = np.random.default_rng(3).normal(size=(60, 2))
    other = TOML.replace('"kmeans"\nn_init = 2', '"agglomerative"').replace("[2, 3, 4]", "[5]")
    assert run_table(table, tmp_path)[0] == run_table(table, tmp_path, text=other)[0]


def test_without_a_partition_that_passes_the_gate_the_columns_alone_are_tested(tmp_path):
    text = TOML + "[gate]\nmin_rows = 40\n"
    finding, alerts = run_table(np.random.default_rng(3).normal(size=(60, 2)), tmp_path, text=text)
    assert finding.verdict is StructureVerdict.NOT_DECIDED
    assert (finding.p, len(finding.dips)) == (None, 4)  # two columns, two combinations
    assert alerts == []


@pytest.mark.parametrize("n_columns", [3, 120])
def test_k_means_and_its_silhouette_are_those_of_scikit_learn(tmp_path, n_columns):
    table = np.random.default_rng(5).normal(size=(90, n_columns)) + 4 * (np.arange(90) % 3)[:, None]
    finding, _ = run_table(table, tmp_path, text=TOML.replace("permutations = 19", "permutations = 1"))
    space = StandardScaler().fit_transform(table)
    space = np.clip(space, *np.quantile(space, [0.025, 0.975], axis=0))
    fitted = {k: KMeans(k, n_init=3, random_state=0).fit(space) for k in range(2, 11)}
    scores = [silhouette_score(space, fit.labels_) for fit in fitted.values() if np.bincount(fit.labels_).min() >= 10]
    assert finding.observed.silhouette == pytest.approx(max(scores), rel=1e-6)
    inertia = {1: 90 * space.var(axis=0).sum(), **{k: fit.inertia_ for k, fit in fitted.items()}}
    assert finding.observed.inertia == pytest.approx(inertia)
