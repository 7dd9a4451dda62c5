"""Stability: what a resample is, how partitions of it are compared, and that refits are cached like any job."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score
from sklearn.preprocessing import StandardScaler

from clusterbench.labeling import canonical
from clusterbench.results import StoredRun
from clusterbench.results.stored_frames import read_frames
from clusterbench.running import Settings
from clusterbench.running.stability_refits import apart, jaccards, resampled_rows

from .conftest import Workspace

TOML = """
title = "Two blobs and a cloud"
seeds = [0]
k = [2, 5]
reference_spaces = ["standard"]
[[datasets]]
path = "blobs.csv"
[variants]
standard = [{ step = "standardize" }]
[ranking]
k_policies = ["fixed"]
fixed_k = K
random_partitions = 0
bootstraps = 0
[stability]
resamples = 4
[structure]
permutations = 0
[[algorithms]]
use = "kmeans"
n_init = 2
"""


@given(st.integers(2, 400), st.integers(0, 10), st.integers(0, 20))
def test_a_resample_holds_distinct_rows_in_order_and_depends_on_seed_and_number_alone(n_rows, seed, number):
    rows = resampled_rows(n_rows, seed, number)
    assert len(rows) >= 1
    assert (np.diff(rows) > 0).all()
    assert rows[0] >= 0
    assert rows[-1] < n_rows
    np.testing.assert_array_equal(rows, resampled_rows(n_rows, seed, number))


def test_a_resample_holds_about_63_percent_of_the_rows():
    shares = [len(resampled_rows(5000, 0, number)) / 5000 for number in range(20)]
    assert np.mean(shares) == pytest.approx(1 - np.exp(-1), abs=0.005)


def test_jaccard_by_hand():
    before = np.array([0, 0, 0, 1, 1, 2])
    after = np.array([5, 5, 1, 1, 1, 0])
    found = jaccards(canonical(before), canonical(after), 3)
    # {0,1,2} against {0,1}: 2/3; {3,4} against {2,3,4}: 2/3; {5} against {5}: 1
    np.testing.assert_allclose(sorted(found), [2 / 3, 2 / 3, 1.0])


def test_a_cluster_that_was_not_drawn_has_no_similarity():
    found = jaccards(np.array([0, 0, 1], dtype=np.int32), np.array([0, 0, 1], dtype=np.int32), 3)
    np.testing.assert_array_equal(np.isnan(found), [False, False, True])


def test_noise_is_no_cluster_to_be_found_again():
    before = np.array([0, 0, 1, 1], dtype=np.int32)
    found = jaccards(before, np.array([-1, -1, 0, 0], dtype=np.int32), 2)
    np.testing.assert_array_equal(found, [0.0, 1.0])
    np.testing.assert_array_equal(jaccards(before, np.full(4, -1, dtype=np.int32), 2), [0.0, 0.0])


@given(st.lists(st.integers(0, 4), min_size=1, max_size=60))
def test_a_partition_is_wholly_found_in_itself_under_any_names(labels):
    ordered = canonical(labels)
    renamed = canonical([9 - label for label in labels])
    np.testing.assert_array_equal(jaccards(ordered, renamed, int(ordered.max()) + 1), 1.0)


def test_every_row_of_noise_stands_for_itself():
    np.testing.assert_array_equal(apart(np.array([0, -1, 1, -1], dtype=np.int32)), [0, -2, 1, -4])
    noisy = np.array([0, 0, 1, 1, -1, -1], dtype=np.int32)
    swapped = np.array([0, 0, -1, -1, 1, 1], dtype=np.int32)
    # Of 15 pairs one is together in both: expected 2 * 2 / 15, at most 2.
    assert adjusted_rand_score(apart(noisy), apart(swapped)) == pytest.approx((1 - 4 / 15) / (2 - 4 / 15))


@pytest.fixture(scope="module")
def blobs() -> np.ndarray:
    return np.random.default_rng(5).normal(size=(240, 2)) + 12 * (np.arange(240) % 2)[:, None]


@pytest.fixture(scope="module")
def study(blobs: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return Workspace(tmp_path_factory.mktemp("blobs"), "blobs", blobs=pd.DataFrame(blobs, columns=["x", "y"]))


@pytest.fixture(scope="module")
def five(study: Workspace) -> StoredRun:
    """The first run of the store, at k = 5."""
    return study.run(at(5))


def at(k: int) -> str:
    return TOML.replace("fixed_k = K", f"fixed_k = {k}")


def refits_of(study: Workspace, run: StoredRun) -> pd.DataFrame:
    with study.store() as store:
        frame = read_frames(store, run.record, "stability")
    assert frame is not None
    return frame


def test_the_stability_is_the_mean_adjusted_rand_index_of_refits(study, blobs, five):
    space = StandardScaler().fit_transform(blobs)
    whole = KMeans(5, n_init=2, random_state=0).fit_predict(space)
    aris = []
    for number in range(4):
        rows = resampled_rows(len(space), 0, number)
        refit = KMeans(5, n_init=2, random_state=0).fit_predict(space[rows])
        aris.append(adjusted_rand_score(whole[rows], refit))
    row = five.board.table.iloc[0]
    assert row["stability"] == pytest.approx(np.mean(aris), abs=1e-12)
    assert row["stability_min"] == pytest.approx(min(aris), abs=1e-12)
    assert json.loads(refits_of(study, five)["refits"].iloc[0]) == pytest.approx(aris, abs=1e-12)


def test_refits_are_cached_like_any_job(study, five):
    with study.store() as store:
        before = len(store.timings())
    again = study.run(at(5))
    pd.testing.assert_frame_equal(again.board.table, five.board.table)
    with study.store() as store:
        assert len(store.timings()) == before == 1 + 4


FRAGILE = """
from clusterbench.plugins import Algorithm, CutRange, Family

