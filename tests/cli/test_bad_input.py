"""Every wrong request ends with status 2, one message that says what, where and what is allowed, and no traceback."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from clusterbench.store import SCHEMA_VERSION, STORE_NAME

TOML = """
title = "T"
seeds = [0]
k = [2, 3]
reference_spaces = ["standard"]
[[datasets]]
path = "table.csv"
[variants]
standard = [{ step = "impute" }, { step = "standardize" }]
[ranking]
random_partitions = 0
bootstraps = 0
k_policies = ["silhouette"]
[stability]
resamples = 0
[structure]
permutations = 0
[[algorithms]]
use = "kmeans"
n_init = 1
"""


@pytest.fixture
def study(tmp_path, monkeypatch):
    """A workspace with one benchmark and one good table; the current folder."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(60, 3)) + 4 * (np.arange(60) % 2)[:, None], columns=["a", "b", "c"])
    table.to_csv("table.csv", index=False)
    Path("bench.toml").write_text(TOML)
    return table


RUN = ("run", "bench.toml", "--jobs", "0")


@pytest.fixture
def refused(call):
    """Call the command line (default: `RUN`), which must refuse in the house form; return what it told."""

    def refuse(*arguments: str) -> str:
        ended = call(*(arguments or RUN))
        assert ended.status == 2, ended.err
        assert "Traceback" not in ended.err
        assert ended.err.startswith("clusterbench: error: "), ended.err
        assert len(ended.err.strip().splitlines()) == 1, ended.err
        return ended.err

    return refuse


def table_with(**columns: object) -> pd.DataFrame:
    base = {"a": np.arange(20.0), "b": np.arange(20.0) % 3}
    return pd.DataFrame({**base, **columns})


@pytest.mark.parametrize(
    ("table", "told"),
    [
        (table_with(name=["x"] * 20), ["'name'", "drop"]),
        (table_with(empty=[np.nan] * 20), ["'empty'"]),
        (table_with(big=[np.inf, *range(19)]), ["'big'", "inf"]),
        (table_with().head(1), ["1 row has nothing to compare", "table"]),
        (table_with().head(2), ["k = 3", "2 rows"]),
        (table_with().head(0), ["table.csv"]),
    ],
    ids=["text", "all missing", "infinite", "one row", "fewer rows than k", "header only"],
)
def test_a_table_that_cannot_be_used_is_refused(study, refused, table, told):
    table.to_csv("table.csv", index=False)
    message = refused()
    for word in told:
        assert word in message, message
    assert not Path("results", STORE_NAME).exists()


def test_an_empty_csv_is_refused(study, refused):
    Path("table.csv").write_text("")
    assert "table.csv" in refused()


def test_a_missing_table_is_refused_with_the_nearest_file(study, refused):
    Path("bench.toml").write_text(TOML.replace("table.csv", "tabel.csv"))
    assert "table.csv" in refused()


def test_duplicated_ids_are_refused_and_named(study, refused):
    table_with(CUST_ID=["C1", "C2", "C1", *[f"D{i}" for i in range(17)]]).to_csv("table.csv", index=False)
    Path("bench.toml").write_text(TOML.replace('path = "table.csv"', 'path = "table.csv"\ndrop = ["CUST_ID"]'))
    message = refused()
    assert "C1" in message
    assert "CUST_ID" in message


def test_a_constant_column_is_kept_with_a_warning(study, call):
    study.assign(same=1.0).to_csv("table.csv", index=False)
    status, _, told = call(*RUN)
    assert status == 0
    assert "'same'" in told
    assert "constant" in told


def test_a_missing_benchmark_is_refused(study, refused):
    assert "no benchmark file 'other.toml'" in refused("run", "other.toml")
    assert "did you mean 'credit-card'" in refused("run", "creditcard")


def test_an_unwritable_results_folder_is_refused(study, refused):
    Path("file").write_text("not a folder")
    assert "file" in refused(*RUN, "--results", "file/results")
    assert "file" in refused(*RUN, "--reports", "file/reports")


def test_conditions_of_only_are_checked(study, refused):
    assert "did you mean 'algorithm'" in refused(*RUN, "--only", "algoritm=kmeans")
    assert "did you mean 'kmeans'" in refused(*RUN, "--only", "algorithm=kmean")
    assert "FIELD=VALUE" in refused(*RUN, "--only", "kmeans")


