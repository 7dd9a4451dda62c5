"""A side of a comparison, read from a store or from exported tables: alike, or refused by name."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from clusterbench.errors import RequestError
from clusterbench.report import export_csv
from clusterbench.report.formats.json_and_wide import wide_scores
from clusterbench.results import declared_rules, load_run
from clusterbench.running import Settings, run
from clusterbench.verification import compare, read_side

ROOT = Path(__file__).resolve().parents[2]

# Names that a CSV reader takes for missing, and that a spreadsheet would compute.
TOML = """
title = "Two blobs"
seeds = [0, 1]
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
    run("blobs.toml", **options)
    run("blobs.toml", only=["k=2"], **options)
    return folder / "results"


@pytest.fixture(scope="module")
def exported(results, tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported")
    export_csv(load_run(results, "blobs"), folder)
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
    assert one.manifest == json.loads(json.dumps(other.manifest))
    assert one.rules == other.rules == declared_rules(load_run(results, "blobs").plan)
    found = compare(one, other)
    assert (found.n_entries, found.n_cells) == (len(one.board), len(one.cells))
    assert found.n_scores > 0
    assert (found.moves, found.scores, found.labels, found.failures, found.manifest) == ((), (), (), (), ())
    assert (found.only_a, found.only_b, found.cells_only_a, found.cells_only_b) == ((), (), 0, 0)


def test_a_results_folder_stands_for_its_latest_run_and_a_colon_names_another(results):
    assert read_side(results).name == f"{results} (blobs-part)"
    assert read_side(f"{results}:blobs").name == f"{results} (blobs)"
    assert len(read_side(results).cells) < len(read_side(f"{results}:blobs").cells)


def test_a_folder_may_have_a_colon_in_its_name(exported, tmp_path):
    shutil.copytree(exported, tmp_path / "a:b")
    assert read_side(str(tmp_path / "a:b")).name.endswith("a:b (blobs)")
    assert read_side(f"{tmp_path / 'a:b'}:blobs").name.endswith("a:b (blobs)")


def test_rules_stand_in_an_export_and_are_compared(export, exported):
    told = json.loads((export / "manifest.json").read_text())
    told["rules"]["noise"] = "drop"
    told["rules"]["algorithms"]["kmeans"]["version"] = 99
    (export / "manifest.json").write_text(json.dumps(told))
    found = compare(exported, export)
    [version] = {str(entry["version"]) for entry in read_side(exported).rules["algorithms"].values()} & {"1"}
    assert [change.what for change in found.rules] == ["noise policy", "plug-in kmeans version"]
    assert (found.rules[0].b, found.rules[1].a, found.rules[1].b) == ("drop", version, "99")
    assert found.manifest == ()


def test_an_export_without_rules_is_read_too(export, exported):
    told = json.loads((export / "manifest.json").read_text())
    del told["rules"]
    (export / "manifest.json").write_text(json.dumps(told))
    assert read_side(export).rules is None
    assert compare(exported, export).rules == ()


@pytest.mark.parametrize(
    "change",
    [
        lambda rules: [],
        lambda rules: {**rules, "noise": None},
        lambda rules: {name: value for name, value in rules.items() if name != "gate"},
        lambda rules: {**rules, "ranking": {"k_policies": "silhouette", "fixed_k": None, "weights": {}}},
        lambda rules: {**rules, "ranking": {}},
        lambda rules: {**rules, "references": {"NA": None}},
        lambda rules: {**rules, "algorithms": {"kmeans": 1}},
    ],
)
def test_rules_of_an_unknown_form_are_refused(export, change):
    told = json.loads((export / "manifest.json").read_text())
    (export / "manifest.json").write_text(json.dumps({**told, "rules": change(told["rules"])}))
    with pytest.raises(
        RequestError, match=r"manifest\.json: rules: these rules cannot be read \(allowed: an object with"
    ):
        read_side(export)


def test_more_columns_do_no_harm(export, exported):
    rewrite(export / "cells.csv", lambda frame: frame.assign(colour="red"))
    assert compare(exported, export).labels == ()


def test_a_tampered_export_is_told_by_name(export, exported):
    scores = load_run_scores(export)
    sha = scores.loc[scores["space"] == "standard", "labels_sha256"].iloc[0]

    def change(frame):
        mine = (frame["labels_sha256"] == sha) & (frame["space"] == "standard") & (frame["metric"] == "silhouette")
        frame.loc[mine, "value"] = "0.125"

    rewrite(export / "scores.csv", change)
    [found] = compare(exported, export).scores
    assert (found.labels_sha256, found.metric, found.space, found.b) == (sha, "silhouette", "standard", 0.125)
    assert found.same_data is True


def load_run_scores(folder):
    return pd.read_csv(folder / "scores.csv", dtype=str, keep_default_na=False)


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("cells.csv", ["labels_sha256", "seed"]),
        ("scores.csv", ["metric"]),
        ("leaderboard.csv", ["rank_low", "k_policy"]),
    ],
)
def test_a_table_of_an_unknown_form_is_refused_with_the_columns_that_it_lacks(export, exported, name, columns):
    rewrite(export / name, lambda frame: frame.drop(columns=columns))
    with pytest.raises(RequestError) as refused:
        compare(exported, export)
    message = str(refused.value)
    assert name in message
    for column in columns:
        assert column in message.partition("it lacks")[2].partition("(allowed")[0]


