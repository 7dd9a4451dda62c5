"""Rows of a run, fitted again: everything that differs is reported by name, and nothing else."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import zlib

import numpy as np
import pandas as pd
import pytest

from clusterbench import run
from clusterbench.errors import RequestError
from clusterbench.labeling import canonical, labels_sha256
from clusterbench.results import load_stored_run
from clusterbench.running import LogProgress, Settings, Silent
from clusterbench.store import STORE_NAME, register, seal
from clusterbench.verification import Kind, entry_target, reproduce, reproduction_text

DATASET = '[[datasets]]\npath = "blobs.csv"\ndrop = ["CUST_ID"]\n'
TOML = """
title = "Two blobs"
seeds = [0, 1]
k = [2, 3]
reference_spaces = ["standard"]
DATASETS
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
"""
PLUGIN = '''
"""Cut the order of the first column into k equal parts."""
import numpy as np
from clusterbench.plugins import Algorithm, Family

def build(X, seed, shift=0):
    def cutter(k):
        ranks = (X[:, 0].argsort(kind="stable").argsort() + shift) % len(X)
        return ranks * k // len(X)
    return cutter

ALGORITHM = Algorithm("halves", Family.OTHER, __doc__, "none", build, packages={}, deterministic=True, version=1)
'''
# Further plug-ins, by what they change in that one.
PLUGINS = {
    "drift": {"deterministic=True": "deterministic=False", "+ shift)": "+ shift + seed)"},
    "named": {"deterministic=True": "deterministic=False", "shift=0": "shift=0, names=None"},
    "fragile": {"    def cutter(k):": "    def cutter(k):\n        if k == 3: raise ValueError('three')"},
    "absent": {"packages={}": 'packages={"not_there_at_all": "not-there-at-all"}'},
}
METRIC = """
from clusterbench.plugins import Metric

def first(X, labels):
    return float((labels == 0).mean())

METRIC = Metric(name="first", direction="lower", formula="share of the first cluster", value=first, version=1)
"""
HERE = Settings(workers=0)


def blobs(n_rows: int = 60) -> pd.DataFrame:
    values = np.random.default_rng(1).normal(size=(n_rows, 2)) + 6 * (np.arange(n_rows) % 2)[:, None]
    frame = pd.DataFrame(values, columns=["x", "y"])
    frame.insert(0, "CUST_ID", [f"C{i}" for i in range(n_rows)])
    return frame


class Study:
    """A workspace with plug-ins, tables and one benchmark."""

    def __init__(self, folder, results):
        self.folder, self.results = folder, results
        (folder / "algorithms").mkdir(exist_ok=True)
        self.plugin, self.toml, self.data = folder / "algorithms" / "halves.py", folder / "b.toml", folder / "blobs.csv"
        self.plugin.write_text(PLUGIN)
        self.write_toml('[[algorithms]]\nuse = "halves"\n')
        blobs().to_csv(self.data, index=False)

    def write_toml(self, algorithms, datasets=DATASET):
        self.toml.write_text(TOML.replace("DATASETS", datasets) + algorithms)

    def run(self, name="b.toml", **options):
        options = {"settings": HERE, "progress": Silent(), **options}
        return run(name, results=self.results, workspace=self.folder, **options)

    def again(self, target, **options):
        options = {"settings": HERE, "workspace": self.folder, "progress": Silent(), **options}
        return reproduce(target, results=self.results, **options)

    def tamper(self, *statements):
        """Change the store, with the checksums that belong to the changed rows."""
        with sqlite3.connect(self.results / STORE_NAME) as connection:
            register(connection)
            for statement, *values in statements:
                assert connection.execute(statement, values).rowcount > 0
            for table in ("labelings", "jobs", "cells", "scores", "benchmarks"):
                seal(connection, table)
        connection.close()

    def rewrite_plugin(self, old, new):
        assert old in self.plugin.read_text()
        self.plugin.write_text(self.plugin.read_text().replace(old, new))


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A workspace in which the benchmark was run."""
    folder = tmp_path_factory.mktemp("study")
    Study(folder, folder / "results").run()
    return folder


