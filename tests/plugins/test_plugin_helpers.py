"""Small helpers of plug-ins: packages, value checks, warnings."""

from __future__ import annotations

import importlib.util
import math
import sys
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterbench.plugins import (
    is_installed,
    load_plugin,
    missing_packages,
    number_check,
    number_complaint,
    recorded_warnings,
    require_choice,
    require_number,
    share_complaint,
    shipped_place,
)


def test_nothing_is_missing_where_everything_is_installed():
    assert missing_packages({"json": "json", "numpy": "numpy>=1"}) is None


@pytest.mark.parametrize(
    ("requirement", "hint"),
    [
        ("absent", "needs absent: pip install absent"),
        ("absent==1.2", "needs absent: pip install absent==1.2"),
        ("absent>=1,<2", 'needs absent: pip install "absent>=1,<2"'),
        ("absent==0.3.0; python_version < '3.12'", "needs absent: pip install absent==0.3.0 (Python < 3.12)"),
        ("absent[all]", 'needs absent: pip install "absent[all]"'),
    ],
)
def test_a_missing_package_comes_with_the_command_that_installs_it(requirement, hint):
    assert missing_packages({"no_such_package": requirement}) == hint


def test_all_missing_packages_are_named():
    assert missing_packages({"no_a": "a", "json": "json", "no_b": "b"}) == (
        "needs a: pip install a; needs b: pip install b"
    )


def test_an_algorithm_is_asked_for_its_own_packages(monkeypatch):
    clara = load_plugin(shipped_place() / "clara.py")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert missing_packages(clara) == (
        "needs scikit-learn-extra: pip install scikit-learn-extra==0.3.0 (Python < 3.12)"
    )
    assert clara.resolve({"n_sampling": 50}) == {"n_sampling": 50}


def test_looking_for_a_package_imports_only_its_parents(monkeypatch):
    assert not is_installed("no_such_package.inner")
    monkeypatch.setitem(sys.modules, "half_there", None)
    assert not is_installed("half_there")
    assert is_installed("json")


@given(st.one_of(st.integers(), st.floats(), st.text(), st.booleans(), st.none()))
def test_a_number_is_accepted_exactly_where_it_is_finite_and_not_below_the_bound(value):
    is_number = type(value) in (int, float) and math.isfinite(value)
    assert (number_complaint(value, low=1) is None) == (is_number and value >= 1)
    assert (number_complaint(value, low=1, open_low=True) is None) == (is_number and value > 1)
    assert (number_complaint(value, whole=True, low=1) is None) == (type(value) is int and value >= 1)


@given(st.one_of(st.floats(), st.integers(), st.booleans(), st.text()))
def test_a_share_lies_strictly_between_0_and_1(value):
    assert (share_complaint(value) is None) == (isinstance(value, float) and 0 < value < 1)


def test_complaints_tell_the_valid_form():
    assert number_complaint("x") == "a number"
    assert number_check(whole=True, low=2)(1) == "a whole number of at least 2"
    assert number_check(low=0, open_low=True)(0.5) is None
    with pytest.raises(ValueError, match="eps = -1 is not a number above 0"):
        require_number("eps", -1, low=0, open_low=True)
    with pytest.raises(ValueError, match=r"init = 3 is not one of a, b$"):
        require_choice("init", 3, ["a", "b"])
    require_choice("init", "a", ["a", "b"])


def test_warnings_are_recorded_once_each_and_deprecations_dropped():
    with recorded_warnings() as seen:
        for _ in range(2):
            warnings.warn("did not\n  converge", RuntimeWarning, stacklevel=1)
        warnings.warn("old name", FutureWarning, stacklevel=1)
    assert seen == ["RuntimeWarning: did not converge"]


def test_warnings_are_recorded_of_a_block_that_raises():
    kept: list[list[str]] = []

    def fail():
        with recorded_warnings() as seen:
            kept.append(seen)
            warnings.warn("first", UserWarning, stacklevel=1)
            raise KeyError("x")

    with pytest.raises(KeyError):
        fail()
    assert kept == [["UserWarning: first"]]
