"""A side of a comparison, read from a store or from exported tables: the same, or refused by name."""

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
from clusterbench.tables import PROVENANCE
from clusterbench.verification import Kind, compare, read_side

# Names that a CSV reader takes for a missing value, and a spreadsheet for a formula.
TOML = """
title = "Two blobs"
k = [2, 3]
reference_spaces = ["standard"]
[[datasets]]
path = "blobs.csv"
name = "NA"
[variants]
"=raw" = []
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
[[algorithms]]
use = "dbscan"
eps = [0.01, 3.0]
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """A store with a run and, after it, a part of it."""
    folder = tmp_path_factory.mktemp("study")
    values = np.random.default_rng(1).normal(size=(60, 2)) + 6 * (np.arange(60) % 2)[:, None]
    pd.DataFrame(values, columns=["x", "y"]).to_csv(folder / "blobs.csv", index=False)
    (folder / "blobs.toml").write_text(TOML)
    options = {"results": folder / "results", "workspace": folder, "settings": Settings(workers=0)}
    run("blobs.toml", progress=Silent(), **options)
    run("blobs.toml", only=["k=2"], progress=Silent(), **options)
    return folder / "results"


@pytest.fixture(scope="module")
def exported(results, tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported")
    export_csv(load_stored_run(results, "blobs"), folder)
    scores = pd.read_csv(folder / "scores.csv", dtype=str, keep_default_na=False)
    index = [field.name for field in PROVENANCE]
    places = scores.assign(place=scores["metric"] + "@" + scores["space"])
    wide = places.pivot_table(index=index, columns="place", values="value", aggfunc="first")
    wide.reset_index().to_csv(folder / "scores_wide.csv", index=False)
    return folder


@pytest.fixture
def export(exported, tmp_path):
    """An export that may be changed."""
    shutil.copytree(exported, tmp_path / "export")
    return tmp_path / "export"


def rewrite(path, change):
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    changed = change(frame)
    (frame if changed is None else changed).to_csv(path, index=False)


def test_a_run_and_its_export_are_read_alike(results, exported):
    one, other = read_side(f"{results}:blobs"), read_side(exported)
    assert set(one.cells["dataset"]) == set(other.cells["dataset"]) == {"NA"}
    assert set(one.board["variant"]) == set(other.board["variant"]) == {"=raw", "standard"}
    np.testing.assert_array_equal(one.scores["value"].to_numpy(), other.scores["value"].to_numpy())
    assert one.manifest == other.manifest
    found = compare(one, other)
    assert found.differences == ()
    assert (found.counts.entries, found.counts.cells) == (len(one.board), len(one.cells))
    assert found.counts.scores > 0
    assert (found.counts.cells_only_a, found.counts.cells_only_b) == (0, 0)


def test_a_results_folder_means_its_latest_run_and_a_colon_names_another(results):
    latest, whole = read_side(results), read_side(f"{results}:blobs")
    assert (latest.name, whole.name) == (f"{results} (blobs-part)", f"{results} (blobs)")
    assert len(latest.cells) < len(whole.cells)


def test_a_folder_may_have_a_colon_in_its_name(exported, tmp_path):
    shutil.copytree(exported, tmp_path / "a:b")
    assert read_side(str(tmp_path / "a:b")).name.endswith("a:b (blobs)")
    assert read_side(f"{tmp_path / 'a:b'}:blobs").name.endswith("a:b (blobs)")


def test_rules_are_read_from_the_manifest_of_an_export(export, exported):
    manifest = json.loads((export / "manifest.json").read_text())
    version = manifest["rules"]["algorithms"]["kmeans"]
    manifest["rules"]["noise"] = "drop"
    manifest["rules"]["algorithms"]["kmeans"] = 99
    (export / "manifest.json").write_text(json.dumps(manifest))
    assert [(found.subject, found.before, found.after) for found in compare(exported, export).differences] == [
        ("noise policy", "zero", "drop"),
        ("version of plug-in kmeans", str(version), "99"),
    ]


@pytest.mark.parametrize(
    "change",
    [
        lambda manifest: [],
        lambda manifest: {name: value for name, value in manifest.items() if name != "rules"},
        lambda manifest: {**manifest, "rules": {**manifest["rules"], "noise": None}},
        lambda manifest: {**manifest, "rules": {**manifest["rules"], "ranking": {}}},
        lambda manifest: {**manifest, "rules": {**manifest["rules"], "algorithms": {"kmeans": {"version": 1}}}},
        lambda manifest: {**manifest, "threads": "many"},
    ],
)
def test_a_manifest_of_another_form_is_refused_by_its_path(export, change):
    path = export / "manifest.json"
    path.write_text(json.dumps(change(json.loads(path.read_text()))))
    with pytest.raises(RequestError, match=r"the manifest of '.*manifest\.json' was written by another version"):
        read_side(export)


@pytest.mark.parametrize("value", [0.125, np.inf])
def test_a_changed_score_of_an_export_is_found(export, exported, value):
    scores = read_side(exported).scores
    sha = scores.loc[scores["space"] == "standard", "labels_sha256"].iloc[0]

    def change(frame):
        of_labels = (frame["labels_sha256"] == sha) & (frame["space"] == "standard")
        frame.loc[of_labels & (frame["metric"] == "silhouette"), "value"] = str(value)
        return frame.assign(colour="red")  # further columns are left out

    rewrite(export / "scores.csv", change)
    [found] = compare(exported, export).differences
    assert (found.kind, found.subject, found.after) == (
        Kind.SCORE,
        f"NA: silhouette in standard of {sha[:16]}",
        value,
    )


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("cells.csv", ["seed", "labels_sha256"]),
        ("scores.csv", ["metric"]),
        ("leaderboard.csv", ["rank_low", "k_policy"]),
    ],
)
def test_a_table_is_refused_with_the_columns_that_it_lacks(export, name, columns):
    rewrite(export / name, lambda frame: frame.drop(columns=columns))
    with pytest.raises(RequestError, match=rf"{name}: columns are missing: {', '.join(sorted(columns, reverse=True))}"):
        read_side(export)


def test_wide_scores_replace_long_ones(exported, export):
    (export / "scores.csv").unlink()
    one, other = read_side(exported), read_side(export)
    key = ["dataset", "variant", "algorithm", "params", "cut", "seed", "space", "metric"]
    long, wide = (side.scores.set_index(key).sort_index() for side in (one, other))
    columns = ["benchmark", "k", "labels_sha256", "value", "status"]
    pd.testing.assert_frame_equal(long[columns], wide[columns], check_exact=True, check_index_type=False)
    assert {"ok", "undefined"} == set(wide["status"])
    for a, b in ((one, other), (other, one)):
        found = compare(a, b)
        assert found.counts.scores > 0
        assert found.differences == ()


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda frame: frame.drop(columns=["cut"]), r"scores_wide\.csv: columns are missing: cut"),
        (
            lambda frame: frame[[name for name in frame if "@" not in name]],
            r"scores_wide\.csv: columns are missing: no scores \(allowed: METRIC@SPACE",
        ),
        (lambda frame: frame.assign(**{"silhouette@own": "x"}), r"row 1, column silhouette@own: 'x' cannot be read"),
        (lambda frame: frame.assign(seed=""), r"row 1 \(dataset = NA.*has no seed"),
        (lambda frame: pd.concat([frame, frame]), r"scores\.csv: row \d+ \(dataset = NA.*is a duplicate row"),
    ],
)
def test_wide_scores_that_cannot_be_read_are_refused(export, change, complaint):
    (export / "scores.csv").unlink()
    rewrite(export / "scores_wide.csv", change)
    with pytest.raises(RequestError, match=complaint):
        read_side(export)


@pytest.mark.parametrize("name", ["cells.csv", "leaderboard.csv", "manifest.json"])
def test_a_folder_that_lacks_a_file_is_refused(export, name):
    (export / name).unlink()
    with pytest.raises(RequestError, match=f"holds neither a store nor an export: it lacks {name}"):
        read_side(export)


@pytest.mark.parametrize(
    ("name", "column", "value", "complaint"),
    [
        ("cells.csv", "seed", "first", r"cells\.csv: row 2, column seed: 'first' cannot be read \(allowed: integer\)"),
        ("cells.csv", "seed", "1.5", r"cells\.csv: row 2, column seed: '1\.5' cannot be read"),
        ("cells.csv", "noise_share", "some", r"column noise_share: 'some' cannot be read \(allowed: number\)"),
        ("cells.csv", "params", "[1]", r"cells\.csv: row 2 .*has '\[1\]' in column params, which is not of kind: JSON"),
        ("cells.csv", "cut", '{"k": 2, "a": 1}', r"cells\.csv: row 2 .* in column cut, which is not of kind: JSON obj"),
        ("cells.csv", "labels_sha256", "abc", r"cells\.csv: row 2 .*has 'abc' in column labels_sha256"),
        ("cells.csv", "status", "fine", r"cells\.csv: row 2 .*has a status that is none of ok, undefined"),
        ("cells.csv", "status", "", r"cells\.csv: row 2 .*has no status"),
        ("scores.csv", "value", "high", r"scores\.csv: row 2, column value: 'high' cannot be read"),
        ("scores.csv", "value", "", r"scores\.csv: row 2 .*is ok without a"),
        ("scores.csv", "value", "nan", r"scores\.csv: row 2 .*is ok without a"),
        (
            "scores.csv",
            "status",
            "rejected",
            r"scores\.csv: row 2 .*has a status that is none of ok, undefined, failed",
        ),
        ("leaderboard.csv", "rank", "", r"leaderboard\.csv: row 2 \(dataset = NA.*has no rank"),
        ("leaderboard.csv", "k_policy", "", r"leaderboard\.csv: row 2 .*has no k_policy"),
        ("leaderboard.csv", "control", "no", r"column control: 'no' cannot be read \(allowed: true or false\)"),
    ],
)
def test_a_field_that_cannot_be_read_is_refused_by_file_row_and_column(export, name, column, value, complaint):
    def change(frame):
        frame.loc[1, column] = value

    rewrite(export / name, change)
    with pytest.raises(RequestError, match=complaint):
        read_side(export)


def test_a_duplicate_row_is_refused(export):
    rewrite(export / "leaderboard.csv", lambda frame: pd.concat([frame, frame.iloc[:1]]))
    with pytest.raises(RequestError, match=r"leaderboard\.csv: row \d+ \(dataset = NA.*is a duplicate row"):
        read_side(export)


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("cells.csv", b"", r"cells\.csv: cannot be read"),
        ("cells.csv", b"a,b\n1,2,3\n1,2,3,4\n", r"cells\.csv: cannot be read"),
        ("scores.csv", b"\xff\xfe\x00", r"scores\.csv: cannot be read"),
        ("manifest.json", b"{", "was written by another version of clusterbench, or is damaged"),
        ("manifest.json", b"\xff", r"manifest\.json: cannot be read"),
    ],
)
def test_a_damaged_file_is_refused_by_name(export, name, content, complaint):
    (export / name).write_bytes(content)
    with pytest.raises(RequestError, match=complaint):
        read_side(export)


@pytest.mark.parametrize("target", ["nowhere", "nowhere:blobs", ""])
def test_a_missing_folder_is_refused(target):
    with pytest.raises(RequestError, match="there is no folder"):
        read_side(target)


def test_an_unknown_benchmark_is_refused(results, exported):
    with pytest.raises(RequestError, match=r"no benchmark 'iris' in this store \(allowed: blobs-part, blobs\)"):
        read_side(f"{results}:iris")
    with pytest.raises(RequestError, match=r"this is not an export of 'iris' \(allowed: blobs\)"):
        read_side(f"{exported}:iris")
