"""Declared steps: what is accepted, what is refused and how, and the words for them."""

from __future__ import annotations

import json
import tomllib

import pytest

from clusterbench.errors import RequestError
from clusterbench.preprocessing import DEFAULT_VARIANTS, STEPS, describe, parse_steps, resolved


def parse(*raw):
    return parse_steps(list(raw), where="variants.mine")


def test_every_step_of_the_design_is_known():
    assert set(STEPS) == {
        *("impute", "clip", "log1p", "power", "standardize", "minmax", "robust", "l2_normalize"),
        *("pca", "select", "drop", "one_hot", "ordinal", "date_parts"),
    }


def test_steps_come_from_a_benchmark_file_as_they_stand_there():
    text = """
    pca = [{ step = "impute" }, { step = "log1p", columns = "monetary" }, { step = "standardize" },
           { step = "pca", n_components = 0.9 }]
    """
    steps = parse_steps(tomllib.loads(text)["pca"], where="variants.pca")
    assert [step.name for step in steps] == ["impute", "log1p", "standardize", "pca"]
    assert describe(steps) == "median impute > log1p (monetary) > standardize > PCA 0.9"


def test_no_step_is_a_variant_too():
    assert parse() == ()
    assert describe(()) == "as it is"
    assert resolved(()) == []


def test_the_default_variants_are_the_published_six():
    assert {name: describe(parse_steps(raw, where=name)) for name, raw in DEFAULT_VARIANTS.items()} == {
        "raw": "median impute",
        "standard": "median impute > standardize",
        "minmax": "median impute > minmax",
        "log1p": "median impute > log1p > standardize",
        "pca": "median impute > log1p > standardize > PCA 0.9",
        "pca2": "median impute > log1p > minmax > PCA 2",
    }


EVERY_STEP = [
    {"step": "impute", "override": {"a": "mean", "b": {"strategy": "constant", "fill_value": 3}}},
    {"step": "impute", "strategy": "knn", "n_neighbors": 3, "weights": "distance", "columns": ["a", "b"]},
    {"step": "impute", "strategy": "constant", "fill_value": -1, "add_indicator": True, "keep_empty_features": True},
    {"step": "clip", "lower": 0.05, "upper": 0.95},
    {"step": "log1p", "columns": "monetary"},
    {"step": "power", "method": "box-cox", "standardize": False},
    {"step": "standardize", "with_mean": False, "with_std": True},
    {"step": "minmax", "feature_range": [-1, 1], "clip": True},
    {
        "step": "robust",
        "quantile_range": [5, 95.0],
        "with_centering": False,
        "with_scaling": True,
        "unit_variance": True,
    },
    {"step": "l2_normalize", "norm": "l1"},
    {"step": "pca", "n_components": 2, "svd_solver": "randomized", "iterated_power": 4, "n_oversamples": 5, "tol": 0},
    {"step": "pca", "n_components": "mle", "whiten": True, "random_state": 42},
    {"step": "pca", "n_components": 0.95},
    {"step": "select", "columns": ["b", "a"]},
    {"step": "drop", "columns": "b"},
]


@pytest.mark.parametrize("raw", EVERY_STEP, ids=lambda raw: raw["step"])
def test_the_resolved_form_is_json_and_reads_back_as_the_same_step(raw):
    steps = parse(raw)
    table = json.loads(json.dumps(resolved(steps)))
    assert parse(*table) == steps
    assert resolved(parse(*table)) == table
    assert table[0]["step"] == raw["step"]


def test_the_resolved_form_fills_in_every_default():
    assert resolved(parse({"step": "robust"})) == [
        {
            "step": "robust",
            "columns": ["all"],
            "with_centering": True,
            "with_scaling": True,
            "quantile_range": [25.0, 75.0],
            "unit_variance": False,
        }
    ]


def test_a_default_written_out_resolves_like_one_left_out():
    assert resolved(parse({"step": "impute"})) == resolved(parse({"step": "impute", "strategy": "median"}))
    assert resolved(parse({"step": "log1p"})) == resolved(parse({"step": "log1p", "columns": "all"}))
    spelled = {"step": "minmax", "feature_range": [0, 1], "clip": False, "columns": ["all", "all"]}
    assert resolved(parse({"step": "minmax"})) == resolved(parse(spelled))


def test_arguments_without_effect_do_not_stand_in_the_resolved_form():
    assert set(resolved(parse({"step": "impute", "strategy": "mean"}))[0]).isdisjoint({"fill_value", "n_neighbors"})
    assert "n_neighbors" in resolved(parse({"step": "impute", "strategy": "knn"}))[0]


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ({"step": "impute", "strategy": "constant"}, "constant 0 impute"),
        ({"step": "impute", "strategy": "knn"}, "knn 5 impute"),
        ({"step": "impute", "override": {"A": "most_frequent"}}, "median impute (A: most frequent)"),
        ({"step": "clip"}, "clip 0.01-0.99"),
        ({"step": "log1p", "columns": list("abcdefg")}, "log1p (a, b, c and 4 more)"),
        ({"step": "power"}, "Yeo-Johnson"),
        ({"step": "standardize", "with_mean": False, "columns": "a"}, "standardize (a; with_mean = false)"),
        ({"step": "minmax", "feature_range": [-1, 1]}, "minmax (feature_range = [-1, 1])"),
        ({"step": "l2_normalize"}, "l2 normalize"),
        ({"step": "pca"}, "PCA"),
        ({"step": "pca", "n_components": 2, "whiten": True}, "PCA 2 (whiten = true)"),
        ({"step": "select", "columns": ["a", "b"]}, "select a, b"),
        ({"step": "drop", "columns": "monetary"}, "drop monetary"),
    ],
)
def test_a_step_is_described_by_what_is_not_default(raw, words):
    assert describe(parse(raw)) == words


