"""From a finished run to segments in use: `segment`, `assign`, `explain`, `export --sql`, `monitor` and `refresh`."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3

import numpy as np
import pandas as pd
import pytest

from clusterbench.labeling import labels_sha256
from clusterbench.results import load_stored_run
from clusterbench.segments import segment_entry


@pytest.fixture(scope="module")
def segments(finished, tmp_path_factory):
    """The folder that `clusterbench segment` wrote for the first of the leaderboard."""
    return tmp_path_factory.mktemp("segments") / "out"


@pytest.fixture
def made(segments, workspace, call):
    if not segments.exists():
        ended = call("segment", "--out", str(segments))
        assert (ended.status, ended.err) == (0, "")
        assert re.search("on (raw|standard) with k = 2: 2 segments", ended.out)
    return segments


def test_segment_writes_a_bundle_and_files_on_the_segments(made):
    names = {path.name for path in made.iterdir()}
    assert {"bundle", "summary.html", "profile.csv", "labels.csv", "names.toml"} <= names
    manifest = json.loads((made / "bundle" / "manifest.json").read_text())
    assert [segment["rows"] for segment in manifest["segments"]] == [40, 40]
    assert (manifest["agreement"], manifest["contains_rows"]) == (1.0, False)
    assert manifest["segments"][0]["name"] in (made / "names.toml").read_text()
    assert (made / "bundle" / "profile.csv").read_bytes() == (made / "profile.csv").read_bytes()


def test_an_entry_gives_its_fitted_labels_with_scores_and_stability(workspace):
    made = segment_entry(workspace / "results", "kmeans/standard/2")
    segmentation, run = made.segmentation, load_stored_run(workspace / "results")
    cells = run.cells.set_index(["algorithm", "variant", "k"]).sort_index()["labels_sha256"]
    assert made.provenance.labels_sha256 == cells["kmeans", "standard", 2].iloc[0]
    assert labels_sha256((segmentation.segment - 1).astype(np.int32)) == made.provenance.labels_sha256
    assert (segmentation.title, segmentation.n_segments) == ("kmeans on standard with k = 2", 2)
    assert segmentation.table.index[:2].tolist() == ["C0", "C1"]
    assert (segmentation.features, segmentation.space.shape) == (("x", "y"), (80, 2))
    assert set(segmentation.second) == {1, 2}
    assert (segmentation.second != segmentation.segment).all()
    assert segmentation.margin.min() > 0
    assert all(0.9 < value <= 1.0 for value in segmentation.jaccard)
    own = run.scores.set_index(["labels_sha256", "variant", "space", "metric"]).sort_index()["value"]
    (silhouette,) = set(own[made.provenance.labels_sha256, "standard", "own", "silhouette"])
    assert segmentation.scores.set_index(["space", "metric"])["value"]["own", "silhouette"] == silhouette
    assert set(segmentation.k_curve["k"]) == {2, 3}
    assert made.finer.n_segments == 3
    assert segment_entry(workspace / "results", "kmeans/standard/3").finer is None
    assert made.notes[0] == run.board.headlines["blobs"]


def test_rows_without_ids_are_numbered_as_assign_numbers_them_and_codes_are_not_profiled(own, call):
    settings = "seeds = [0]\nk = [2]\n[stability]\nresamples = 0\n[structure]\npermutations = 0\n"
    tables = '[[datasets]]\npath = "shops.csv"\nroles = {kind = "category"}\n[[algorithms]]\nuse = "kmeans"\n'
    steps = '[variants]\nstandard = [{ step = "drop", columns = ["kind"] }, { step = "standardize" }]\n'
    (own / "shops.toml").write_text('title = "Shops"\nreference_spaces = ["standard"]\n' + settings + tables + steps)
    shops = pd.read_csv("blobs.csv").drop(columns="CUST_ID").assign(kind=["new", "old", "big", "old"] * 20)
    shops.to_csv("shops.csv", index=False)
    assert call("run", "shops.toml", "--jobs", "0").status == 0
    segmentation = segment_entry(own / "results").segmentation
    assert segmentation.table.index.tolist() == [str(number) for number in range(1, 81)]
    assert segmentation.table.columns.tolist() == ["x", "y"]


def test_fitted_rows_are_compared_with_the_other_rows_alone(workspace):
    segmentation = segment_entry(workspace / "results", "agglomerative/raw/3").segmentation
    squares = ((segmentation.space[:, np.newaxis] - segmentation.space) ** 2).sum(axis=2)
    np.fill_diagonal(squares, np.inf)
    assert segmentation.distance == pytest.approx(np.sqrt(squares.min(axis=1)))
    nearest = np.stack([squares[:, segmentation.segment == one].min(axis=1) for one in (1, 2, 3)])
    same = nearest.argmin(axis=0) + 1 == segmentation.segment
    margin = np.diff(np.sort(nearest, axis=0)[:2], axis=0)[0]
    assert segmentation.margin == pytest.approx(np.where(same, margin, 0.0))


def test_assign_gives_the_rows_of_the_table_their_labels(made, workspace, call, tmp_path):
    out = tmp_path / "out.parquet"
    ended = call("assign", str(made / "bundle"), "blobs.csv", "--out", str(out))
    assert (ended.status, ended.err) == (0, "")
    labels = pd.read_csv(made / "labels.csv")
    assigned = pd.read_parquet(out)
    assert assigned["id"].tolist() == [f"C{row}" for row in range(80)]
    assert assigned["segment"].tolist() == labels["segment"].tolist()


def test_assign_writes_csv_to_the_terminal(made, workspace, call):
    ended = call("assign", str(made / "bundle"), "blobs.csv")
    assert ended.status == 0
    assert len(ended.out.splitlines()) == 81


def test_explain_names_segment_reasons_and_change(made, workspace, call):
    ended = call("explain", str(made / "bundle"), "blobs.csv", "--row", "3")
    assert ended.status == 0
    assert "what each column adds to the margin:" in ended.out
    assert "smallest change that moves it: " in ended.out


def test_export_writes_a_query_that_a_database_runs(made, workspace, call, tmp_path):
    ended = call("export", str(made / "bundle"), "--sql", "sqlite", "--table", "blobs", "--id", "CUST_ID")
    assert ended.status == 0
    with sqlite3.connect(":memory:") as database:
        pd.read_csv("blobs.csv").to_sql("blobs", database, index=False)
        rows = database.execute(ended.out).fetchall()
    database.close()
    assert [row[1] for row in rows] == pd.read_csv(made / "labels.csv")["segment"].tolist()


def test_monitor_fails_on_the_verdict_that_is_declared(made, workspace, call, tmp_path):
    arguments = ("monitor", str(made / "bundle"))
    ended = call(*arguments, "blobs.csv", "--out", str(tmp_path / "out"), "--fail-on", "watch")
    assert (ended.status, ended.err) == (0, "")
    assert "keep: 80 rows of blobs.csv against 80 of the fitted table blobs" in ended.out
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"monitoring.md", "monitoring.json"}
    frame = pd.read_csv("blobs.csv")
    frame.assign(x=frame["x"] + 40).to_csv(tmp_path / "new.csv", index=False)
    assert call(*arguments, str(tmp_path / "new.csv")).status == 0
    ended = call(*arguments, str(tmp_path / "new.csv"), "--against", "blobs.csv", "--fail-on", "refit")
    assert (ended.status, ended.err) == (1, "")
    assert "refit: x is distributed otherwise" in ended.out


def test_refresh_continues_ids_and_names(made, workspace, call, tmp_path):
    """With k = 3 one of two blobs comes apart; no part of it overlaps with the whole by more than 0.95."""
    out, previous = tmp_path / "out", str(made / "bundle")
    ended = call("refresh", "kmeans/raw/3", "--previous", previous, "--out", str(out), "--overlap", "0.95")
    assert (ended.status, ended.err) == (0, "")
    before = {one["id"]: one["name"] for one in json.loads((made / "bundle" / "manifest.json").read_text())["segments"]}
    manifest, log = (json.loads((out / name).read_text()) for name in ("bundle/manifest.json", "changes.json"))
    after = {one["id"]: one["name"] for one in manifest["segments"]}
    [kept] = set(before) & set(after)
    [gone] = set(before) - {kept}
    assert set(after) == {kept, 3, 4}
    assert (after[kept], manifest["retired"]) == (before[kept], [gone])
    assert [change["kind"] for change in log["changes"]] == ["kept", "split"]
    assert f"kept: {kept} {before[kept]} (Jaccard 1.00)" in ended.out
    assert f"split: {gone} {before[gone]} into 3 {after[3]} and 4 {after[4]}" in (out / "changes.md").read_text()
    labels = pd.read_csv(out / "labels.csv")
    assert labels["segment"].value_counts()[kept] == 40
    assigned = tmp_path / "assigned.csv"
    assert call("assign", str(out / "bundle"), "blobs.csv", "--out", str(assigned)).status == 0
    assert pd.read_csv(assigned)["segment"].tolist() == labels["segment"].tolist()
    assert f"<h2>4 · {after[4]}" in (out / "summary.html").read_text()


def test_a_names_file_of_refreshed_segments_has_their_ids(made, workspace, call, tmp_path):
    out = tmp_path / "out"
    arguments = ("refresh", "kmeans/raw/3", "--previous", str(made / "bundle"), "--out", str(out), "--overlap", "0.95")
    assert call(*arguments).status == 0
    text = (out / "names.toml").read_text()
    assert "[segments.4]" in text
    (out / "names.toml").write_text(text.replace("merge = []", "merge = [[3, 4]]"))
    assert call(*arguments).status == 0
    manifest = json.loads((out / "bundle" / "manifest.json").read_text())
    assert [one["rows"] for one in manifest["segments"]] == [40, 40]
    assert manifest["segments"][1]["id"] == 3


def test_segments_are_merged_and_named_as_the_edited_file_says(own, call, tmp_path):
    out = tmp_path / "out"
    assert call("segment", "kmeans/raw/3", "--out", str(out)).status == 0
    text = (out / "names.toml").read_text()
    (out / "names.toml").write_text(text.replace("merge = []", "merge = [[2, 3]]"))
    ended = call("segment", "kmeans/raw/3", "--out", str(out), "--no-rows")
    assert (ended.status, ended.err) == (0, "")
    manifest = json.loads((out / "bundle" / "manifest.json").read_text())
    assert (len(manifest["segments"]), manifest["agreement"]) == (2, 1.0)


def test_a_names_file_of_another_encoding_is_refused_and_a_mark_is_read(workspace, call, tmp_path):
    names, arguments = tmp_path / "names.toml", ("segment", "kmeans/raw/2", "--out", str(tmp_path))
    names.write_text('[segments.1]\nname = "Käufer"\n', encoding="cp1252")
    ended = call(*arguments)
    assert (ended.status, "names.toml: is not written in UTF-8" in ended.err) == (2, True)
    names.write_text('[segments.1]\nname = "Käufer"\n', encoding="utf-8-sig")
    assert "  Käufer: " in call(*arguments).out


def test_without_rows_a_bundle_of_labelled_rows_is_refused(workspace, call, tmp_path):
    ended = call("segment", "agglomerative/raw/3", "--out", str(tmp_path / "out"), "--no-rows")
    assert (ended.status, "the bundle would hold rows of the table: nearest labelled row" in ended.err) == (2, True)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("segment", "99", "--out", "x"), "no entry has rank 99"),
        (("segment", "kmean/raw/2", "--out", "x"), "did you mean 'kmeans/raw/2'?"),
        (("assign", "nowhere", "blobs.csv"), "nowhere/manifest.json cannot be read: No such file or directory ("),
        (("export", "--sql", "duckdb"), "--sql needs a bundle"),
        (("export",), "the tables need a folder"),
    ],
)
def test_a_wrong_request_is_refused_by_name(workspace, call, arguments, message):
    ended = call(*arguments)
    assert ended.status == 2
    assert message in ended.err


def test_another_bundle_than_expected_is_refused(made, workspace, call):
    for verb in ("assign", "explain"):
        ended = call(verb, str(made / "bundle"), "blobs.csv", "--expect", "0" * 64)
        assert (ended.status, "its id is" in ended.err) == (2, True)


def test_a_changed_table_is_refused(own, call):
    shutil.copy("blobs.toml", "again.toml")
    assert call("run", "again.toml", "--jobs", "0").status == 0
    frame = pd.read_csv("blobs.csv")
    frame.assign(x=frame["x"] + 1).to_csv("blobs.csv", index=False)
    ended = call("segment", "--out", "out")
    assert (ended.status, "has changed since the run" in ended.err) == (2, True)