def test_wrong_rules_are_refused_before_anything_is_fitted_and_the_last_good_run_stays(stored, call, refused):
    cases = [
        ("weights = { silhouete = 2 }", "unknown metric family 'silhouete'"),
        ('order = "mean_rank"\nweights = { separation = 0 }', "every ranked family has weight 0"),
        ('k_policies = ["oracle"]', "needs true_k"),
        ('k_policies = ["silhouette", "silhouette"]', "duplicate policy"),
    ]
    declared = 'k_policies = ["silhouette"]'
    for rules, complaint in cases:
        Path("bench.toml").write_text(TOML.replace(declared, declared * ("k_pol" not in rules) + f"\n{rules}"))
        for arguments in (RUN, (*RUN, "--dry-run")):
            message = refused(*arguments)
            assert "bench.toml: ranking" in message
            assert complaint in message
    assert call("report").status == 0


@pytest.mark.parametrize(("name", "told"), [("irsi", "did you mean 'iris'"), ("", "is empty")])
def test_an_unknown_table_to_inspect_is_refused(call, name, told):
    ended = call("inspect", name)
    assert ended.status == 2
    assert told in ended.err
    assert "Traceback" not in ended.err


def test_an_algorithms_own_k_can_be_chosen(study, refused, call):
    Path("bench.toml").write_text(TOML + "k = [5]\n")
    assert "allowed: 5" in refused(*RUN, "--only", "k=2")
    assert "1 partitions asked for: 1 fitted" in call(*RUN, "--only", "k=5").out  # whose clusters the gate rejects


def test_limits_that_cannot_be_kept_are_told(study, call):
    ended = call(*RUN, "--time-limit", "5")
    assert ended.status == 0
    assert "no limit is kept" in ended.err
    manifest = json.loads(Path("reports/bench/manifest.json").read_text())
    assert manifest["limits"] == {"memory_mb": None, "seconds": None}
    assert manifest["executor"] == "this process"


def test_equal_labels_of_two_tables_ask_for_the_table(study, call, refused):
    for name in "xy":
        study.assign(CUST_ID=[f"{name}{row}" for row in range(60)]).to_csv(f"{name}.csv", index=False)
    tables = "\n".join(f'[[datasets]]\npath = "{name}.csv"\ndrop = ["CUST_ID"]' for name in "xy")
    Path("bench.toml").write_text(TOML.replace('[[datasets]]\npath = "table.csv"', tables))
    assert call(*RUN).status == 0
    sha = pd.read_csv("reports/bench/cells.csv")["labels_sha256"].iloc[0][:12]
    assert "--dataset x, --dataset y" in refused("labels", sha)
    assert call("labels", sha, "--dataset", "y").out.splitlines()[1].startswith("y0,")
    assert "unknown dataset 'z'" in refused("labels", sha, "--dataset", "z")


def test_a_report_without_results_is_refused(study, refused):
    for verb in (("status",), ("report",), ("export", "--out", "out"), ("labels", "abc")):
        assert "run a benchmark first" in refused(*verb)


@pytest.fixture
def stored(study, call):
    status, _, told = call(*RUN)
    assert status == 0, told
    path = Path("results", STORE_NAME)
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return path


def test_a_store_of_a_newer_schema_is_refused_and_kept(stored, refused):
    with sqlite3.connect(stored) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    connection.close()
    before = stored.read_bytes()
    message = refused()
    assert f"schema {SCHEMA_VERSION + 1}" in message
    assert stored.read_bytes() == before


def test_a_truncated_store_is_refused_and_kept(stored, refused):
    whole = stored.read_bytes()
    for keep in (0, 10, len(whole) // 2):
        stored.write_bytes(whole[:keep])
        assert "cannot be used" in refused()
        assert stored.read_bytes() == whole[:keep]


def test_a_wrong_request_loses_nothing_that_was_finished(stored, refused, call):
    Path("bench.toml").write_text(TOML.replace("kmeans", "kmens"))
    refused()
    Path("bench.toml").write_text(TOML)
    status, _, _ = call(*RUN)
    assert status == 0
    status, _, _ = call("run", "bench.toml", "--dry-run")
    assert status == 0


def test_an_unknown_verb_or_option_ends_with_status_2(call):
    for arguments in (("rnu",), ("run", "--fast"), ("export",)):
        status, _, told = call(*arguments)
        assert status == 2
        assert "Traceback" not in told