def test_wide_scores_stand_in_for_long_ones(results, exported, export):
    run_ = load_run(results, "blobs")
    (export / "scores_wide.csv").write_text(wide_scores(run_))
    (export / "scores.csv").unlink()
    one, other = read_side(exported), read_side(export)
    key = ["dataset", "variant", "algorithm", "params", "cut", "seed", "space", "metric"]
    long, wide = (side.scores.set_index(key).sort_index() for side in (one, other))
    pd.testing.assert_frame_equal(long.drop(columns="reason"), wide.drop(columns="reason"), check_exact=True)
    assert {"ok", "undefined"} == set(wide["status"])
    for a, b in ((exported, export), (f"{results}:blobs", export), (export, exported)):
        found = compare(a, b)
        assert found.n_scores > 0
        assert (found.scores, found.worse) == ((), ())


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (
            lambda frame: frame.drop(columns=["cut"]),
            r"scores_wide\.csv: this table is of an unknown form: it lacks cut",
        ),
        (lambda frame: frame[[name for name in frame if "@" not in name]], r"scores_wide\.csv: .*it holds no scores"),
        (lambda frame: frame.assign(**{"silhouette@own": "x"}), r"row 1, column silhouette@own: 'x' cannot be read"),
        (lambda frame: frame.assign(seed=""), r"scores_wide\.csv: row 1, column seed: this field is empty"),
        (lambda frame: pd.concat([frame, frame]), r"scores\.csv: a row stands there twice"),
    ],
)
def test_wide_scores_that_cannot_be_read_are_refused(results, export, change, complaint):
    (export / "scores_wide.csv").write_text(wide_scores(load_run(results, "blobs")))
    (export / "scores.csv").unlink()
    rewrite(export / "scores_wide.csv", change)
    with pytest.raises(RequestError, match=complaint):
        read_side(export)


@pytest.mark.parametrize("name", ["wine", "credit-card"])
def test_a_committed_board_is_equal_to_itself(name):
    folder = ROOT / "results" / "reference" / name
    found = compare(folder, folder)
    assert found.n_scores > 1000
    assert (found.moves, found.scores, found.labels, found.worse) == ((), (), (), ())


@pytest.mark.parametrize("name", ["cells.csv", "scores.csv", "leaderboard.csv", "manifest.json"])
def test_a_folder_that_lacks_a_file_is_refused(export, name):
    (export / name).unlink()
    with pytest.raises(RequestError, match=f"holds neither a store nor an export: it lacks {name}"):
        read_side(export)


@pytest.mark.parametrize(
    ("name", "column", "value", "complaint"),
    [
        ("cells.csv", "seed", "first", r"cells\.csv: row 2, column seed: 'first' cannot be read \(allowed: a whole"),
        ("scores.csv", "value", "high", r"row 2, column value: 'high' cannot be read \(allowed: a number\)"),
        ("scores.csv", "value", "nan", r"row 2, column value: 'nan' cannot be read \(allowed: a number\)"),
        ("scores.csv", "value", "-inf", r"row 2, column value: '-inf' cannot be read \(allowed: a number\)"),
        (
            "cells.csv",
            "status",
            "fine",
            r"cells\.csv: row 2, column status: 'fine' cannot be read \(allowed: ok, undef",
        ),
        (
            "scores.csv",
            "status",
            "rejected",
            r"column status: 'rejected' cannot be read \(allowed: ok, undefined, failed\)",
        ),
        ("cells.csv", "status", "", r"cells\.csv: row 2, column status: this field is empty \(allowed: ok, undefined"),
        (
            "leaderboard.csv",
            "rank",
            "",
            r"board\.csv: row 2, column rank: this field is empty \(allowed: a whole number",
        ),
        ("leaderboard.csv", "k_policy", "", r"column k_policy: this field is empty \(allowed: text\)"),
        ("cells.csv", "noise_share", "some", r"column noise_share: 'some' cannot be read \(allowed: a number\)"),
        ("leaderboard.csv", "control", "no", r"column control: 'no' cannot be read \(allowed: true or false\)"),
        ("cells.csv", "params", "[1]", r"column params: '\[1\]' cannot be read \(allowed: a JSON object\)"),
    ],
)
def test_a_field_that_cannot_be_read_is_refused_by_row_and_column(export, name, column, value, complaint):
    def change(frame):
        frame.loc[1, column] = value

    rewrite(export / name, change)
    with pytest.raises(RequestError, match=complaint):
        read_side(export)


def test_a_row_that_stands_twice_is_refused(export):
    rewrite(export / "leaderboard.csv", lambda frame: pd.concat([frame, frame.iloc[:1]]))
    with pytest.raises(RequestError, match=r"leaderboard\.csv: a row stands there twice: dataset = NA, algorithm"):
        read_side(export)


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("cells.csv", b"", "cells.csv: cannot be read"),
        ("cells.csv", b"a,b\n1,2,3\n1,2,3,4\n", "cells.csv: cannot be read|unknown form"),
        ("scores.csv", b"\xff\xfe\x00", "scores.csv: cannot be read"),
        ("manifest.json", b"{", "manifest.json: cannot be read"),
        ("manifest.json", b"[]", "manifest.json: holds a list"),
    ],
)
def test_a_file_of_rubbish_is_refused_by_name(export, name, content, complaint):
    (export / name).write_bytes(content)
    with pytest.raises(RequestError, match=complaint):
        read_side(export)


@pytest.mark.parametrize("target", ["nowhere", "nowhere:blobs", ""])
def test_a_folder_that_is_not_there_is_refused(target):
    with pytest.raises(RequestError, match="there is no folder"):
        read_side(target)


def test_an_unknown_benchmark_is_refused(results, export):
    with pytest.raises(RequestError, match=r"no benchmark 'iris' in this store \(allowed: blobs-part, blobs\)"):
        read_side(f"{results}:iris")
    with pytest.raises(RequestError, match=r"this is no export of 'iris' \(allowed: blobs\)"):
        read_side(f"{export}:iris")
