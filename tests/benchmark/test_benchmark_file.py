"""Benchmark files: what is accepted, how it expands, and how a wrong one is explained."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterbench.benchmark import (
    DEFAULT_ALGORITHMS,
    find_benchmark,
    list_benchmarks,
    load_benchmark,
    parse_benchmark,
)
from clusterbench.errors import RequestError
from clusterbench.plugins import load_registry

REGISTRY = load_registry(None)
CALIBRATED = '[ranking]\nk_policies = ["calibrated"]\nrandom_partitions = 1\n[variants]'
MINIMAL = """
title = "T"
seeds = [0, 1]
k = [2, 3]
[[datasets]]
use = "iris"
[variants]
raw = []
standard = [{ step = "standardize" }]
[[algorithms]]
use = "kmeans"
"""


def parse(text: str):
    return parse_benchmark(text, REGISTRY, path=Path("bench.toml"))


def refusal(text: str) -> str:
    with pytest.raises(RequestError) as caught:
        parse(text)
    return str(caught.value)


def test_every_combination_becomes_a_job_and_every_k_a_cut():
    jobs = parse(MINIMAL).jobs()
    assert [(job.variant, job.seeds) for job in jobs] == [
        ("raw", (0,)),
        ("raw", (1,)),
        ("standard", (0,)),
        ("standard", (1,)),
    ]
    assert all(job.cuts == ('{"k": 2}', '{"k": 3}') for job in jobs)


def test_a_deterministic_algorithm_is_one_job_for_all_seeds():
    jobs = parse(MINIMAL.replace('"kmeans"', '"agglomerative"\nlinkage = "ward"')).jobs()
    assert [job.seeds for job in jobs] == [(0, 1), (0, 1)]


def test_a_list_is_a_grid():
    jobs = parse(MINIMAL + "n_init = [1, 10]\n").jobs()
    assert {json.loads(job.params)["n_init"] for job in jobs} == {1, 10}
    assert len(jobs) == 8


def test_a_list_for_a_parameter_that_is_a_list_is_one_value():
    text = MINIMAL.replace('"kmeans"', '"autoencoder_kmeans"\nlayers = [8, 4]')
    assert {tuple(json.loads(job.params)["layers"]) for job in parse(text).jobs()} == {(8, 4)}
    text = MINIMAL.replace('"kmeans"', '"autoencoder_kmeans"\nlayers = [[8, 4], [6]]')
    assert {tuple(json.loads(job.params)["layers"]) for job in parse(text).jobs()} == {(8, 4), (6,)}


def test_the_same_algorithm_twice_merges_equal_jobs_and_keeps_all_their_cuts():
    jobs = parse(MINIMAL + '[[algorithms]]\nuse = "kmeans"\nk = 5\n').jobs()
    assert len(jobs) == 4
    assert all(job.cuts == ('{"k": 2}', '{"k": 3}', '{"k": 5}') for job in jobs)


def test_a_named_cut_replaces_the_default_one():
    jobs = parse(MINIMAL.replace('"kmeans"', '"dbscan"\neps = [0.5, 1.0]')).jobs()
    assert jobs[0].cuts == ('{"eps": 0.5}', '{"eps": 1.0}')


@given(st.integers(2, 30), st.integers(0, 30))
def test_a_range_of_k_holds_both_ends(first, length):
    text = MINIMAL.replace("k = [2, 3]", f"k = {{ from = {first}, to = {first + length} }}")
    assert parse(text).ks == tuple(range(first, first + length + 1))


def test_seeds_may_be_a_range():
    assert parse(MINIMAL.replace("seeds = [0, 1]", "seeds = { from = 0, to = 3 }")).seeds == (0, 1, 2, 3)


def test_a_mark_of_byte_order_is_no_part_of_a_file(tmp_path):
    path = tmp_path / "bench.toml"
    path.write_text(MINIMAL, encoding="utf-8-sig")
    assert load_benchmark(path, load_registry()).seeds == (0, 1)


def test_the_title_is_by_default_the_name_of_the_file():
    assert parse(MINIMAL.replace('title = "T"', "")).title == "bench"


def test_a_table_is_a_benchmark_of_the_default_matrix(tmp_path):
    table = tmp_path / "shop.csv.gz"
    table.write_bytes(gzip.compress(b"x;y\n" + b"".join(b"%d;%d,5\n" % (i, i % 7) for i in range(40))))
    bench = load_benchmark(find_benchmark(table, workspace=tmp_path), REGISTRY)
    assert (bench.name, bench.title, bench.path) == ("shop", "shop", table)
    assert [spec.path for spec in bench.datasets] == ["shop.csv.gz"]
    assert {run.algorithm.name for run in bench.runs} == set(DEFAULT_ALGORITHMS)
    with pytest.raises(RequestError, match=r"shp\.csv does not exist"):
        find_benchmark("shp.csv", workspace=tmp_path)


def test_reference_spaces_have_a_default_recipe():
    bench = parse(MINIMAL)
    assert bench.reference_spaces == ("standard", "log1p")
    assert bench.fitted_variants == ("raw", "standard")
    assert not bench.references_declared


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("k = [2, 3]", "k = [1, 3]", ["bench.toml", "k", "greater than or equal to 2", "1"]),
        ("k = [2, 3]", "k = []", ["k", "is empty", "allowed: k = [2, 3]"]),
        ("k = [2, 3]", "k = 1", ["k: is not a list, got 1", "k = { from = 2, to = 10 }", "at least 2"]),
        ("k = [2, 3]", f"k = [{'9' * 5000}]", ["not valid TOML"]),
        ("k = [2, 3]", f"k = {'[' * 3000}2{']' * 3000}", ["not valid TOML"]),
        ("raw = []", "own = []", ["variants", "'own' means", "another name"]),
        ("[variants]", "[limits]\nseconds = nan\n[variants]", ["limits.seconds", "greater than 0"]),
        ("k = [2, 3]", "k = { from = 5, to = 3 }", ["k", "from 5 to 3 is empty"]),
        ("k = [2, 3]", "k = [2, 3", ["not valid TOML", "line"]),
        ("seeds = [0, 1]", "seeds = []", ["seeds"]),
        ("seeds = [0, 1]", "seeds = [0, 0]", ["seeds", "twice"]),
        ("seeds = [0, 1]", "seeds = [-1]", ["seeds", "-1"]),
        ("seeds = [0, 1]", "sedes = [0, 1]", ["sedes", "did you mean 'seeds'?"]),
        ('title = "T"', 'title = ""', ["title", "is empty"]),
        ('use = "kmeans"', 'use = "kmean"', ["algorithms[1]", "unknown algorithm 'kmean'", "did you mean 'kmeans'?"]),
        ('use = "kmeans"', 'use = "kmeans"\nn_inits = 3', ["kmeans", "n_inits", "did you mean 'n_init'?"]),
        ('use = "kmeans"', 'use = "kmeans"\nn_init = -3', ["kmeans", "n_init", "-3"]),
        ('use = "kmeans"', 'use = "kmeans"\nn_init = []', ["n_init", "empty grid"]),
        ('use = "kmeans"', 'use = "kmeans"\nk = []', ["k", "empty grid"]),
        ('use = "kmeans"', 'use = "kmeans"\nk = 1', ["k = 1"]),
        ('use = "kmeans"', 'use = "kmeans"\nvariants = ["rwa"]', ["rwa", "did you mean 'raw'?"]),
        ('use = "kmeans"', 'use = "dbscan"\neps = 1.0\neps_quantile = 0.5', ["eps", "exclude each other"]),
        ('use = "iris"', 'use = "irsi"', ["irsi", "iris"]),
        ("raw = []", 'raw = [{ step = "scale" }]', ["variants.raw", "scale"]),
        ("raw = []", 'raw = [{ step = "impute", strateyg = "mean" }]', ["strateyg", "strategy"]),
        ("[variants]", 'reference_spaces = ["standrad"]\n[variants]', ["standrad", "did you mean 'standard'?"]),
        ("[variants]", "[gate]\nmin_share = 0.9\nmax_share = 0.5\n[variants]", ["gate", "min_share", "max_share"]),
        ("[variants]", "[gate]\nmin_shares = 0.9\n[variants]", ["gate", "did you mean 'min_share'?"]),
        ("[variants]", '[noise]\npolicy = "zeor"\n[variants]', ["noise.policy", "zeor"]),
        ("[variants]", 'metrics = ["silhouete"]\n[variants]', ["silhouete", "did you mean 'silhouette'?"]),
        ("[variants]", '[ranking]\nk_policies = ["fixed"]\n[variants]', ["fixed_k"]),
        ("[variants]", CALIBRATED, ["calibrated", "random_partitions"]),
    ],
)  # fmt: skip
def test_a_wrong_file_is_refused_with_place_and_remedy(old, new, told):
    assert old in MINIMAL
    # Top-level keys must stand above the first table.
    text = MINIMAL.replace(old, new, 1)
    if new.startswith(("reference_spaces", "metrics")):
        key, _, _ = new.partition("\n")
        text = f"{key}\n{MINIMAL}"
    message = refusal(text)
    assert message.startswith("bench.toml")
    for word in told:
        assert word in message, message


@pytest.mark.parametrize(
    ("line", "path"),
    [
        (r'path = "C:\Users\kim\data.csv"', r"C:\Users\kim\data.csv"),
        (r'path = "C:\data\x.csv"', r"C:\data\x.csv"),
        (r'path = "..\kim\x.csv" # "quoted"', r"..\kim\x.csv"),
        (r'path = "C:\data\"', "C:\\data\\"),
    ],
)
def test_a_path_with_backslashes_in_double_quotes_is_explained(line, path):
    message = refusal(MINIMAL.replace('use = "iris"', line))
    assert message.startswith("bench.toml: not valid TOML: ")
    assert message.endswith(f"(allowed: single quotes around backslashes: '{path}')")


@pytest.mark.parametrize("line", [r'path = "C:\temp\new.csv"', r'path = "C:\ben\new.csv"', r'path = "data\raw.csv"'])
def test_a_path_whose_backslashes_are_valid_escapes_is_explained(line):
    message = refusal(MINIMAL.replace('use = "iris"', line))
    assert message.startswith("bench.toml: datasets[1]: ")
    assert "single quotes around backslashes" in message


def test_other_errors_of_toml_give_no_advice_about_quotes():
    assert "single quotes" not in refusal(MINIMAL.replace("k = [2, 3]", "k = [2, 3"))


def test_two_datasets_of_one_name_are_refused():
    message = refusal(MINIMAL.replace("[variants]", '[[datasets]]\nuse = "iris"\n[variants]'))
    assert "two datasets are called 'iris'" in message


def test_every_shipped_benchmark_is_valid(tmp_path):
    found = list_benchmarks(tmp_path)
    assert {"credit-card", "cc-general", "wine", "breast-cancer", "digits", "iris"} <= set(found)
    for path in found.values():
        assert load_benchmark(path, REGISTRY).jobs()


def test_the_default_benchmark_is_the_declared_matrix(tmp_path):
    bench = load_benchmark(find_benchmark("credit-card", workspace=tmp_path), REGISTRY)
    jobs = bench.jobs()
    assert len({job.variant for job in jobs}) == 6
    assert (
        len(
            {job.algorithm for job in jobs}
            & {"kmeans", "gmm", "agglomerative", "kmedoids", "clara", "dbscan", "hdbscan", "autoencoder_kmeans"}
        )
        == 8
    )
    assert bench.seeds == (0, 1, 2)
    assert bench.ks == tuple(range(2, 11))


def test_a_workspace_benchmark_hides_a_shipped_one(tmp_path):
    (tmp_path / "benchmarks").mkdir()
    own = tmp_path / "benchmarks" / "wine.toml"
    own.write_text(MINIMAL)
    assert find_benchmark("wine", workspace=tmp_path) == own.resolve()


def test_an_unknown_benchmark_is_refused_with_the_nearest_name(tmp_path):
    with pytest.raises(RequestError, match="did you mean 'credit-card'"):
        find_benchmark("credit-crad", workspace=tmp_path)
    with pytest.raises(RequestError, match="no benchmark file"):
        find_benchmark("missing.toml", workspace=tmp_path)
