"""Generated tables: sizes, shapes and known classes, against what their declarations say."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError
from scipy.cluster.hierarchy import cut_tree, linkage
from scipy.spatial.distance import pdist
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from clusterbench import RequestError
from clusterbench.benchmark import find_benchmark, load_benchmark
from clusterbench.datasets import Dataset, DatasetSpec, TruthKind, list_datasets, load_dataset
from clusterbench.plugins import load_registry

NAMES = [summary.name for summary in list_datasets() if summary.name.startswith("generated/")]


@cache
def load(name: str, **keys: int) -> Dataset:
    return load_dataset(DatasetSpec(use=name if "/" in name else f"generated/{name}", **keys), base=Path())


def means(dataset: Dataset) -> np.ndarray:
    return dataset.frame.groupby(dataset.truth).mean().to_numpy()


@pytest.mark.parametrize("name", NAMES)
def test_tables_follow_from_their_name_and_seed_alone(name):
    first = load(name)
    again = load_dataset(DatasetSpec(use=name, seed=0), base=Path())
    assert first.content_hash == again.content_hash
    assert first.known_classes[0].content_hash == again.known_classes[0].content_hash
    assert first.content_hash != load(name, seed=1).content_hash
    assert first.truth_kind is TruthKind.GENERATED
    assert first.warnings == ()


def test_there_are_at_least_24():
    assert len({load(name).content_hash for name in NAMES}) == len(NAMES) >= 24


def test_the_benchmark_labelled_runs_them_all(tmp_path):
    benchmark = load_benchmark(find_benchmark("labelled", workspace=tmp_path), load_registry(tmp_path))
    real = ["iris", "wine", "breast-cancer", "digits"]
    assert [spec.stable_name for spec in benchmark.datasets] == [*real, *NAMES]


def test_values_do_not_change():
    assert load("moons").frame.iloc[0].tolist() == pytest.approx([1.893366, 0.138153], abs=2e-6)


@pytest.mark.parametrize(
    ("name", "sizes", "noise"),
    [
        ("blobs-sizes", [320, 120, 40, 20], 0),
        ("blobs-few", [25, 20, 15], 0),
        ("blobs-noise", [100] * 4, 80),
        ("moons-noise", [200] * 2, 50),
        ("moons-uneven", [400, 80], 0),
    ],
)
def test_clusters_have_the_declared_sizes(name, sizes, noise):
    truth = load(name).truth
    assert np.bincount(truth[truth >= 0]).tolist() == sizes
    assert int((truth < 0).sum()) == noise
    half = load(name, n_rows=len(truth) // 2).truth
    assert np.bincount(half[half >= 0]).tolist() == pytest.approx([size / 2 for size in sizes], abs=1)


@pytest.mark.parametrize(
    "name", ["moons", "moons-uneven", "spirals", "links", "rings", "rings-blobs", "shells", "strips"]
)
def test_single_linkage_finds_what_a_gap_divides_and_k_means_does_not(name):
    dataset = load(name)
    rows, k = dataset.frame.to_numpy(), dataset.true_k
    linked = cut_tree(linkage(rows, "single"), n_clusters=k).ravel()
    assert adjusted_rand_score(dataset.truth, linked) == 1.0
    central = KMeans(k, n_init=3, random_state=0).fit_predict(rows)
    assert adjusted_rand_score(dataset.truth, central) < 0.75


@pytest.mark.parametrize("name", ["blobs-equal", "blobs-sizes", "blobs-high", "blobs-many", "blobs-boxes"])
def test_the_nearest_class_mean_is_that_of_the_own_cluster(name):
    dataset = load(name)
    distances = np.linalg.norm(dataset.frame.to_numpy()[:, np.newaxis] - means(dataset), axis=2)
    assert np.mean(distances.argmin(axis=1) == dataset.truth) > 0.985


@pytest.mark.parametrize(
    ("name", "separation"), [("blobs-equal", 6), ("blobs-touching", 4), ("blobs-overlapping", 2.5)]
)
def test_the_nearest_two_clusters_are_as_far_apart_as_is_declared(name, separation):
    dataset = load(name)
    assert pdist(means(dataset)).min() == pytest.approx(separation, abs=0.25)
    within = dataset.frame.groupby(dataset.truth).std().to_numpy()
    assert within == pytest.approx(np.ones_like(within), abs=0.2)


def test_spreads_stretch_and_correlation_are_those_declared():
    spreads = load("blobs-spread").frame.groupby(load("blobs-spread").truth).std().mean(axis=1)
    assert spreads.tolist() == pytest.approx([0.5, 1, 2, 3], rel=0.15)
    stretched, correlated = load("blobs-stretched"), load("blobs-correlated")
    for _, rows in stretched.frame.groupby(stretched.truth):
        axes = np.sqrt(np.linalg.eigvalsh(np.cov(rows.T)))
        assert axes[1] / axes[0] == pytest.approx(6, rel=0.25)
    for _, rows in correlated.frame.groupby(correlated.truth):
        assert np.corrcoef(rows.T)[0, 1:] == pytest.approx(np.full(5, 0.9), abs=0.06)


def test_nuisance_columns_do_not_depend_on_the_clusters():
    dataset = load("blobs-column")
    distance = np.abs(np.diff(means(dataset), axis=0)[0]) / dataset.frame.std().to_numpy()
    assert distance[0] > 1.8
    assert distance[1:].max() < 0.3
    scaled = load("blobs-scaled").frame.std()
    assert scaled["x4"] > 40 * scaled[["x1", "x2", "x3"]].mean()


def test_values_are_of_the_declared_kind():
    for name in ("blobs-integer", "profiles-counts", "profiles-sparse"):
        values = load(name).frame.to_numpy()
        assert (values == np.rint(values)).all()
    assert set(np.unique(load("profiles-binary").frame)) == {0.0, 1.0}
    assert (load("profiles-sparse").frame == 0).to_numpy().mean() > 0.6
    skewed = load("blobs-skewed").frame
    assert (skewed > 0).to_numpy().all()
    assert (skewed.mean() > skewed.median()).all()


def test_a_hierarchy_has_two_references_one_inside_the_other():
    clusters, groups = load("blobs-hierarchy").known_classes
    assert (clusters.name, groups.name, len(groups.names)) == ("cluster", "group", 3)
    assert np.array_equal(groups.codes, clusters.codes // 3)


def test_too_few_rows_are_refused():
    with pytest.raises(RequestError, match=r"n_rows = 3 is too small \(allowed: a row for each of 4 clusters\)"):
        load("blobs-spread", n_rows=3)


def test_an_unknown_generated_table_is_refused_with_the_nearest():
    with pytest.raises(ValidationError, match="did you mean 'generated/moons'"):
        DatasetSpec(use="generated/moon")
