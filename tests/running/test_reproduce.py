"""Rows of a run, done again: what is the same is said to be the same, and every change is told by its name."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sqlite3
import zlib

import numpy as np
import pandas as pd
import pytest

from clusterbench.errors import RequestError
from clusterbench.labeling import canonical, labels_sha256
from clusterbench.results import load_run
from clusterbench.results.manifests import make_manifest
from clusterbench.running import LogProgress, Settings, run
from clusterbench.store import STORE_NAME
from clusterbench.store.checksums import register, seal
from clusterbench.verification import Matter, entry_target, reproduce, reproduction_text

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
resamples = 0
[structure]
permutations = 0
[[algorithms]]
use = "halves"
"""
PLUGIN = '''
"""Cuts the order of the first column into k equal parts."""
import numpy as np
from clusterbench.plugins import Algorithm, Family

def build(X, seed, shift=0):
    def cutter(k):
        ranks = (X[:, 0].argsort(kind="stable").argsort() + shift) % len(X)
        return ranks * k // len(X)
    return cutter

ALGORITHM = Algorithm("halves", Family.OTHER, __doc__, "none", build, packages={}, deterministic=True, version=1)
'''
HERE = Settings(workers=0)


def blobs(n_rows: int = 60) -> pd.DataFrame:
    values = np.random.default_rng(1).normal(size=(n_rows, 2)) + 6 * (np.arange(n_rows) % 2)[:, None]
    frame = pd.DataFrame(values, columns=["x", "y"])
    frame.insert(0, "CUST_ID", [f"C{i}" for i in range(n_rows)])
    return frame


def seal_all(connection):
    """Write the checksums that fit the rows: the store of another version, not a damaged one."""
    register(connection)
    for table in ("labelings", "cells", "scores", "benchmarks"):
        seal(connection, table)


class Study:
    """A workspace with one plug-in, one table and one benchmark."""

    def __init__(self, folder, results):
        self.folder, self.results = folder, results
        (folder / "algorithms").mkdir(exist_ok=True)
        self.plugin, self.toml, self.data = folder / "algorithms" / "halves.py", folder / "b.toml", folder / "blobs.csv"
        self.plugin.write_text(PLUGIN)
        self.toml.write_text(TOML)
        blobs().to_csv(self.data, index=False)

    def run(self, name="b.toml", **options):
        return run(name, results=self.results, workspace=self.folder, settings=HERE, **options)

    def again(self, target, **options):
        options = {"settings": HERE, "workspace": self.folder, **options}
        return reproduce(target, results=self.results, **options)

    def tamper(self, statement, *values):
        """Change the store behind the engine's back."""
        with sqlite3.connect(self.results / STORE_NAME) as connection:
            changed = connection.execute(statement, values).rowcount
            seal_all(connection)
        connection.close()
        assert changed > 0

    def tamper_record(self, part, change):
        """Change the recorded plan or manifest of every run."""
        with sqlite3.connect(self.results / STORE_NAME) as connection:
            for name, text in connection.execute(f"SELECT name, {part} FROM benchmarks").fetchall():
                record = json.loads(text)
                change(record)
                connection.execute(f"UPDATE benchmarks SET {part} = ? WHERE name = ?", (json.dumps(record), name))
            seal_all(connection)
        connection.close()

    def rewrite_plugin(self, old, new):
        assert old in self.plugin.read_text()
        self.plugin.write_text(self.plugin.read_text().replace(old, new))