@pytest.fixture
def study(finished, tmp_path):
    """That workspace, its files as they were, with a copy of its results that may be changed."""
    shutil.copytree(finished / "results", tmp_path / "results")
    return Study(finished, tmp_path / "results")


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    """A finished run with a metric of its own, and plug-ins that depend on the seed, have settings, or fail."""
    folder = tmp_path_factory.mktemp("mixed")
    study = Study(folder, folder / "results")
    study.plugin.unlink()
    uses = ""
    for name, changes in PLUGINS.items():
        text = PLUGIN.replace('"halves"', f'"{name}"')
        for old, new in changes.items():
            text = text.replace(old, new)
        (folder / "algorithms" / f"{name}.py").write_text(text)
        uses += f'[[algorithms]]\nuse = "{name}"\nvariants = ["raw"]\n'
        # Equal labels: neither hash nor name distinguishes the settings.
        uses += 'shift = [0, 60]\nnames = ["a,b", "a"]\n' if name == "named" else ""
    (folder / "metrics").mkdir()
    (folder / "metrics" / "first.py").write_text(METRIC)
    study.write_toml(uses)
    study.toml.write_text(f'metrics = ["silhouette", "first"]\n{study.toml.read_text()}')
    study.run()
    return study


@pytest.fixture(scope="module")
def two_tables(tmp_path_factory):
    """A run over two tables, then a part of it, then a part of another benchmark on a sample."""
    folder = tmp_path_factory.mktemp("tables")
    study = Study(folder, folder / "results")
    halves = '[[algorithms]]\nuse = "halves"\n'
    study.write_toml(halves, DATASET + DATASET.replace("blobs", "more"))
    blobs(40).to_csv(folder / "more.csv", index=False)
    study.run()
    study.run(only=["k=3"])
    (folder / "c.toml").write_text(TOML.replace("DATASETS", DATASET.replace("blobs", "large")) + halves)
    blobs(2050).to_csv(folder / "large.csv", index=False)
    study.run("c.toml", quick=True, only=["variant=raw", "k=2"])
    return study


def differences(reproduction, kind):
    return {found.subject: (found.before, found.after) for found in reproduction.differences if found.kind is kind}


# --- nothing has changed ---------------------------------------------------------------------------


def test_an_unchanged_row_has_the_same_labels_sizes_and_scores(study):
    before = hashlib.sha256((study.results / STORE_NAME).read_bytes()).hexdigest()
    done = study.again("halves/raw/2")
    assert hashlib.sha256((study.results / STORE_NAME).read_bytes()).hexdigest() == before
    [row] = done.rows
    halves = labels_sha256(canonical(blobs()["x"].to_numpy().argsort().argsort() * 2 // 60))
    assert row.recorded == row.now == halves
    assert (done.benchmark, row.key.seeds) == ("b", (0, 1))
    # Two spaces (own and standard), four noise policies, every metric of the run.
    n_scores = 2 * 4 * load_stored_run(study.results).scores["metric"].nunique()
    assert row.n_scores == n_scores
    assert (done.same, done.differences) == (True, ())
    assert reproduction_text(done).splitlines() == [
        "b: halves/raw/2 is 1 row, fitted again",
        "",
        f"blobs: halves, raw, k=2, seed 0 and 1: equal, {halves[:16]}, {n_scores} scores compared",
        "",
        f"Same: labels, sizes and {n_scores} scores of 1 row are as recorded.",
    ]


def test_worker_processes_with_the_threads_of_the_job_are_the_default(study):
    study.tamper(["UPDATE jobs SET threads = 2"])
    done = study.again("halves/raw/2", settings=None, progress=LogProgress())
    assert (done.same, done.differences) == (True, ())


def test_a_rank_means_the_cuts_that_its_entries_chose(study):
    table = load_stored_run(study.results).board.table
    first = table[table["rank"] == 1]
    done = study.again("#1")
    assert {(row.key.variant, row.key.cut) for row in done.rows} == set(
        zip(first["variant"], first["cut"], strict=True)
    )
    assert done.same


def test_a_hash_means_every_row_with_these_labels(study):
    cells = load_stored_run(study.results).cells
    sha = cells.loc[cells["variant"] == "raw", "labels_sha256"].iloc[0]
    # Standardizing changes no order, so both variants have the same halves.
    assert [(row.key.variant, row.key.cut, row.recorded) for row in study.again(sha[:8].upper()).rows] == [
        ("raw", '{"k": 2}', sha),
        ("standard", '{"k": 2}', sha),
    ]


def test_seeds_that_matter_are_rows_of_their_own(mixed):
    done = mixed.again("blobs/drift/raw/3")
    assert [row.key.seeds for row in done.rows] == [(0,), (1,)]
    assert done.same
    assert done.rows[0].recorded != done.rows[1].recorded


def test_a_rank_of_the_board_over_all_datasets_means_the_entry_in_each(two_tables):
    assert load_stored_run(two_tables.results, "b").board.table["dataset"].iloc[0] == "(all)"
    assert {row.key.dataset for row in two_tables.again("1", benchmark="b").rows} == {"blobs", "more"}


def test_a_part_on_a_sample_is_reproduced_as_it_was_run(two_tables):
    done = two_tables.again("halves/raw/2", benchmark="c-quick-part")
    [row] = done.rows
    assert (done.same, row.key.variant, row.key.seeds) == (True, "raw", (0,))
    assert load_stored_run(two_tables.results, "c-quick-part").cells["n_rows"].iloc[0] == 2000


def test_a_whole_run_comes_before_a_part_unless_the_part_is_named(two_tables):
    target = "more/halves/raw/3"
    assert two_tables.again(target).benchmark == "b"
    assert two_tables.again(target, benchmark="b-part").benchmark == "b-part"
    assert two_tables.again("large/halves/raw/2").benchmark == "c-quick-part"


def test_the_declaration_is_the_recorded_one_and_not_that_of_the_file(study, monkeypatch, tmp_path_factory):
    study.toml.unlink()
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))  # relative paths of data belong to the file's folder
    assert study.again("halves/raw/2").same


