"""The verbs, as a user calls them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from clusterbench.labeling import canonical, labels_sha256

TOML = """
title = "Two blobs"
seeds = [0, 1]
k = [2, 3]
reference_spaces = ["standard"]
[[datasets]]
path = "blobs.csv"
drop = ["CUST_ID"]
[variants]
raw = []
standard = [{ step = "standardize" }]
[ranking]
random_partitions = 0
k_policies = ["silhouette"]
bootstraps = 0
[stability]
resamples = 2
[structure]
permutations = 0
[[algorithms]]
use = "kmeans"
n_init = 1
[[algorithms]]
use = "agglomerative"
linkage = "ward"
"""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    rng = np.random.default_rng(1)
    values = rng.normal(size=(80, 2)) + 6 * (np.arange(80) % 2)[:, None]
    frame = pd.DataFrame(values, columns=["x", "y"])
    frame.insert(0, "CUST_ID", [f"C{i}" for i in range(80)])
    frame.to_csv(folder / "blobs.csv", index=False)
    (folder / "blobs.toml").write_text(TOML)
    return folder


@pytest.fixture
def verb(workspace, monkeypatch, call):
    """Call the command line in the workspace; give its exit status and what it wrote."""
    monkeypatch.chdir(workspace)

    def called(*arguments: str) -> tuple[int, str]:
        ended = call(*arguments)
        return ended.status, ended.out

    return called


@pytest.fixture
def finished(verb):
    status, out = verb("run", "blobs.toml", "--jobs", "0")
    assert status == 0
    return out


def test_a_run_prints_the_top_of_the_leaderboard_and_what_it_wrote(workspace, finished):
    assert "kmeans" in finished
    assert "12 cells" not in finished
    assert "16 cells" in finished
    for name in ("index.html", "leaderboard.md", "leaderboard.csv", "scores.csv", "cells.csv", "manifest.json"):
        assert name in finished
        assert (workspace / "reports" / "blobs" / name).is_file()


def test_a_second_run_computes_nothing_and_says_so(finished, verb):
    status, out = verb("run", "blobs.toml", "--jobs", "0")
    assert status == 0
    assert "nothing was computed" in out


def test_a_dry_run_tells_cells_and_what_is_cached_and_writes_nothing(workspace, verb, tmp_path):
    status, out = verb("run", "blobs.toml", "--dry-run", "--results", str(tmp_path / "none"))
    assert status == 0
    assert "16 are to do" in out
    assert "never timed here" in out
    assert not (tmp_path / "none").exists()


def test_a_dry_run_estimates_from_earlier_timings(finished, verb):
    status, out = verb("run", "blobs.toml", "--dry-run")
    assert status == 0
    assert "16 cells need no work, 0 are to do" in out
    text = TOML.replace("k = [2, 3]", "k = [2, 3, 4]")
    Path("more.toml").write_text(text)
    _, out = verb("run", "more.toml", "--dry-run")
    assert "16 cells need no work, 8 are to do" in out
    assert "Estimate: " in out
    assert "unknown" not in out


def test_the_exported_tables_have_the_documented_columns(workspace, finished, verb, tmp_path):
    status, _ = verb("export", "--format", "csv", "--out", str(tmp_path / "out"))
    assert status == 0
    scores = pd.read_csv(tmp_path / "out" / "scores.csv")
    assert ",".join(scores.columns) == (
        "benchmark,dataset,variant,algorithm,params,cut,k,seed,labels_sha256,space,metric,value,status,reason"
    )
    cells = pd.read_csv(tmp_path / "out" / "cells.csv")
    assert ",".join(cells.columns) == (
        "benchmark,dataset,variant,algorithm,params,cut,k,seed,labels_sha256,status,reason,n_clusters,noise_share,"
        "smallest,largest,fit_seconds,peak_mb,inertia"
    )
    assert len(cells) == 16
    assert set(scores["space"]) == {"own", "standard"}
    assert set(scores["metric"]) == {"silhouette", "silhouette_macro", "davies_bouldin", "calinski_harabasz"}
    assert len(scores) == 16 * 2 * 4
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["threads"] == 1
    board = pd.read_csv(tmp_path / "out" / "leaderboard.csv")
    assert board.columns[0] == "rank"


def test_labels_come_back_by_the_start_of_their_hash_with_the_row_ids(workspace, finished, verb, tmp_path):
    cells = pd.read_csv(workspace / "reports" / "blobs" / "cells.csv")
    sha = cells["labels_sha256"][0]
    status, out = verb("labels", sha[:12])
    assert status == 0
    lines = out.strip().splitlines()
    assert lines[0] == "row_id,cluster"
    assert lines[1].startswith("C0,")
    labels = [int(line.split(",")[1]) for line in lines[1:]]
    assert labels_sha256(canonical(labels)) == sha
    status, _ = verb("labels", sha[:12], "--out", str(tmp_path / "labels.csv"))
    assert (tmp_path / "labels.csv").read_text() == out


def test_the_report_is_written_again_from_the_store_alone(workspace, finished, verb, tmp_path):
    status, _ = verb("report", "--reports", str(tmp_path / "again"))
    assert status == 0
    for name in ("index.html", "leaderboard.md", "leaderboard.csv", "scores.csv", "cells.csv"):
        assert (tmp_path / "again" / "blobs" / name).read_bytes() == (
            workspace / "reports" / "blobs" / name
        ).read_bytes()


def test_status_counts_cells(finished, verb):
    status, out = verb("status")
    assert status == 0
    assert "blobs: 16 ok" in out


def test_a_part_of_a_benchmark_is_another_leaderboard(finished, verb, workspace):
    status, out = verb("run", "blobs.toml", "--only", "algorithm=kmeans", "--only", "k=2", "--jobs", "0")
    assert status == 0
    assert "4 cells" in out
    assert "nothing was computed" in out
    assert "algorithm=kmeans" in (workspace / "reports" / "blobs-part" / "index.html").read_text()


def test_list_names_everything_that_a_benchmark_file_may_use(verb):
    _, out = verb("list")
    for word in ("credit-card", "breast-cancer", "autoencoder_kmeans", "hdbscan", "log1p", "impute", "davies_bouldin"):
        assert word in out


def test_inspect_shows_a_table_of_any_path(workspace, verb):
    status, out = verb("inspect", "blobs.csv", "--drop", "CUST_ID")
    assert status == 0
    assert "80 rows x 2 columns" in out
    assert [word in out for word in ("column", "missing %", "median", "│ x ", "│ y ")] == [True] * 5
    status, out = verb("inspect", "wine")
    assert "178 rows x 13 columns" in out


def test_help_is_instant_and_imports_nothing_heavy():
    code = """