def build(X, seed):
    if len(X) < 240 and int(1e6 * abs(X).sum()) % 2:
        raise RuntimeError("not this table")
    return lambda k: (X[:, 0] > -0.95).astype(int)

ALGORITHM = Algorithm(name="fragile", family=Family.CENTROID, summary="fails on some tables", reference="none",
                      build=build, cuts=(CutRange("k"),), deterministic=True)
"""


def test_blobs_are_stable_slices_are_not_and_an_entry_of_which_a_refit_failed_says_so(study, five):
    study.plugin("fragile", FRAGILE)
    table = study.run(at(2) + '[[algorithms]]\nuse = "fragile"\n').board.table.set_index("algorithm")
    assert (table.loc["kmeans", "stability"], table.loc["kmeans", "jaccard"]) == (1.0, 1.0)
    slices = five.board.table.iloc[0]
    assert slices["stability_min"] <= slices["stability"] < 0.95
    assert pd.isna(table.loc["fragile", "stability"])
    assert table.loc["fragile", "flags"].count("of 4 refits on resampled rows failed") == 1
    assert table.loc["fragile", "rank"] > table.loc["kmeans", "rank"]


FRAIL = """
from pathlib import Path
from clusterbench.plugins import Algorithm, Family

def build(X, seed):
    if len(X) < 200 and not Path({place!r}).exists():
        raise OSError(28, "No space left on device")
    return lambda k: X[:, 0].argsort().argsort() * k // len(X)

ALGORITHM = Algorithm("frail", Family.OTHER, "slices", "none", build, packages={{}})
"""


def test_refits_that_failed_are_tried_again_on_request(tmp_path):
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(200, 2)), columns=["a", "b"])
    study = Workspace(tmp_path, "frail", blobs=frame)
    study.plugin("frail", FRAIL.format(place=str(tmp_path / "mended")))
    text = at(2).replace('use = "kmeans"\nn_init = 2', 'use = "frail"')

    def refits(*, retry: bool) -> pd.DataFrame:
        return refits_of(study, study.run(text, settings=Settings(workers=0, retry=retry)))

    first = refits(retry=False)
    assert first["mean_ari"].isna().all()
    (tmp_path / "mended").touch()
    pd.testing.assert_frame_equal(refits(retry=False), first)
    assert refits(retry=True)["mean_ari"].notna().all()