def test_the_target_of_an_entry_means_its_setting_alone_with_all_seeds(mixed):
    cells = load_stored_run(mixed.results).cells
    row = {"dataset": "blobs", "algorithm": "named", "variant": "raw", "cut": '{"k": 2}'}
    settings = cells.loc[cells["algorithm"] == "named", "params"].unique()
    targets = {text: entry_target(cells, row | {"params": text}) for text in settings}
    for text, target in targets.items():
        params = json.loads(text)
        assert target == f"blobs/named/raw/2/names={params['names']},shift={params['shift']}"
    text, target = next((text, target) for text, target in targets.items() if "a,b" in text)
    done = mixed.again(target)
    assert [(found.key.params, found.key.seeds) for found in done.rows] == [(text, (0,)), (text, (1,))]
    assert "named (names=a,b, shift=" in reproduction_text(done)
    assert len(mixed.again("named/raw/2/shift=60").rows) == 2 * 2
    with pytest.raises(RequestError, match="no row of b matches 'named/raw/2/shift=6'"):
        mixed.again("named/raw/2/shift=6")


def test_a_setting_that_lacks_a_parameter_of_another_is_named_by_all_its_parameters():
    params = ['{"a": 1}', '{"a": 1, "b": 2}']
    cells = pd.DataFrame({"algorithm": "x", "params": params})
    row = {"dataset": "d", "algorithm": "x", "variant": "v", "cut": '{"k": 3}'}
    assert [entry_target(cells, row | {"params": text}) for text in params] == ['d/x/v/3/{"a": 1}', "d/x/v/3/b=2"]
    assert entry_target(cells.assign(algorithm=["x", "y"]), row | {"params": params[0]}) == "d/x/v/3"


def test_a_failure_is_reproduced_by_the_same_failure(mixed):
    done = mixed.again("fragile/raw/3")
    assert (done.same, done.rows[0].now) == (True, "failed")
    plugin = mixed.folder / "algorithms" / "fragile.py"
    plugin.write_text(plugin.read_text().replace("if k == 3", "if k == 4"))
    repaired = mixed.again("fragile/raw/3")
    assert not repaired.same
    assert differences(repaired, Kind.LABELS)["labels"][0] == "failed"


# --- inputs and environment ------------------------------------------------------------------------


def test_changed_data_are_reported_with_both_hashes(study):
    recorded = load_stored_run(study.results).record.datasets["blobs"].content_hash
    frame = blobs()
    frame.loc[0, "x"] = frame["x"].max() + 1
    frame.to_csv(study.data, index=False)
    done = study.again("halves/raw/2")
    assert not done.same
    found = differences(done, Kind.INPUT)
    assert set(found) == {"data of blobs", "space raw of blobs", "reference space standard of blobs"}
    assert found["data of blobs"][0] == recorded != found["data of blobs"][1]
    assert done.verdict.startswith(
        "Differs: the labels of 1 of 1 row are not as recorded. What else differs: data of blobs"
    )
    assert f"  data of blobs: recorded {recorded[:16]}, now " in reproduction_text(done)


