"""The contract: parameters, cuts and what a cutter may give."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from clusterbench.errors import RequestError
from clusterbench.plugins import REQUIRED, Algorithm, CutRange, Family, K, Partition, as_partition


def make(build: Any, **declared: Any) -> Algorithm:
    return Algorithm(
        **{"name": "mine", "family": Family.OTHER, "summary": "s", "reference": "r", "build": build, **declared}
    )


def build(X, seed, width=3, shape="round"):
    return lambda **cut: np.zeros(len(X), dtype=int)


def test_parameters_are_read_off_the_build_function():
    assert make(build).parameters == {"width": 3, "shape": "round"}


def test_parameters_given_by_a_function_come_before_the_signature():
    assert make(build, parameter_defaults=lambda: {"gamma": 1.0}, packages={}).parameters == {"gamma": 1.0}


def test_resolving_fills_in_defaults_and_keeps_what_is_given():
    assert make(build).resolve({"width": 5}) == {"width": 5, "shape": "round"}


def test_an_unknown_argument_is_refused_with_the_nearest_spelling():
    with pytest.raises(
        RequestError, match=r"board\.toml: unknown argument of mine 'widht', did you mean 'width'"
    ) as caught:
        make(build).resolve({"widht": 5}, where="board.toml")
    assert caught.value.allowed == "k, shape, width"


def test_an_argument_without_default_must_be_given():
    def needy(X, seed, width):
        return lambda **cut: np.zeros(len(X), dtype=int)

    algorithm = make(needy)
    assert algorithm.parameters["width"] is REQUIRED
    assert algorithm.resolve({"width": 1}) == {"width": 1}
    with pytest.raises(RequestError, match="mine needs the argument 'width'"):
        algorithm.resolve({})


def test_a_refused_value_is_a_wrong_request_that_names_the_algorithm():
    def check(params):
        if params["width"] < 0:
            raise ValueError("width must not be negative")

    with pytest.raises(RequestError, match=r"here: mine: width must not be negative"):
        make(build, check_params=check).resolve({"width": -1}, where="here")


def test_a_missing_package_lets_wrapped_parameters_pass_unchecked():
    def imports():
        raise ModuleNotFoundError("no_such_package")

    algorithm = make(build, parameter_defaults=imports, packages={"no_such_package": "no-such"})
    assert algorithm.resolve({"anything": 1}) == {"anything": 1}
    assert algorithm.parameters == {}


@pytest.mark.parametrize("name", ["", "Upper", "1st", "with space", "a-b", "ü"])
def test_a_name_must_be_a_plain_identifier(name):
    with pytest.raises(ValueError, match="is not of the form"):
        make(build, name=name)


def test_a_declaration_needs_a_cut_and_a_version_from_1():
    with pytest.raises(ValueError, match="declares no cut"):
        make(build, cuts=())
    with pytest.raises(ValueError, match="version of mine is 0"):
        make(build, version=0)


def fails(*_: Any) -> Any:
    raise KeyError("gamma")


@pytest.mark.parametrize(
    ("declared", "question", "message"),
    [
        ({"check_params": fails}, lambda a: a.resolve({}, where="b.toml"), "b.toml: mine (/w/mine.py): check_params: "),
        ({"deterministic": fails}, lambda a: a.is_deterministic({}), "mine (/w/mine.py): deterministic: "),
        (
            {"cuts": (CutRange("k", check=fails),)},
            lambda a: a.cut_complaint(a.cuts[0], 3),
            "mine (/w/mine.py): check of k = 3: ",
        ),
        ({"parameter_defaults": fails, "packages": {}}, lambda a: a.parameters, "mine (/w/mine.py): its parameters"),
        ({"parameter_defaults": fails, "packages": {}}, lambda a: a.resolve({}), "mine (/w/mine.py): its parameters"),
    ],
)
def test_an_exception_in_a_declared_function_is_a_wrong_request_that_names_plugin_and_file(declared, question, message):
    algorithm = make(**{"build": build, "source": "/w/mine.py", **declared})
    with pytest.raises(RequestError) as caught:
        question(algorithm)
    assert str(caught.value).startswith(message)
    assert str(caught.value).endswith("KeyError: 'gamma'")


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("version", None, "version = None of mine is not of type int"),
        ("version", "2", "version = '2' of mine is not of type int"),
        ("family", "centroid", "family = 'centroid' of mine is not of type Family"),
        ("packages", ["sklearn"], "packages = ['sklearn'] of mine is not of type Mapping"),
        ("cuts", "k", "cuts = 'k' of mine is not of type tuple"),
        ("cuts", ("k",), "cuts = ('k',) of mine are not of type CutRange"),
        ("cuts", (CutRange("eps"),), "the first cut of mine, 'eps', has no default values"),
        ("grid", {"width": 3}, "grid of mine: width = 3 is not a tuple of values"),
        ("optimises", "silhouette", "optimises = 'silhouette' of mine is not of type tuple"),
        ("name", None, "the name None is not of the form"),
    ],
)
def test_a_field_of_another_type_is_refused_by_its_name(field, value, message):
    with pytest.raises(ValueError) as caught:
        make(build, **{field: value})
    assert str(caught.value).startswith(message)


def test_the_default_of_a_cut_is_a_tuple():
    with pytest.raises(ValueError, match=r"default of the cut 'eps' is 0\.5, not a tuple"):
        CutRange("eps", 0.5)


@pytest.mark.parametrize("value", [1, 0, -3, 2.0, "3", True, None])
def test_k_is_a_whole_number_of_at_least_2(value):
    assert K.check(value) == "an integer of at least 2"
    assert K.check(2) is None


def test_an_algorithm_needs_k_when_its_first_cut_is_k():
    assert make(build).needs_k
    assert not make(build, cuts=(CutRange("eps", (1.0,)), K)).needs_k


def test_determinism_may_depend_on_the_parameters():
    algorithm = make(build, deterministic=lambda params: params["width"] == 3)
    assert algorithm.is_deterministic({"width": 3})
    assert not algorithm.is_deterministic({"width": 4})
    assert make(build, deterministic=True).is_deterministic({})


@pytest.mark.parametrize("form", [list, np.array, lambda values: np.array(values, dtype=np.int8)])
def test_any_form_of_integer_labels_becomes_a_partition(form):
    values = [3, -1, 0, 9]
    plain, wrapped = as_partition(form(values), 4), as_partition(Partition(form(values), 2.0), 4)
    assert plain.labels.tolist() == wrapped.labels.tolist() == values
    assert plain.labels.dtype == np.int64
    assert (plain.inertia, wrapped.inertia) == (None, 2.0)


@pytest.mark.parametrize(
    ("labels", "complaint"),
    [([0, 1], "shape \\(2,\\) for 3 rows"), ([[0, 1, 1]], "shape \\(1, 3\\)"), ([0.0, 1.0, 0.5], "dtype float64")],
)
def test_labels_that_are_not_one_whole_number_per_row_are_refused(labels, complaint):
    with pytest.raises(ValueError, match=complaint):
        as_partition(labels, 3)