@pytest.mark.parametrize(
    ("raw", "pieces"),
    [
        ({"step": "imput"}, ["unknown step 'imput'", "did you mean 'impute'?", "standardize"]),
        ({"stp": "impute"}, ["'step' is missing", "impute"]),
        ({"step": 3}, ["step = 3", "impute"]),
        ("impute", ["a step is a table", "'impute'", "{ step ="]),
        ({"step": "impute", "stratgy": "mean"}, ["argument of impute 'stratgy'", "did you mean 'strategy'?"]),
        ({"step": "impute", "strategy": "medain"}, ["'medain'", "did you mean 'median'?", "most_frequent"]),
        ({"step": "impute", "strategy": 3}, ["strategy = 3", "most_frequent"]),
        ({"step": "impute", "n_neighbors": 3}, ["n_neighbors has no effect", "'median'", "'knn'"]),
        ({"step": "impute", "fill_value": 3}, ["fill_value has no effect", "'constant'"]),
        ({"step": "impute", "strategy": "knn", "n_neighbors": 0}, ["n_neighbors = 0", "at least 1"]),
        ({"step": "impute", "strategy": "constant", "fill_value": float("nan")}, ["fill_value", "finite"]),
        ({"step": "impute", "override": "mean"}, ["override = 'mean'", "a table such as"]),
        ({"step": "impute", "override": {"A": 3}}, ["override.A = 3: it should be a table (allowed: a table such as"]),
        ({"step": "impute", "override": {"A": "meen"}}, ["override.A", "did you mean 'mean'?"]),
        ({"step": "impute", "override": {"A": {"strategy": "mean", "n_neighbors": 2}}}, ["override.A", "no effect"]),
        ({"step": "impute", "override": {"A": {"stratgy": "mean"}}}, ["override.A", "did you mean 'strategy'?"]),
        ({"step": "clip", "lower": 0.5, "upper": 0.5}, ["lower = 0.5 must be below upper = 0.5"]),
        ({"step": "clip", "lower": -0.1}, ["lower = -0.1", "from 0 to 1"]),
        ({"step": "clip", "upper": 99}, ["upper = 99", "from 0 to 1"]),
        ({"step": "log1p", "columns": []}, ["columns = []"]),
        ({"step": "log1p", "columns": [1]}, ["columns = [1]", "named group"]),
        ({"step": "power", "method": "yeo_johnson"}, ["method = 'yeo_johnson'", "did you mean 'yeo-johnson'?"]),
        ({"step": "standardize", "with_mean": "yes"}, ["with_mean = 'yes'", "true or false"]),
        ({"step": "standardize", "with_mean": 1}, ["with_mean = 1", "true or false"]),
        ({"step": "minmax", "feature_range": [1, 0]}, ["feature_range = [1, 0]", "low < high"]),
        ({"step": "minmax", "feature_range": [1]}, ["feature_range", "too short", "[low, high]"]),
        ({"step": "robust", "quantile_range": [0, 101]}, ["quantile_range", "in percent"]),
        ({"step": "l2_normalize", "norm": "l3"}, ["norm = 'l3'", "l1, l2, max"]),
        ({"step": "pca", "n_components": 0}, ["n_components = 0", "share of variance"]),
        ({"step": "pca", "n_components": 1.0}, ["n_components = 1.0", "share of variance"]),
        ({"step": "pca", "n_components": True}, ["n_components = True", "share of variance"]),
        ({"step": "pca", "n_component": 2}, ["did you mean 'n_components'?"]),
        ({"step": "pca", "n_components": 0.5, "svd_solver": "arpack"}, ["share of variance", "'arpack'", "'full'"]),
        ({"step": "pca", "n_components": "mle", "svd_solver": "randomized"}, ["'mle'", "'randomized'"]),
        ({"step": "select"}, ["select needs columns"]),
        ({"step": "drop", "column": "a"}, ["drop"]),
    ],
)
def test_a_wrong_step_is_refused_with_its_place_and_the_valid_form(raw, pieces):
    with pytest.raises(RequestError) as caught:
        parse({"step": "impute"}, raw)
    message = str(caught.value)
    assert caught.value.where is not None
    assert message.startswith("variants.mine: step 2")
    assert "\n" not in message
    for piece in pieces:
        assert piece in message


@pytest.mark.parametrize("raw", ["impute", {"step": "impute"}, None, 3])
def test_a_variant_that_is_no_list_is_refused(raw):
    with pytest.raises(RequestError, match=r"variants\.mine: a variant is a list of steps"):
        parse_steps(raw, where="variants.mine")