def test_other_data_fail_even_where_the_labels_are_the_same(study):
    blobs().assign(CUST_ID=[f"D{i}" for i in range(60)]).to_csv(study.data, index=False)
    done = study.again("halves/raw/2")
    assert not done.same
    assert {found.kind for found in done.differences} == {Kind.INPUT}
    assert done.verdict.startswith("Differs: labels and scores are as recorded, but the inputs are not.")


def test_a_new_version_and_a_new_default_of_the_plug_in_are_reported(study):
    study.rewrite_plugin("version=1", "version=2")
    study.rewrite_plugin("shift=0", "shift=7")
    done = study.again("halves/raw/2")
    assert not done.same
    assert done.rows[0].same_labels  # fitted with the recorded parameters
    assert differences(done, Kind.INPUT) == {
        "version of plug-in halves": ("1", "2"),
        "parameters of halves, defaults filled in": ('{"shift": 0}', '{"shift": 7}'),
    }


def test_the_environment_of_the_job_is_compared_and_not_that_of_the_last_run(study):
    recorded = "json_set(environment, '$.packages.numpy', '0.1', '$.cpu', 'Abacus')"
    study.tamper([f"UPDATE jobs SET environment = {recorded}"])
    study.rewrite_plugin("packages={}", 'packages={"pytest": "pytest"}')
    done = study.again("halves/raw/2", settings=Settings(workers=0, threads=2))
    assert done.same
    found = differences(done, Kind.ENVIRONMENT)
    assert set(found) == {"packages numpy", "packages pytest", "cpu", "threads"}
    assert found["packages numpy"] == ("0.1", np.__version__)
    assert found["packages pytest"] == ("not recorded", pytest.__version__)
    assert (found["cpu"][0], found["threads"]) == ("Abacus", ("1", "2"))
    assert "although the environment differs (cpu; packages numpy;" in done.verdict
    assert "  packages numpy: recorded 0.1, now " in reproduction_text(done)
    # The last run may have been in another environment than the jobs: it is not what is compared.
    study.tamper(
        [
            "UPDATE jobs SET environment = ?",
            json.dumps({**json.loads(load_stored_run(study.results).manifest.to_json())}),
        ],
        ["UPDATE benchmarks SET manifest = json_set(manifest, '$.cpu', 'Abacus')"],
    )
    assert "cpu" not in differences(study.again("halves/raw/2"), Kind.ENVIRONMENT)


def test_the_environment_of_the_run_is_compared_where_the_job_has_none(study):
    study.tamper(
        ["UPDATE jobs SET environment = '{}'"],
        ["UPDATE benchmarks SET manifest = json_set(manifest, '$.cpu', 'Abacus')"],
    )
    assert differences(study.again("halves/raw/2"), Kind.ENVIRONMENT)["cpu"][0] == "Abacus"


def test_a_new_version_of_a_metric_is_reported(mixed):
    done = mixed.again("blobs/drift/raw/2")
    n_metrics = load_stored_run(mixed.results).scores["metric"].nunique()
    assert (done.same, done.rows[0].n_scores) == (True, 2 * 4 * n_metrics)
    path = mixed.folder / "metrics" / "first.py"
    path.write_text(path.read_text().replace("version=1", "version=2"))
    done = mixed.again("blobs/drift/raw/2")
    path.write_text(METRIC)
    assert not done.same
    assert {found.subject: (found.before, found.after) for found in done.differences} == {
        "version of metric first": ("1", "2")
    }


# --- outcomes --------------------------------------------------------------------------------------


def test_other_labels_without_a_known_cause_say_so(study):
    study.rewrite_plugin("+ shift)", "+ shift + 5)")
    done = study.again("halves/raw/2")
    assert not done.same
    before, after = differences(done, Kind.LABELS)["labels"]
    assert (before, after) == (done.rows[0].recorded, done.rows[0].now)
    assert before != after
    assert done.shared == ()
    assert done.verdict.startswith(
        "Differs: the labels of 1 of 1 row are not as recorded. Nothing else that is known differs"
    )
    assert "the plug-in's code was changed" in done.verdict


