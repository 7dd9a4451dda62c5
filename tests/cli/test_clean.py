"""`clean` removes what no benchmark uses, and nothing else."""

from __future__ import annotations

import shutil
from pathlib import Path

from clusterbench.store import STORE_NAME, Store

STORE = Path("results", STORE_NAME)
RUN = ("run", "blobs.toml", "--jobs", "0")


def rows(table: str) -> int:
    with Store.reader(Path("results")) as store:
        return int(store._db.rows(f"SELECT count(*) FROM {table}")[0][0])


def test_without_yes_it_shows_what_would_go_and_changes_nothing(own, call):
    assert call(*RUN, "--name", "second", "--only", "algorithm=kmeans").status == 0
    before = STORE.read_bytes()
    ended = call("clean", "--benchmark", "blobs")
    assert ended.status == 0
    assert "1 rows of benchmarks, " in ended.out
    assert "rows of cells, " in ended.out
    assert "--yes removes these rows" in ended.out
    assert STORE.read_bytes() == before


def test_what_a_finished_run_uses_stays(own, call):
    assert "nothing to remove" in call("clean").out
    before = {table: rows(table) for table in ("cells", "labelings", "scores", "frames", "jobs")}
    assert call("clean", "--yes").status == 0
    assert {table: rows(table) for table in before} == before
    assert "none of them now" in call(*RUN).out


def test_a_benchmark_can_be_removed_and_what_another_uses_stays(own, call):
    shutil.copy("blobs.toml", "half.toml")
    assert call("run", "half.toml", "--jobs", "0", "--only", "algorithm=kmeans").status == 0
    size, cells = STORE.stat().st_size, rows("cells")
    ended = call("clean", "--benchmark", "blobs", "--yes")
    assert ended.status == 0
    assert "rows of cells, " in ended.out
    assert STORE.stat().st_size < size
    assert rows("cells") < cells
    assert call("status").out.startswith("half-part: ")
    again = call("run", "half.toml", "--jobs", "0", "--only", "algorithm=kmeans")
    assert "none of them now" in again.out
    assert call("clean", "--benchmark", "half-part", "--yes").status == 0
    assert [rows(table) for table in ("benchmarks", "cells", "labelings", "scores", "frames", "jobs")] == [0] * 6


def test_nothing_is_removed_under_a_writer(own, call):
    with Store.writer(Path("results")):
        ended = call("clean", "--yes")
    assert ended.status == 2
    assert "another run writes to 'results'" in ended.err


def test_an_unknown_benchmark_is_refused(workspace, call):
    ended = call("clean", "--benchmark", "blob")
    assert ended.status == 2
    assert "did you mean 'blobs'" in ended.err


def test_without_results_nothing_is_made(call, tmp_path):
    assert "no results at" in call("clean", "--yes", "--results", str(tmp_path / "none")).err
    assert not (tmp_path / "none").exists()
