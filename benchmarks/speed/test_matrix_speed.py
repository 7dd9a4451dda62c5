"""A small matrix against the loop that a user would write with scikit-learn. Run with ``tox -e speed``.

Both give the same labels and the same scores. The loop takes minutes: it is run once, and
``CLUSTERBENCH_SPEED_ROWS=2000`` makes table and loop smaller (the targets hold for all 8,950 rows). On a busy machine
two workers get a larger share than one loop, so the processor time of both is told beside the clock's.
"""

from __future__ import annotations

import json
import os
import resource
import time
import warnings
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import pytest

from clusterbench import run
from clusterbench.environment import usable_cores
from clusterbench.labeling import Labeling
from clusterbench.metrics import score_labelings
from clusterbench.results import StoredRun
from clusterbench.running import prepare

ALL_ROWS = 8950
ROWS = int(os.environ.get("CLUSTERBENCH_SPEED_ROWS", ALL_ROWS))
COLD_TARGET, WARM_TARGET = 20, 100
KS = tuple(range(2, 11))
EPS = {
    "minmax": (0.05, 0.1, 0.15, 0.2, 0.25, 0.3),
    "log1p": (0.7, 1.0, 1.3, 1.6, 2.0, 2.5),
    "pca": (0.5, 0.7, 1.0, 1.3, 1.6, 2.0),
}
MIN_SAMPLES = 10
METRICS = ("silhouette", "davies_bouldin", "calinski_harabasz")
REFERENCES = ("standard", "log1p")
BENCHMARK = f"""
title = "A small matrix"
seeds = [0]
k = {{ from = {KS[0]}, to = {KS[-1]} }}
reference_spaces = {json.dumps(REFERENCES)}
datasets = [{{ use = "credit-card", n_rows = {ROWS} }}]
algorithms = [
    {{ use = "kmeans" }},
    {{ use = "gmm" }},
    {{ use = "agglomerative", linkage = "ward" }},
    {{ use = "kmedoids" }},
    {{ use = "dbscan", variants = ["minmax"], eps = {json.dumps(EPS["minmax"])}, min_samples = {MIN_SAMPLES} }},
    {{ use = "dbscan", variants = ["log1p"], eps = {json.dumps(EPS["log1p"])}, min_samples = {MIN_SAMPLES} }},
    {{ use = "dbscan", variants = ["pca"], eps = {json.dumps(EPS["pca"])}, min_samples = {MIN_SAMPLES} }},
]
noise = {{ also = [] }}
ranking = {{ k_policies = ["silhouette"], random_partitions = 0, bootstraps = 0 }}
stability = {{ resamples = 0 }}
structure = {{ permutations = 0 }}

[variants]
minmax = [{{ step = "impute" }}, {{ step = "minmax" }}]
log1p = [{{ step = "impute" }}, {{ step = "log1p" }}, {{ step = "standardize" }}]
pca = [{{ step = "impute" }}, {{ step = "log1p" }}, {{ step = "standardize" }}, {{ step = "pca", n_components = 0.9 }}]
"""
Key = tuple[str, str, str]  # variant, algorithm, cut

pytestmark = pytest.mark.timeout(7200)


@dataclass(slots=True)
class Loop:
    """What the loop found: labels, and the scores in each space (None: undefined)."""

    labels: dict[Key, np.ndarray] = field(default_factory=dict)
    scores: dict[tuple[Key, str], tuple[float, ...] | None] = field(default_factory=dict)
    fit_seconds: float = 0.0
    score_seconds: float = 0.0
    cpu_seconds: float = 0.0

    @property
    def seconds(self) -> float:
        return self.fit_seconds + self.score_seconds


def estimators(variant: str) -> Iterator[tuple[str, str, object]]:
    """Every estimator of a variant, with the algorithm and the cut that it stands for."""
    from sklearn.cluster import DBSCAN, AgglomerativeClustering, KMeans
    from sklearn.mixture import GaussianMixture
    from sklearn_extra.cluster import KMedoids

    for k in KS:
        cut = json.dumps({"k": k})
        yield "kmeans", cut, KMeans(k, n_init=10, random_state=0)
        yield "gmm", cut, GaussianMixture(k, random_state=0)
        yield "agglomerative", cut, AgglomerativeClustering(k, linkage="ward")
        yield "kmedoids", cut, KMedoids(k, method="alternate", init="build", max_iter=100, random_state=0)
    for eps in EPS[variant]:
        yield "dbscan", json.dumps({"eps": eps}), DBSCAN(eps=eps, min_samples=MIN_SAMPLES)


def by_scikit_learn(spaces: dict[str, np.ndarray]) -> Loop:
    """Fit and score everything, one after the other, with all cores for whatever scikit-learn does in parallel.

    Prepared spaces are given: to prepare them takes no time beside the rest, and equal bits give equal labels.
    """
    from threadpoolctl import threadpool_limits

    found, before = Loop(), cpu_seconds()
    with warnings.catch_warnings(), threadpool_limits(usable_cores()):
        warnings.simplefilter("ignore")
        for variant in EPS:
            X = spaces[variant]
            for algorithm, cut, estimator in estimators(variant):
                key = (variant, algorithm, cut)
                start = time.perf_counter()
                labels = found.labels[key] = estimator.fit_predict(X)
                fitted = time.perf_counter()
                for space in dict.fromkeys((variant, *REFERENCES)):
                    found.scores[key, space] = scores_of(spaces[space], labels)
                found.fit_seconds += fitted - start
                found.score_seconds += time.perf_counter() - fitted
    found.cpu_seconds = cpu_seconds() - before
    return found