def test_scores_that_were_changed_in_the_store_are_reported_with_both_values(study):
    undefined = "value = NULL, status = 'undefined', reason = 'x'"
    study.tamper(
        ["UPDATE scores SET value = 0.875 WHERE metric = 'silhouette' AND noise = 'drop'"],
        ["DELETE FROM scores WHERE metric = 'davies_bouldin' AND noise = 'zero'"],
        [f"UPDATE scores SET {undefined} WHERE metric = 'calinski_harabasz' AND noise = 'zero'"],
        ["UPDATE scores SET value = value + 1e-8 WHERE metric = 'silhouette' AND noise = 'zero'"],
    )
    done = study.again("halves/raw/2")
    assert not done.same
    found = differences(done, Kind.SCORE)
    assert {subject.replace("own", "standard"): values[0] for subject, values in found.items()} == {
        "silhouette in standard (noise: drop)": 0.875,
        "davies_bouldin in standard (noise: zero)": "no score",
        "calinski_harabasz in standard (noise: zero)": "undefined",
    }
    assert len(found) == 2 * 3
    # Less than the last reproducible digit is reported, but does not fail.
    digits = [found for found in done.differences if found.kind is Kind.DIGITS]
    assert {found.subject for found in digits} == {f"silhouette in {s} (noise: zero)" for s in ("own", "standard")}
    assert not any(found.fails for found in digits)
    assert done.verdict.startswith("Differs: the labels are as recorded, but not ")
    assert "    silhouette in own (noise: drop): recorded 0.875, now 0." in reproduction_text(done)


def test_sizes_that_were_changed_in_the_store_are_reported_and_changed_labels_refused(study):
    cells = load_stored_run(study.results).cells
    sha = cells.loc[cells["cut"] == '{"k": 2}', "labels_sha256"].iloc[0]
    study.tamper(["UPDATE labelings SET sizes = '[31, 29]' WHERE sha256 = ?", sha])
    assert differences(study.again("halves/raw/2"), Kind.LABELS) == {"sizes of the clusters": ("[31, 29]", "[30, 30]")}
    other = np.zeros(60, dtype="<i4")
    study.tamper(["UPDATE labelings SET data = ? WHERE sha256 = ?", zlib.compress(other.tobytes()), sha])
    with pytest.raises(RequestError, match=f"the labels {sha[:16]} were changed"):
        study.again("halves/raw/2")


# --- requests that cannot be met -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "complaint"),
    [
        ("99", r"leaderboard of b: no entry has rank 99 \(allowed: 1"),
        ("0", "no entry has rank 0"),
        ("halfs/raw/2", "no row of b matches 'halfs/raw/2', did you mean 'halves/raw/2'"),
        ("halves/raw/4", "no row of b matches 'halves/raw/4'"),
        ("abcdefabcdef", "no row of b matches 'abcdefabcdef'"),
        ("abc", "'abc' names no row of a run .*at least 6 hexadecimal digits"),
        ("", "'' names no row of a run"),
    ],
)
def test_a_target_without_a_row_is_refused_with_what_is_allowed(finished, target, complaint):
    with pytest.raises(RequestError, match=complaint):
        reproduce(target, results=finished / "results")


def test_a_wrong_benchmark_or_folder_is_refused(finished, tmp_path):
    with pytest.raises(RequestError, match=r"no benchmark 'c' in this store \(allowed: b\)"):
        reproduce("1", results=finished / "results", benchmark="c")
    with pytest.raises(RequestError, match="no results at"):
        reproduce("1", results=tmp_path)


def test_the_common_start_of_two_hashes_is_refused(study):
    hashes = load_stored_run(study.results).cells["labels_sha256"].unique().tolist()
    for digit, sha in enumerate(hashes):
        twin = "abcdef" + str(digit) + sha[7:]
        study.tamper(
            ["UPDATE labelings SET sha256 = ? WHERE sha256 = ?", twin, sha],
            ["UPDATE cells SET labels_sha256 = ? WHERE labels_sha256 = ?", twin, sha],
        )
    with pytest.raises(RequestError, match=r"more than one labeling starts with 'abcdef' \(allowed: more digits\)"):
        study.again("abcdef")


def test_a_row_that_was_skipped_is_refused_with_the_reason(mixed):
    with pytest.raises(RequestError, match=r"this row was skipped: .*not-there-at-all"):
        mixed.again("absent/raw/2")


def test_missing_data_and_a_missing_plug_in_are_named(study):
    study.data.unlink()
    with pytest.raises(RequestError, match=r"the recorded declaration of b: .*blobs\.csv"):
        study.again("halves/raw/2")
    study.plugin.unlink()
    with pytest.raises(RequestError, match=r"the recorded declaration of b: .*unknown algorithm 'halves'"):
        study.again("halves/raw/2")
