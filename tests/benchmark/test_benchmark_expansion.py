"""How a benchmark file becomes jobs: counts as a law, ranges, lists, merging, defaults and places."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterbench.benchmark import (
    Benchmark,
    benchmark_places,
    expand_range,
    find_benchmark,
    list_benchmarks,
    parse_benchmark,
)
from clusterbench.errors import RequestError
from clusterbench.metrics import DEFAULT_METRICS, NoisePolicy
from clusterbench.naming import Cut
from clusterbench.plugins import load_registry

REGISTRY = load_registry(None)
STEPS = {"raw": "[]", "standard": '[{ step = "standardize" }]', "minmax": '[{ step = "minmax" }]'}


def parse(text: str) -> Benchmark:
    return parse_benchmark(text, REGISTRY, path=Path("bench.toml"))


def file_of(
    datasets: list[str], variants: list[str], algorithms: str, *, seeds: Sequence[int] = (0,), ks: Sequence[int] = (2,)
) -> str:
    tables = "".join(f'[[datasets]]\nuse = "{name}"\n' for name in datasets)
    steps = "".join(f"{name} = {STEPS[name]}\n" for name in variants)
    return f'title = "T"\nseeds = {list(seeds)}\nk = {list(ks)}\n{tables}[variants]\n{steps}{algorithms}'


def kmeans(*lines: str) -> str:
    return "\n".join(['[[algorithms]]\nuse = "kmeans"', *lines, ""])


some = {"unique": True, "min_size": 1}


@given(
    st.lists(st.sampled_from(["iris", "wine", "digits"]), **some),
    st.lists(st.sampled_from(list(STEPS)), **some),
    st.lists(st.integers(1, 9), max_size=4, **some),
    st.lists(st.integers(0, 2**32 - 1), max_size=4, **some),
    st.lists(st.integers(2, 40), max_size=5, **some),
)
def test_jobs_are_the_product_of_tables_variants_parameters_and_seeds(datasets, variants, n_inits, seeds, ks):
    grid = kmeans(f"n_init = {n_inits}")
    jobs = parse(file_of(datasets, variants, grid, seeds=seeds, ks=ks)).jobs()
    found = [(job.dataset, job.variant, json.loads(job.params)["n_init"], job.seed) for job in jobs]
    assert found == list(itertools.product(datasets, variants, n_inits, seeds))
    assert {job.cuts for job in jobs} == {tuple(f'{{"k": {k}}}' for k in ks)}


@given(
    st.lists(st.sampled_from(["ward", "average", "complete", "single"]), **some),
    st.lists(st.integers(0, 99), max_size=4, **some),
)
def test_without_influence_of_the_seed_jobs_are_counted_once_and_stand_for_all_seeds(linkages, seeds):
    text = file_of(["iris"], ["raw"], f'[[algorithms]]\nuse = "agglomerative"\nlinkage = {linkages}\n', seeds=seeds)
    jobs = parse(text).jobs()
    assert [json.loads(job.params)["linkage"] for job in jobs] == linkages
    assert {job.seeds for job in jobs} == {tuple(seeds)}


@given(st.lists(st.integers(2, 9), max_size=12, min_size=1))
def test_a_k_that_is_named_twice_is_run_once(ks):
    assert parse(file_of(["iris"], ["raw"], kmeans(), ks=ks)).ks == tuple(dict.fromkeys(ks))
    (run,) = parse(file_of(["iris"], ["raw"], kmeans(f"k = {ks}"))).runs
    assert run.cuts == tuple(Cut("k", k) for k in dict.fromkeys(ks))


@given(st.permutations(["k = 3", "n_init = [2, 1]", 'variants = ["raw"]']))
def test_the_order_of_the_keys_of_a_table_is_of_no_matter(lines):
    (run,) = parse(file_of(["iris"], ["raw", "minmax"], kmeans(*lines))).runs
    assert run.cuts == (Cut("k", 3),)
    assert run.variants == ("raw",)
    assert [json.loads(params)["n_init"] for params in run.params] == [2, 1]


def test_two_grids_make_every_pair_in_the_order_of_the_file():
    lines = kmeans("n_init = [1, 2]", 'init = ["random", "k-means++"]')
    (run,) = parse(file_of(["iris"], ["raw"], lines)).runs
    found = [(p["n_init"], p["init"]) for p in map(json.loads, run.params)]
    assert found == [(1, "random"), (1, "k-means++"), (2, "random"), (2, "k-means++")]


def test_values_that_are_equal_make_one_set_of_parameters():
    (run,) = parse(file_of(["iris"], ["raw"], kmeans("n_init = [4, 4, 4]"))).runs
    assert [json.loads(params)["n_init"] for params in run.params] == [4]


def test_a_default_that_is_spelled_out_is_the_same_job():
    plain, spelled = (parse(file_of(["iris"], ["raw"], kmeans(*more))).jobs() for more in ([], ["n_init = 10"]))
    default = json.loads(plain[0].params)["n_init"]
    (again,) = parse(file_of(["iris"], ["raw"], kmeans(f"n_init = {default}"))).jobs()
    assert plain == [again]
    assert (spelled == plain) == (default == 10)


def test_the_declared_grid_of_an_algorithm_is_run_until_a_file_names_another():
    (run,) = parse(file_of(["iris"], ["raw"], '[[algorithms]]\nuse = "agglomerative"\n')).runs
    assert [json.loads(params)["linkage"] for params in run.params] == ["ward", "average"]
    (run,) = parse(file_of(["iris"], ["raw"], '[[algorithms]]\nuse = "agglomerative"\nlinkage = "single"\n')).runs
    assert [json.loads(params)["linkage"] for params in run.params] == ["single"]


def test_a_range_can_be_given_for_a_parameter_and_for_a_cut():
    lines = kmeans("n_init = { from = 1, to = 3 }", "k = { from = 4, to = 5 }")
    (run,) = parse(file_of(["iris"], ["raw"], lines)).runs
    assert [json.loads(params)["n_init"] for params in run.params] == [1, 2, 3]
    assert run.cuts == (Cut("k", 4), Cut("k", 5))


@pytest.mark.parametrize(
    ("value", "expanded"),
    [
        ({"from": 2, "to": 5}, [2, 3, 4, 5]),
        ({"from": -1, "to": 1}, [-1, 0, 1]),
        ({"from": 7, "to": 7}, [7]),
        ([2, 4], [2, 4]),
        (3, 3),
        ("text", "text"),
        (None, None),
    ],
)
def test_a_range_stands_for_its_numbers_and_all_else_for_itself(value, expanded):
    assert expand_range(value) == expanded


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"from": 2}, "a range is"),
        ({"to": 2}, "a range is"),
        ({}, "a range is"),
        ({"from": 2, "to": 4, "step": 2}, "a range is"),
        ({"from": 2.0, "to": 4}, "a range is"),
        ({"from": True, "to": 4}, "a range is"),
        ({"from": "2", "to": "4"}, "a range is"),
        ({"from": 4, "to": 3}, "from 4 to 3 is empty or very long"),
        ({"from": 0, "to": 10_001}, "from 0 to 10001 is empty or very long"),
    ],
)
def test_a_range_that_is_none_is_refused(value, told):
    with pytest.raises(ValueError, match=told):
        expand_range(value)


def test_the_longest_range_holds_ten_thousand_and_one_numbers():
    assert len(expand_range({"from": 0, "to": 10_000})) == 10_001


def test_what_a_file_leaves_out_has_its_default():
    bench = parse('title = "T"\n[[datasets]]\nuse = "iris"\n[[algorithms]]\nuse = "kmeans"\n')
    assert bench.seeds == (0,)
    assert bench.ks == tuple(range(2, 11))
    assert bench.metrics == (*DEFAULT_METRICS, "mst_separation", "size_evenness")
    assert bench.noise.policies == (NoisePolicy.ZERO, *(p for p in NoisePolicy if p is not NoisePolicy.ZERO))
    assert (bench.ranking.k_policies, bench.ranking.order) == (("score",), "score")
    assert (bench.ranking.bootstraps, bench.ranking.random_partitions, bench.ranking.seed) == (1000, 50, 0)
    assert (bench.stability.resamples, bench.structure.permutations) == (10, 19)
    assert (bench.limits.seconds, bench.limits.memory_mb) == (None, None)
    assert bench.gate.smallest_allowed(8950) == 90
    assert bench.name == "bench"


@pytest.mark.parametrize(
    ("noise", "policies"),
    [
        ("also = []", ["zero"]),
        ('policy = "drop"\nalso = []', ["drop"]),
        ('policy = "drop"\nalso = ["zero", "drop"]', ["drop", "zero"]),
        ('policy = "cluster"\nalso = ["nearest"]', ["cluster", "nearest"]),
    ],
)
def test_the_declared_noise_policy_comes_first_and_once(noise, policies):
    bench = parse(file_of(["iris"], ["raw"], kmeans() + f"[noise]\n{noise}\n"))
    assert [policy.value for policy in bench.noise.policies] == policies


def test_a_reference_space_that_is_no_variant_is_made_and_not_fitted():
    text = 'reference_spaces = ["minmax", "standard"]\n' + file_of(["iris"], ["raw", "minmax"], kmeans())
    bench = parse(text)
    assert bench.references_declared
    assert bench.fitted_variants == ("raw", "minmax")
    assert list(bench.variants) == ["raw", "minmax", "standard"]
    assert {job.variant for job in bench.jobs()} == {"raw", "minmax"}


def test_an_algorithm_is_found_by_its_name_among_those_that_run():
    bench = parse(file_of(["iris"], ["raw"], kmeans() + '[[algorithms]]\nuse = "gmm"\n'))
    assert bench.algorithm("gmm").name == "gmm"
    assert bench.algorithm("kmeans") == REGISTRY.algorithms["kmeans"]


@pytest.mark.parametrize(
    ("tail", "message"),
    [
        ("[[datasets]]\nuse = 'wine'\nuses = 1\n", "datasets[2].uses: unknown key, did you mean 'use'?"),
        ("[[datasets]]\nuse = 'wine'\npath = 'a.csv'\n", "datasets[2]: exactly one of use, path, url, sql is needed"),
        ("[[datasets]]\nuse = 'wine'\nrows = 'some'\n", "datasets[2].rows: Input should be 'all' or 'complete'"),
        ("[[datasets]]\nuse = 'wine'\ndrop = [1]\n", "datasets[2].drop[1]: is not a text, got 1"),
        ("[ranking]\nbootstrap = 5\n", "ranking.bootstrap: unknown key, did you mean 'bootstraps'?"),
        ("[ranking]\nbootstraps = -5\n", "ranking.bootstraps: Input should be greater than or equal to 0, got -5"),
        ("[ranking]\nbootstraps = 10001\n", "ranking.bootstraps: Input should be less than or equal to 10000"),
        ("[ranking]\nweights = { separation = -1 }\n", "ranking.weights.separation: Input should be greater than"),
        ("[ranking]\nfixed_k = 2\n", "ranking: 'fixed_k' and the k policy 'fixed' go together"),
        ("[ranking]\nk_policies = []\n", "ranking.k_policies: is empty, got []"),
        ("[ranking]\nk_policies = ['elbow']\n", "ranking.k_policies[1]: Input should be"),
        ("[stability]\nresample = 5\n", "stability.resample: unknown key, did you mean 'resamples'?"),
        ("[stability]\nresamples = 5\n", "stability.resamples: Input should be a multiple of 2"),
        ("[structure]\npermutations = 1001\n", "structure.permutations: Input should be less than or equal to 1000"),
        ("[limits]\nseconds = 0\n", "limits.seconds: Input should be greater than 0, got 0"),
        ("[limits]\nmemory = 5\n", "limits.memory: unknown key, did you mean 'memory_mb'?"),
        ("[noise]\nalso = ['zero', 'dorp']\n", "noise.also[2]: Input should be"),
        ("[gate]\nmin_rows = 2.5\n", "gate.min_rows: Input should be a valid integer"),
        ("[[algorithms]]\nk = 3\n", "algorithms[2].use: is missing"),
        ("[[algorithms]]\nuse = 'gmm'\ndatasets = ['blob']\n", "algorithms[2] (gmm): unknown dataset 'blob'"),
        ("[[algorithms]]\nuse = 'gmm'\nvariants = []\n", "algorithms[2] (gmm): variants = [] leaves nothing to run"),
        ("[[algorithms]]\nuse = 'gmm'\nk = 2.5\n", "algorithms[2] (gmm): k = 2.5 cannot be run (allowed: an integer"),
        ("[[algorithms]]\nuse = 'gmm'\nk = true\n", "algorithms[2] (gmm): k = True cannot be run"),
        ("[[algorithms]]\nuse = 'gmm'\nk = { from = 2 }\n", "algorithms[2] (gmm): a range is { from = 2, to = 10 }"),
    ],
)
def test_a_wrong_key_is_told_by_its_place(tail, message):
    with pytest.raises(RequestError) as caught:
        parse(file_of(["iris"], ["raw"], kmeans() + tail))
    told, wanted = (text.replace(".[", "[") for text in (str(caught.value), f"bench.toml: {message}"))
    assert told.startswith(wanted)


def test_an_unknown_key_is_told_with_all_keys_of_its_table():
    with pytest.raises(RequestError) as caught:
        parse(file_of(["iris"], ["raw"], kmeans() + "[limits]\nhours = 1\n"))
    assert caught.value.allowed == "seconds, memory_mb"


def test_a_fixed_k_that_is_not_run_is_refused():
    tail = '[ranking]\nk_policies = ["fixed"]\nfixed_k = 5\n'
    with pytest.raises(RequestError, match=r"ranking: fixed_k = 5 is not run \(allowed: one of k = \(2, 3\)\)"):
        parse(file_of(["iris"], ["raw"], kmeans() + tail, ks=[2, 3]))
    assert parse(file_of(["iris"], ["raw"], kmeans() + tail, ks=[2, 5])).ranking.fixed_k == 5


@pytest.fixture
def workspace(tmp_path):
    (tmp_path / "benchmarks").mkdir()
    for name in ("b", "a"):
        (tmp_path / "benchmarks" / f"{name}.toml").write_text("")
    (tmp_path / "benchmarks" / "note.txt").write_text("")
    return tmp_path


def test_the_places_of_a_workspace_come_first_and_must_be_there(workspace, tmp_path_factory):
    first, *shipped = benchmark_places(workspace)
    assert first == (workspace / "benchmarks").resolve()
    assert benchmark_places(tmp_path_factory.mktemp("empty")) == shipped
    assert len(shipped) == 1
    assert (shipped[0] / "credit-card.toml").is_file()


def test_a_place_that_is_named_twice_is_searched_once():
    (shipped,) = benchmark_places(Path("nowhere"))
    assert benchmark_places(shipped.parent) == [shipped]


def test_the_list_holds_toml_files_the_workspace_first(workspace):
    found = list_benchmarks(workspace)
    assert list(found)[:2] == ["a", "b"]
    assert "note" not in found
    assert found["a"] == (workspace / "benchmarks" / "a.toml").resolve()


def test_a_benchmark_in_a_folder_is_named_by_both(workspace):
    (workspace / "benchmarks" / "team").mkdir()
    (workspace / "benchmarks" / "team" / "a.toml").write_text("")
    assert find_benchmark("team/a", workspace=workspace) == (workspace / "benchmarks" / "team" / "a.toml").resolve()


def test_a_path_is_taken_from_the_workspace_unless_it_is_absolute(workspace):
    mine = workspace / "mine.toml"
    mine.write_text("")
    assert find_benchmark("mine.toml", workspace=workspace) == mine
    assert find_benchmark(Path("benchmarks/a.toml"), workspace=workspace) == workspace / "benchmarks" / "a.toml"
    assert find_benchmark(mine, workspace=Path("elsewhere")) == mine
    assert find_benchmark("a", workspace=workspace) == (workspace / "benchmarks" / "a.toml").resolve()


@pytest.mark.parametrize("name", ["gone.toml", "benchmarks/gone.toml", "benchmarks.toml/a.toml"])
def test_a_path_without_a_file_is_refused_by_its_path(workspace, name):
    with pytest.raises(RequestError, match=f"no benchmark file '{name}'"):
        find_benchmark(name, workspace=workspace)