def cpu_seconds() -> float:
    """Processor seconds of this process and of those that it has started and seen end."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def scores_of(X: np.ndarray, labels: np.ndarray) -> tuple[float, ...] | None:
    """Score a labeling of which noise is no cluster: rows of silhouette 0, left out of the other indices."""
    from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score, silhouette_score

    inside = labels >= 0
    if len(np.unique(labels[inside])) < 2:
        return None
    X, labels = X[inside], labels[inside]
    return (
        float(inside.mean() * silhouette_score(X, labels)),
        float(davies_bouldin_score(X, labels)),
        float(calinski_harabasz_score(X, labels)),
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A workspace with the benchmark; a run leaves its store here."""
    place = tmp_path_factory.mktemp("matrix")
    (place / "matrix.toml").write_text(BENCHMARK)
    return place


@pytest.fixture(scope="module")
def loop(folder) -> Loop:
    """The matrix computed by scikit-learn alone."""
    plan, _ = prepare(folder / "matrix.toml", workspace=folder)
    found = by_scikit_learn({variant: np.array(space.values) for (_, variant), space in plan.spaces.items()})
    print(
        f"\nscikit-learn, {ROWS} rows, {len(found.labels)} labelings, {len(found.scores)} times three scores:", end=" "
    )
    parts = f"{found.fit_seconds:.1f} s fitting, {found.score_seconds:.1f} s scoring"
    print(f"{found.seconds:.1f} s ({parts}; {found.cpu_seconds:.1f} s of processor)")
    return found


def run_matrix(folder: Path) -> StoredRun:
    """Run the benchmark of the workspace."""
    return run(folder / "matrix.toml", results=folder / "results", workspace=folder)


def compare(found: StoredRun, loop: Loop) -> None:
    """Compare labels and scores with those of the loop: all of them, and no others."""
    cells = found.cells.set_index(["variant", "algorithm", "cut"])["labels_sha256"].to_dict()
    assert cells == {key: Labeling.of(labels).sha256 for key, labels in loop.labels.items()}
    frame = found.scores[found.scores["metric"].isin(METRICS)]
    wide = frame.set_index(["variant", "algorithm", "cut", "space", "metric"])["value"].unstack()[list(METRICS)]
    expected = []
    for variant, algorithm, cut, space in wide.index:
        scores = loop.scores[(variant, algorithm, cut), variant if space == "own" else space]
        expected.append((np.nan,) * len(METRICS) if scores is None else scores)
    assert len(wide) == len(loop.labels) * (1 + len(REFERENCES))
    np.testing.assert_allclose(wide.to_numpy(), expected, rtol=1e-6, atol=1e-9)


def record_ratio(benchmark, what: str, ours: float, loop: Loop, target: float) -> None:
    """Print and record how many times faster than the loop a run was; refuse less than `target`."""
    ratio = loop.seconds / ours
    benchmark.extra_info.update(rows=ROWS, loop_seconds=round(loop.seconds, 2), ratio=round(ratio, 1))
    print(f"\n{what}: {ours:.2f} s against {loop.seconds:.1f} s of the loop: {ratio:.1f} times faster")
    assert ROWS < ALL_ROWS or ratio >= target


def test_cold_matrix_against_the_loop(benchmark, folder, loop):
    start = time.perf_counter()
    score_labelings(np.eye(4), [[0, 0, 1, 1]], metrics=METRICS)
    warm_up = time.perf_counter() - start
    before = cpu_seconds()
    found = benchmark.pedantic(run_matrix, args=(folder,), rounds=1)
    used, seconds = cpu_seconds() - before, asdict(found.manifest.seconds)
    print(f"\nkernels compiled or loaded beforehand: {warm_up:.2f} s; the run on {usable_cores()} workers: {seconds}")
    print(f"{used:.1f} s of processor against {loop.cpu_seconds:.1f} s: {loop.cpu_seconds / used:.1f} times less")
    benchmark.extra_info.update(first_compile_or_load_s=round(warm_up, 2), cpu_seconds=round(used, 2), **seconds)
    benchmark.extra_info["loop_cpu_seconds"] = round(loop.cpu_seconds, 2)
    assert found.computed == len(loop.labels)
    compare(found, loop)
    record_ratio(benchmark, "cold run", benchmark.stats["min"], loop, COLD_TARGET)


def test_second_run_against_the_loop(benchmark, folder, loop):
    run_matrix(folder)
    found = benchmark.pedantic(run_matrix, args=(folder,), rounds=3)
    assert found.computed == 0
    compare(found, loop)
    record_ratio(benchmark, "second run", benchmark.stats["median"], loop, WARM_TARGET)
