"""Submitted tables: a sample of the rows is fitted again, and what is not as the benchmark gives it is named."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from clusterbench import run
from clusterbench.errors import RequestError
from clusterbench.report import export_csv
from clusterbench.results import load_stored_run
from clusterbench.running import Settings, Silent
from clusterbench.verification import Kind, Outcome, reproduce_sample, reproduction_text

TOML = """
title = "Three blobs"
seeds = [0, 1]
k = [2, 3, 4]
reference_spaces = ["standard"]
[[datasets]]
path = "blobs.csv"
truth = "group"
[variants]
standard = [{ step = "standardize" }]
[ranking]
random_partitions = 0
bootstraps = 0
[stability]
resamples = 0
[structure]
permutations = 0
[[algorithms]]
use = "kmeans"
n_init = 1
[[algorithms]]
use = "agglomerative"
linkage = "average"
[[algorithms]]
use = "dbscan"
eps = [0.0001, 0.5]
"""
KMEANS_3 = {"algorithm": "kmeans", "cut": '{"k": 3}', "seed": "0"}
ALL = 100  # more rows than there are


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    """A folder with a benchmark and, in ``tables``, what was exported from a run of it."""
    folder = tmp_path_factory.mktemp("study")
    group = np.arange(60) % 3
    values = np.random.default_rng(1).normal(size=(60, 2)) + 6 * np.column_stack([group, group % 2])
    pd.DataFrame(values, columns=["x", "y"]).assign(group=group).to_csv(folder / "blobs.csv", index=False)
    (folder / "blobs.toml").write_text(TOML)
    results = folder / "results"
    run("blobs.toml", results=results, workspace=folder, settings=Settings(workers=0), progress=Silent())
    export_csv(load_stored_run(results), folder / "tables")
    return folder


@pytest.fixture
def tables(workspace, tmp_path):
    """A copy of the exported tables, to be changed."""
    return shutil.copytree(workspace / "tables", tmp_path / "tables")


def again(workspace, tables, **options):
    options = {
        "benchmark": "blobs.toml",
        "rows": ALL,
        "workspace": workspace,
        "settings": Settings(workers=0),
        **options,
    }
    return reproduce_sample(tables, progress=Silent(), **options)


def change(path, where, **values):
    """Change the rows of a table that have the values `where`."""
    frame = pd.read_csv(path, dtype=str, na_filter=False)
    rows = np.logical_and.reduce([frame[name] == value for name, value in where.items()])
    assert rows.any()
    frame.loc[rows, list(values)] = list(values.values())
    frame.to_csv(path, index=False)


def failures(done):
    """Return the rows that are different, and what fails with its two values."""
    rows = [(row.key.algorithm, row.key.cut, row.key.seeds) for row in done.rows if row.outcome is Outcome.DIFFERENT]
    return rows, {str(one.subject): (one.before, one.after) for one in done.differences if one.fails}


def test_an_honest_submission_is_equal_in_every_row_that_can_be_fitted_again(workspace, tables):
    done = again(workspace, tables)
    cells = pd.read_csv(tables / "cells.csv")
    assert len(done.rows) == len(cells) == 2 * (3 + 3 + 2)
    assert {row.outcome for row in done.rows} == {Outcome.EQUAL}
    scores = pd.read_csv(tables / "scores.csv")
    assert {"own", "standard", "classes:group"} == set(scores["space"])
    assert sum(row.n_scores for row in done.rows) == len(scores)
    assert (done.same, done.differences) == (True, ())
    assert f"Same: labels, sizes and {len(scores)} scores of 16 rows are as recorded" in reproduction_text(done)


def test_the_sample_has_the_first_place_and_as_many_random_rows_as_asked_for(workspace, tables):
    board = pd.read_csv(tables / "leaderboard.csv")
    first = board.loc[board["rank"] == 1].iloc[0]
    keys = {seed: [row.key for row in again(workspace, tables, rows=3, seed=seed).rows] for seed in (0, 1)}
    for drawn in keys.values():
        assert [key.seeds for key in drawn[:2]] == [(0,), (1,)]
        assert {(key.algorithm, key.cut) for key in drawn[:2]} == {(first["algorithm"], first["cut"])}
        assert len(drawn) in (3, 4, 5)
    assert keys[0] != keys[1]
    assert keys[0] == [row.key for row in again(workspace, tables, rows=3, seed=0).rows]


def test_a_changed_score_is_found_in_its_row_alone(workspace, tables):
    where = {**KMEANS_3, "space": "standard", "metric": "davies_bouldin"}
    change(tables / "scores.csv", where, value="0.001")
    rows, found = failures(again(workspace, tables))
    assert rows == [("kmeans", '{"k": 3}', (0,))]
    assert found.keys() == {"davies_bouldin in standard"}
    assert found["davies_bouldin in standard"][0] == 0.001


def test_a_score_that_differs_beyond_the_digits_of_its_metric_is_close(workspace, tables):
    scores = pd.read_csv(tables / "scores.csv", float_precision="round_trip")
    where = {**KMEANS_3, "space": "standard", "metric": "davies_bouldin"}
    [value] = scores.astype({"seed": str})[list(where)].eq(where).all(axis=1).pipe(lambda rows: scores["value"][rows])
    change(tables / "scores.csv", where, value=repr(value + 1e-9))
    done = again(workspace, tables)
    assert done.same
    assert [row.key.cut for row in done.rows if row.outcome is Outcome.CLOSE] == ['{"k": 3}']


def test_changed_labels_are_found(workspace, tables):
    for name in ("cells.csv", "scores.csv"):
        change(tables / name, KMEANS_3, labels_sha256="0" * 64)
    done = again(workspace, tables)
    rows, found = failures(done)
    assert rows == [("kmeans", '{"k": 3}', (0,))]
    assert found["labels"][0] == "0" * 64
    assert done.verdict.startswith("Differs: the labels of 1 of 16 rows are not as recorded.")


def test_scores_of_other_labels_than_those_of_the_cell_are_found(workspace, tables):
    change(tables / "scores.csv", KMEANS_3, labels_sha256="0" * 64)
    assert failures(again(workspace, tables))[1].keys() == {"labels of its scores"}


def test_two_rows_whose_outcomes_are_swapped_are_found(workspace, tables):
    for name in ("cells.csv", "scores.csv"):
        change(tables / name, KMEANS_3, algorithm="other")
        change(tables / name, {**KMEANS_3, "cut": '{"k": 2}'}, cut='{"k": 3}', k="3")
        change(tables / name, {**KMEANS_3, "algorithm": "other"}, algorithm="kmeans", cut='{"k": 2}', k="2")
    rows, found = failures(again(workspace, tables))
    assert sorted(rows) == [("kmeans", '{"k": 2}', (0,)), ("kmeans", '{"k": 3}', (0,))]
    assert "labels" in found


def test_swapped_ranks_are_found_without_a_fit_of_their_rows(workspace, tables):
    board = pd.read_csv(tables / "leaderboard.csv", dtype=str, na_filter=False)
    assert board["rank"].iloc[0] != board["rank"].iloc[-1]
    board.loc[board.index[[0, -1]], "rank"] = board["rank"].iloc[[-1, 0]].to_numpy()
    board.to_csv(tables / "leaderboard.csv", index=False)
    done = again(workspace, tables, rows=1)
    assert not done.same
    assert {row.outcome for row in done.rows} == {Outcome.EQUAL}
    assert [one.kind for one in done.differences if one.fails] == [Kind.RANK, Kind.RANK]
    assert done.verdict.startswith("Differs: labels and scores are as recorded, but 2 ranks do not follow from")


def test_a_changed_size_and_a_changed_status_are_found(workspace, tables):
    change(tables / "cells.csv", KMEANS_3, smallest="19")
    change(tables / "cells.csv", {**KMEANS_3, "seed": "1"}, status="rejected", reason="too small")
    found = failures(again(workspace, tables))[1]
    assert found["smallest"] == (19, 20)
    assert found["status"] == ("rejected", "ok")


def test_rows_that_were_left_out_or_added_are_found(workspace, tables):
    for name in ("cells.csv", "scores.csv"):
        change(tables / name, {"algorithm": "agglomerative", "cut": '{"k": 4}'}, cut='{"k": 5}', k="5")
    done = again(workspace, tables)
    found = failures(done)[1]
    assert found["cells that are missing"] == (2, 0)
    assert found["cells that are not declared"] == (2, 0)
    assert [row.now for row in done.rows if row.key.cut == '{"k": 5}'] == ["not declared", "not declared"]


def test_versions_of_the_manifest_are_named_and_other_data_fail(workspace, tables):
    manifest = json.loads((tables / "manifest.json").read_text())
    manifest["packages"]["numpy"], manifest["python"] = "0.1", "3.99"
    (tables / "manifest.json").write_text(json.dumps(manifest))
    done = again(workspace, tables, rows=1)
    assert done.same
    assert {str(one.subject) for one in done.shared} == {"packages numpy", "python"}
    assert "packages numpy: recorded 0.1, now " in reproduction_text(done)
    assert "although the environment differs (packages numpy; python)" in done.verdict
    manifest["datasets"]["blobs"] = "0" * 64
    manifest["rules"]["gate"]["min_rows"] = 1
    (tables / "manifest.json").write_text(json.dumps(manifest))
    assert failures(again(workspace, tables, rows=1))[1].keys() == {"data of blobs", "gate min_rows"}


def test_a_rule_that_needs_draws_leaves_the_ranks_unchecked_and_says_so(workspace, tables, tmp_path):
    toml = TOML.replace("[ranking]", '[ranking]\norder = "mean_rank"\nk_policies = ["silhouette"]')
    (workspace / "mean.toml").write_text(toml)
    done = again(workspace, tables, benchmark="mean.toml", rows=1)
    assert "all ranks: recorded as given, now not checked" in reproduction_text(done)


def test_a_benchmark_that_is_not_here_is_refused(workspace, tables):
    with pytest.raises(RequestError, match=r"benchmark .blobs."):
        again(workspace, tables, benchmark=None)