import sys
from clusterbench.cli import main
sys.argv = ["clusterbench", "--help"]
try:
    main()
except SystemExit:
    pass
heavy = {"tensorflow", "sklearn", "pandas", "numpy", "matplotlib", "numba", "scipy", "pydantic"}
print(sorted(heavy & {name.split(".")[0] for name in sys.modules}))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("[]")
    for word in ("run", "status", "report", "export", "labels", "list", "inspect"):
        assert word in done.stdout


def test_the_results_do_not_depend_on_the_number_of_workers(workspace, finished, verb, tmp_path):
    hashes = {}
    for jobs in ("0", "1", "2"):
        folder = tmp_path / jobs
        verb(
            "run",
            "blobs.toml",
            "--jobs",
            jobs,
            "--results",
            str(folder / "results"),
            "--reports",
            str(folder / "reports"),
        )
        hashes[jobs] = pd.read_csv(folder / "reports" / "blobs" / "cells.csv")["labels_sha256"].tolist()
    assert hashes["0"] == hashes["1"] == hashes["2"]


def test_progress_in_a_log_is_plain_lines(workspace, tmp_path):
    folders = ["--results", str(tmp_path / "r"), "--reports", str(tmp_path / "p")]
    command = [sys.executable, "-m", "clusterbench", "run", "blobs.toml", "--jobs", "0", *folders]
    done = subprocess.run(command, cwd=workspace, capture_output=True, text=True, check=True)
    assert "fitting: 12 of 12" in done.stderr
    assert "\x1b" not in done.stderr + done.stdout
