"""`reproduce` and `compare`, as a user calls them."""

from __future__ import annotations

import re
import shutil
import sqlite3

import pytest

from clusterbench.store import STORE_NAME, register, seal


@pytest.fixture
def tampered(finished, tmp_path):
    """Results in which every silhouette was changed."""
    shutil.copytree(finished.folder / "results", tmp_path / "tampered")
    with sqlite3.connect(tmp_path / "tampered" / STORE_NAME) as connection:
        connection.execute("UPDATE scores SET value = 0.125 WHERE metric = 'silhouette'")
        register(connection)
        seal(connection, "scores")
    connection.close()
    return tmp_path / "tampered"


def test_a_row_that_is_the_same_ends_with_0(workspace, call):
    ended = call("reproduce", "kmeans/raw/2", "blobs", "--results", "results")
    assert ended.status == 0
    assert "blobs: kmeans, raw, k=2, seed 1: " in ended.out
    assert re.search(r"Same: labels, sizes and \d+ scores of 2 rows are as recorded", ended.out)


def test_a_row_that_differs_ends_with_1_and_names_what(workspace, tampered, call):
    ended = call("reproduce", "kmeans/raw/2", "--results", str(tampered))
    assert ended.status == 1
    assert "silhouette in standard (noise: zero): recorded 0.125, now 0." in ended.out
    assert "Differs: the labels are as recorded, but not silhouette" in ended.out


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
def test_a_wrong_request_ends_with_2_and_one_message(workspace, call, arguments, complaint):
    ended = call(*arguments)
    assert ended.status == 2
    assert complaint in ended.err
    assert "Traceback" not in ended.err


def test_a_run_and_its_report_are_equal(workspace, call):
    ended = call("compare", "results", "reports/blobs", "--fail-on", "worse")
    assert ended.status == 0
    assert "B is not worse" in ended.out


def test_what_is_worse_ends_with_1_where_it_is_asked_for(workspace, tampered, call):
    ended = call("compare", "results:blobs", str(tampered), "--fail-on", "worse")
    assert ended.status == 1
    assert "B is worse: " in ended.out
    assert "scores differ for equal labels" in ended.out
    assert "silhouette in standard of " in ended.out
    assert call("compare", "results:blobs", str(tampered)).status == 0


def test_submitted_tables_are_reproduced_row_by_row(workspace, call):
    ended = call("reproduce", "reports/blobs", "blobs.toml", "--rows", "2", "--seed", "3")
    assert ended.status == 0
    assert "blobs: a sample of reports/blobs (seed 3) is " in ended.out
    assert ": equal, " in ended.out
    assert call("reproduce", "reports/blobs", "blob.toml").status == 2
    scores = workspace / "reports" / "blobs" / "scores.csv"
    shutil.copytree(scores.parent, workspace / "changed")
    honest = scores.read_text()
    (workspace / "changed" / "scores.csv").write_text(re.sub(r",silhouette,[\d.]+,", ",silhouette,0.125,", honest))
    ended = call("reproduce", "changed", "blobs.toml", "--rows", "2")
    assert ended.status == 1
    assert "silhouette in standard: recorded 0.125, now 0." in ended.out
    assert ": different, " in ended.out


def test_the_help_of_both_says_what_their_arguments_are(call):
    assert "algorithm/variant/k" in call("reproduce", "--help").out
    assert "FOLDER:BENCHMARK" in call("compare", "--help").out