@pytest.fixture
def bare(tmp_path):
    """A workspace in which nothing was run yet."""
    return Study(tmp_path, tmp_path / "results")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A workspace in which the benchmark was run."""
    folder = tmp_path_factory.mktemp("study")
    Study(folder, folder / "results").run()
    return folder


@pytest.fixture
def study(finished, tmp_path):
    """That workspace, its files as they were, with results of its own that may be tampered with."""
    shutil.copytree(finished / "results", tmp_path / "results")
    return Study(finished, tmp_path / "results")


def differences(reproduction, matter):
    return {
        found.what: (found.recorded, found.now) for found in reproduction.all_differences() if found.matter is matter
    }


# --- nothing has changed ---------------------------------------------------------------------------


def test_a_row_that_is_done_again_is_the_same_by_labels_sizes_and_every_score(study):
    done = study.again("halves/raw/2")
    assert done.same
    assert done.benchmark == "b"
    [row] = done.rows
    halves = canonical(blobs()["x"].to_numpy().argsort().argsort() * 2 // 60)
    assert row.recorded == row.now == labels_sha256(halves)
    assert row.seeds == (0, 1)
    # Two spaces (own and standard), four noise policies, four metrics.
    assert row.n_scores == 2 * 4 * 4
    assert not differences(done, Matter.OUTCOME)
    assert not differences(done, Matter.INPUT)
    assert done.verdict.startswith("Same: labels, sizes and 32 scores of 1 row are as recorded")
    assert done.verdict in reproduction_text(done)


def test_worker_processes_with_the_threads_of_the_run_are_the_default(study):
    done = study.again("halves/raw/2", settings=None, progress=LogProgress())
    assert done.same
    assert "threads" not in differences(done, Matter.SURROUNDINGS)


def test_the_store_is_left_as_it_was(study):
    before = hashlib.sha256((study.results / STORE_NAME).read_bytes()).hexdigest()
    study.again("1")
    assert hashlib.sha256((study.results / STORE_NAME).read_bytes()).hexdigest() == before


@pytest.mark.parametrize("target", ["1", "#1"])
def test_a_rank_stands_for_the_cuts_that_its_entries_chose(study, target):
    table = load_run(study.results).board.table
    first = table[table["rank"] == 1]
    done = study.again(target)
    assert {(row.variant, row.cut) for row in done.rows} == set(zip(first["variant"], first["cut"], strict=True))
    assert done.same


def test_a_hash_stands_for_every_row_with_these_labels(study):
    run_ = load_run(study.results)
    sha = run_.cells.loc[run_.cells["variant"] == "raw", "labels_sha256"].iloc[0]
    done = study.again(sha[:8].upper())
    # Standardizing changes no order, so both variants have the same halves.
    assert [(row.variant, row.cut, row.recorded) for row in done.rows] == [
        ("raw", '{"k": 2}', sha),
        ("standard", '{"k": 2}', sha),
    ]


def test_seeds_that_matter_are_rows_of_their_own(bare):
    bare.rewrite_plugin("deterministic=True", "deterministic=False")
    bare.rewrite_plugin("+ shift)", "+ shift + seed)")
    bare.run()
    done = bare.again("blobs/halves/standard/3")
    assert [row.seeds for row in done.rows] == [(0,), (1,)]
    assert done.same
    assert done.rows[0].recorded != done.rows[1].recorded


def test_the_rank_on_the_board_over_all_datasets_stands_for_the_entry_in_each(bare):
    text = TOML.replace("[variants]", '[[datasets]]\npath = "more.csv"\ndrop = ["CUST_ID"]\n[variants]')
    bare.toml.write_text(text)
    blobs(40).to_csv(bare.folder / "more.csv", index=False)
    bare.run()
    assert load_run(bare.results).board.table["dataset"].iloc[0] == "(all)"
    assert {row.dataset for row in bare.again("1").rows} == {"blobs", "more"}


def test_the_declaration_is_the_recorded_one_and_not_the_file_of_today(study, monkeypatch, tmp_path_factory):
    study.toml.write_text("title = 3")
    assert study.again("halves/raw/2").same
    study.toml.unlink()
    # The data's relative path is found from the folder where the file was, wherever one stands.
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert study.again("halves/standard/3").same


def test_the_part_that_was_run_is_done_again_and_not_the_whole(bare):
    blobs(2100).to_csv(bare.data, index=False)
    bare.run(quick=True, only=["variant=raw", "k=2"])
    done = bare.again("1", benchmark="b-quick-part")
    assert done.same
    [row] = done.rows
    assert (row.variant, row.seeds) == ("raw", (0,))
    assert load_run(bare.results, "b-quick-part").cells["n_rows"].iloc[0] == 2000


def test_a_named_benchmark_is_taken_and_else_a_whole_one_before_a_part(bare):
    bare.run()
    bare.run(only=["k=3"])
    for target in ("halves/raw/3", "halves/raw/2", "1"):
        assert bare.again(target).benchmark == "b"
    assert bare.again("halves/raw/3", benchmark="b-part").benchmark == "b-part"


def test_a_part_is_taken_where_no_whole_run_has_the_row(bare):
    bare.run(only=["k=3"])
    assert bare.again("halves/raw/3").benchmark == "b-part"


def test_the_target_of_an_entry_names_its_setting_alone_and_all_its_seeds(bare):
    bare.rewrite_plugin("deterministic=True", "deterministic=False")
    bare.rewrite_plugin("shift=0", "shift=0, names=None")
    # Equal labels: neither hash nor name tells the settings apart.
    bare.toml.write_text(TOML + 'shift = [0, 60]\nnames = ["a,b", "a"]\n')
    bare.run()
    run_ = load_run(bare.results)
    row = {"dataset": "blobs", "algorithm": "halves", "variant": "raw", "cut": '{"k": 2}'}
    assert len(bare.again("blobs/halves/raw/2").rows) == 4 * 2
    for params in run_.cells["params"].unique():
        shift, names = json.loads(params)["shift"], json.loads(params)["names"]
        target = entry_target(run_.cells, row | {"params": params})
        assert target == f"blobs/halves/raw/2/names={names},shift={shift}"
        done = bare.again(target)
        assert [(found.params, found.seeds) for found in done.rows] == [(params, (0,)), (params, (1,))]
        assert done.same
    assert len(bare.again("halves/raw/2/shift=60").rows) == 2 * 2
    with pytest.raises(RequestError, match="no row of b fits 'halves/raw/2/shift=6'"):
        bare.again("halves/raw/2/shift=6")


def test_a_setting_that_lacks_what_another_one_has_is_named_by_all_its_parameters():
    params = ['{"a": 1}', '{"a": 1, "b": 2}']
    cells = pd.DataFrame({"algorithm": "x", "params": params})
    row = {"dataset": "d", "algorithm": "x", "variant": "v", "cut": '{"k": 3}'}
    targets = [entry_target(cells, row | {"params": text}) for text in params]
    assert targets == ['d/x/v/3/{"a": 1}', "d/x/v/3/b=2"]
    alone = cells.assign(algorithm=["x", "y"])
    assert entry_target(alone, row | {"params": params[0]}) == "d/x/v/3"


def test_a_failure_is_reproduced_by_the_same_failure(bare):
    bare.rewrite_plugin("    def cutter(k):", "    def cutter(k):\n        if k == 3: raise ValueError('three')")
    bare.run()
    done = bare.again("halves/raw/3")
    assert done.same
    assert done.rows[0].now == "failed"
    bare.rewrite_plugin("if k == 3", "if k == 4")
    healed = bare.again("halves/raw/3")
    assert not healed.same
    assert differences(healed, Matter.OUTCOME)["labels"][0] == "failed"


# --- something has changed -------------------------------------------------------------------------


def test_changed_data_are_named_with_both_hashes(study):
    recorded = load_run(study.results).plan["datasets"]["blobs"]["hash"]
    frame = blobs()
    frame.loc[0, "x"] = frame["x"].max() + 1
    frame.to_csv(study.data, index=False)
    done = study.again("halves/raw/2")
    assert not done.same
    found = differences(done, Matter.INPUT)
    assert set(found) == {"data of blobs", "space raw of blobs", "reference space standard of blobs"}
    assert found["data of blobs"][0] == recorded
    assert found["data of blobs"][1] != recorded
    assert done.verdict.startswith("Differs: the labels of 1 of 1 row are others. What else differs: data of blobs")
    assert f"data of blobs: recorded {recorded}" in reproduction_text(done)


def test_other_data_are_another_row_even_where_the_labels_come_out_the_same(study):
    blobs().assign(CUST_ID=[f"D{i}" for i in range(60)]).to_csv(study.data, index=False)
    done = study.again("halves/raw/2")
    assert not done.same
    assert "data of blobs" in differences(done, Matter.INPUT)
    assert not differences(done, Matter.OUTCOME)
    assert "they were made of something else" in done.verdict


def test_another_version_of_the_plug_in_is_named(study):
    study.rewrite_plugin("version=1", "version=2")
    done = study.again("halves/raw/2")
    assert not done.same
    assert differences(done, Matter.INPUT) == {"version of plug-in halves": ("1", "2")}
    assert not differences(done, Matter.OUTCOME)


def test_a_new_default_of_the_plug_in_is_named_and_the_recorded_parameters_are_used(study):
    study.rewrite_plugin("shift=0", "shift=7")
    done = study.again("halves/raw/2")
    assert done.rows[0].same_labels
    [(what, values)] = differences(done, Matter.INPUT).items()
    assert what == "parameters of halves, filled in by the plug-in"
    assert values == ('{"shift": 0}', '{"shift": 7}')


def test_other_labels_without_a_known_cause_are_said_to_be_so(study):
    study.rewrite_plugin("+ shift)", "+ shift + 5)")
    study.tamper_record("manifest", lambda manifest: manifest.update(make_manifest()))
    done = study.again("halves/raw/2")
    assert not done.same
    before, after = differences(done, Matter.OUTCOME)["labels"]
    assert re.fullmatch("[0-9a-f]{64}", before)
    assert after != before
    assert done.differences == ()
    assert "Nothing known differs beside: neither data, plug-in version, parameters" in done.verdict
    assert "the plug-in's code was changed" in done.verdict


def test_a_score_that_was_changed_in_the_store_is_named_with_both_values(study):
    sha = study.again("halves/raw/2").rows[0].recorded
    where = "WHERE metric = 'silhouette' AND noise = 'drop' AND labels_sha256 = ?"
    study.tamper(f"UPDATE scores SET value = 0.875 {where}", sha)
    done = study.again("halves/raw/2")
    assert not done.same
    found = differences(done, Matter.OUTCOME)
    assert set(found) == {"silhouette in own (noise: drop)", "silhouette in standard (noise: drop)"}
    assert found["silhouette in own (noise: drop)"][0] == "0.875"
    assert done.verdict.startswith("Differs: the labels are as recorded, but not silhouette in own (noise: drop)")
    assert "silhouette in own (noise: drop): recorded 0.875, now 0." in reproduction_text(done)


def test_a_score_that_was_taken_out_of_the_store_is_named(study):
    study.tamper("DELETE FROM scores WHERE metric = 'davies_bouldin' AND noise = 'zero'")
    found = differences(study.again("halves/raw/2"), Matter.OUTCOME)
    assert found["davies_bouldin in standard (noise: zero)"][0] == "no score"


def test_a_score_made_undefined_in_the_store_is_named(study):
    study.tamper("UPDATE scores SET value = NULL, status = 'undefined', reason = 'x' WHERE metric = 'silhouette'")
    found = differences(study.again("halves/raw/2"), Matter.OUTCOME)
    assert found["silhouette in standard (noise: zero)"][0] == "undefined"


def test_a_difference_beyond_the_reproducible_digits_is_told_and_forgiven(study):
    study.tamper("UPDATE scores SET value = value + 1e-8 WHERE metric = 'silhouette' AND noise = 'zero'")
    done = study.again("halves/raw/2")
    assert done.same
    assert "last digits of silhouette in own (noise: zero)" in differences(done, Matter.DIGITS)


def test_labels_that_were_changed_in_the_store_are_named(study):
    sha = study.again("halves/raw/2").rows[0].recorded
    other = np.zeros(60, dtype="<i4")
    study.tamper("UPDATE labelings SET data = ? WHERE sha256 = ?", zlib.compress(other.tobytes()), sha)
    found = differences(study.again("halves/raw/2"), Matter.OUTCOME)
    assert found["hash of the labels in the store"] == (sha, labels_sha256(other))


def test_sizes_that_were_changed_in_the_store_are_named(study):
    study.tamper("UPDATE labelings SET sizes = '[31, 29]' WHERE sizes = '[30, 30]'")
    found = differences(study.again("halves/raw/2"), Matter.OUTCOME)
    assert found == {"sizes of the clusters": ("[31, 29]", "[30, 30]")}


def test_other_surroundings_are_told_and_do_not_make_a_row_another(study):
    def change(manifest):
        manifest["packages"]["numpy"] = "0.1"
        manifest["cpu"] = "Abacus"

    study.tamper_record("manifest", change)
    done = study.again("halves/raw/2", settings=Settings(workers=0, threads=2))
    assert done.same
    found = differences(done, Matter.SURROUNDINGS)
    assert found["packages numpy"] == ("0.1", np.__version__)
    assert found["cpu"][0] == "Abacus"
    assert found["threads"] == ("1", "2")
    assert "although the surroundings differ" in done.verdict
    assert "packages numpy: recorded 0.1" in reproduction_text(done)


def test_a_package_that_no_manifest_lists_is_told_by_the_identity_of_the_job(study):
    study.rewrite_plugin("packages={}", 'packages={"pytest": "pytest"}')
    done = study.again("halves/raw/2")
    assert done.same
    assert "identity of the job of halves, by the versions of pytest" in differences(done, Matter.SURROUNDINGS)


# --- requests that cannot be met -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "complaint"),
    [
        ("99", r"leaderboard of b: no entry has rank 99 \(allowed: 1"),
        ("0", "no entry has rank 0"),
        ("halfs/raw/2", "no row of b fits 'halfs/raw/2', did you mean 'halves/raw/2'"),
        ("halves/raw/4", "no row of b fits 'halves/raw/4'"),
        ("abcdefabcdef", "no row of b fits 'abcdefabcdef'"),
        ("abc", "'abc' names no row of a run .*at least 6 hexadecimal digits"),
        ("", "'' names no row of a run"),
    ],
)
def test_a_target_that_fits_nothing_is_refused_with_what_is_allowed(study, target, complaint):
    with pytest.raises(RequestError, match=complaint):
        study.again(target)


def test_an_unknown_benchmark_is_refused(study):
    with pytest.raises(RequestError, match=r"no benchmark 'c' in this store \(allowed: b\)"):
        study.again("1", benchmark="c")


def test_a_folder_without_a_store_is_refused(tmp_path):
    with pytest.raises(RequestError, match="no results at"):
        reproduce("1", results=tmp_path)


def test_the_start_of_two_hashes_is_refused(study):
    for digit, k in enumerate((2, 3)):
        sha = study.again(f"halves/raw/{k}").rows[0].recorded
        twin = "abcdef" + str(digit) + sha[7:]
        study.tamper("UPDATE labelings SET sha256 = ? WHERE sha256 = ?", twin, sha)
        study.tamper("UPDATE cells SET labels_sha256 = ? WHERE labels_sha256 = ?", twin, sha)
    with pytest.raises(RequestError, match=r"more than one labeling starts with 'abcdef' \(allowed: more digits\)"):
        study.again("abcdef")


def test_a_row_that_was_skipped_is_refused_with_the_reason(bare):
    bare.rewrite_plugin("packages={}", 'packages={"not_there_at_all": "not-there-at-all"}')
    bare.run()
    with pytest.raises(RequestError, match=r"this row was skipped: .*not-there-at-all"):
        bare.again("halves/raw/2")


def test_data_that_are_gone_are_named(study):
    study.data.unlink()
    with pytest.raises(RequestError, match=r"the recorded declaration of b: .*blobs\.csv"):
        study.again("halves/raw/2")


def test_a_plug_in_that_is_gone_is_named(study):
    study.plugin.unlink()
    with pytest.raises(RequestError, match=r"the recorded declaration of b: .*unknown algorithm 'halves'"):
        study.again("halves/raw/2")


def test_a_part_that_was_recorded_in_words_alone_is_refused(bare):
    bare.run(only=["k=2"])
    bare.tamper_record("plan", lambda plan: plan.pop("part"))
    with pytest.raises(RequestError, match=r"b-part is a part of a benchmark \(k=2\), recorded in words alone"):
        bare.again("1")
    bare.run(only=["k=2"])
    assert bare.again("1").same
