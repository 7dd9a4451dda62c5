"""`reproduce` and `compare`, as a user calls them."""

from __future__ import annotations

import shutil
import sqlite3

import numpy as np
import pandas as pd
import pytest

from clusterbench.store import STORE_NAME
from clusterbench.store.checksums import register, seal

TOML = """
title = "Two blobs"
seeds = [0]
k = [2, 3]
reference_spaces = ["standard"]
[[datasets]]
path = "blobs.csv"
[variants]
raw = []
standard = [{ step = "standardize" }]
[ranking]
random_partitions = 0
k_policies = ["silhouette"]
bootstraps = 5
[stability]
resamples = 0
[structure]
permutations = 0
[[algorithms]]
use = "kmeans"
n_init = 1
"""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    values = np.random.default_rng(1).normal(size=(60, 2)) + 6 * (np.arange(60) % 2)[:, None]
    pd.DataFrame(values, columns=["x", "y"]).to_csv(folder / "blobs.csv", index=False)
    (folder / "blobs.toml").write_text(TOML)
    return folder


@pytest.fixture
def verb(workspace, monkeypatch, call):
    """Call the command line in the workspace; give its exit status and what it wrote, errors included."""
    monkeypatch.chdir(workspace)

    def called(*arguments: str) -> tuple[int, str]:
        ended = call(*arguments)
        return ended.status, ended.out + ended.err

    return called


@pytest.fixture
def finished(workspace, verb):
    status, _ = verb("run", "blobs.toml", "--jobs", "0")
    assert status == 0
    return workspace


@pytest.fixture
def tampered(finished, tmp_path):
    """Results in which every silhouette was changed."""
    shutil.copytree(finished / "results", tmp_path / "tampered")
    with sqlite3.connect(tmp_path / "tampered" / STORE_NAME) as connection:
        connection.execute("UPDATE scores SET value = 0.125 WHERE metric = 'silhouette'")
        register(connection)
        seal(connection, "scores")
    connection.close()
    return tmp_path / "tampered"


def test_a_row_that_is_the_same_ends_with_0(finished, verb):
    status, out = verb("reproduce", "kmeans/raw/2")
    assert status == 0
    assert "kmeans, raw, k=2, seed 0 on blobs" in out
    assert "Same: labels, sizes and 32 scores of 1 row are as recorded" in out


def test_a_row_may_be_asked_for_by_rank_and_benchmark(finished, verb):
    status, out = verb("reproduce", "1", "blobs", "--results", "results")
    assert status == 0
    assert "blobs: 1 is " in out


def test_a_row_that_differs_ends_with_1_and_names_what(finished, tampered, verb):
    status, out = verb("reproduce", "kmeans/raw/2", "--results", str(tampered))
    assert status == 1
    assert "silhouette in standard (noise: zero): recorded 0.125, now 0." in out
    assert "Differs: the labels are as recorded, but not silhouette" in out


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["reproduce", "99"], "no entry has rank 99"),
        (["reproduce", "kmean/raw/2"], "did you mean 'kmeans/raw/2'"),
        (["reproduce", "1", "blob"], "no benchmark 'blob' in this store"),
        (["reproduce", "1", "--results", "nowhere"], "no results at 'nowhere/"),
        (["compare", "results", "nowhere"], "there is no folder 'nowhere'"),
        (["compare", "results", "."], "holds neither a store nor an export: it lacks leaderboard.csv"),
        (["compare", "results", "results", "--fail-on", "better"], "worse"),
    ],
)
def test_a_wrong_request_ends_with_2_and_one_message(finished, verb, arguments, complaint):
    status, out = verb(*arguments)
    assert status == 2
    assert complaint in out
    assert "Traceback" not in out


def test_a_run_and_its_report_are_equal(finished, verb):
    status, out = verb("compare", "results", "reports/blobs", "--fail-on", "worse")
    assert status == 0
    assert "B is not worse" in out


def test_what_is_worse_ends_with_1_where_it_is_asked_for(finished, tampered, verb):
    status, out = verb("compare", "results:blobs", str(tampered), "--fail-on", "worse")
    assert status == 1
    assert "B is worse: " in out
    assert "scores differ for equal labels" in out
    assert "silhouette in standard of " in out
    assert verb("compare", "results:blobs", str(tampered))[0] == 0


def test_the_help_of_both_says_what_their_arguments_are(verb):
    assert "algorithm/variant/k" in verb("reproduce", "--help")[1]
    assert "FOLDER:BENCHMARK" in verb("compare", "--help")[1]
