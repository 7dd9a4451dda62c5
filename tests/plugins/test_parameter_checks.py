"""The small checks of parameter values, by tables of values."""

from __future__ import annotations

import math

import numpy as np
import pytest

from clusterbench.plugins import (
    missing_packages,
    number_complaint,
    require_choice,
    require_number,
    share_complaint,
)

NUMBERS = [
    (3, {}, None),
    (-2.5, {}, None),
    (math.inf, {}, "a number"),
    (math.nan, {}, "a number"),
    (True, {}, "a number"),
    ("3", {}, "a number"),
    (None, {}, "a number"),
    ([1], {}, "a number"),
    (1 + 2j, {}, "a number"),
    (3, {"integer": True}, None),
    (3.0, {"integer": True}, "an integer"),
    (False, {"integer": True, "low": 0}, "an integer of at least 0"),
    (0, {"integer": True, "low": 1}, "an integer of at least 1"),
    (1, {"integer": True, "low": 1}, None),
    (1, {"integer": True, "low": 1, "open_low": True}, "an integer above 1"),
    (0.0, {"low": 0}, None),
    (-1e-9, {"low": 0}, "a number of at least 0"),
    (0.0, {"low": 0, "open_low": True}, "a number above 0"),
    (1e-300, {"low": 0, "open_low": True}, None),
    (0.25, {"low": 0.5}, "a number of at least 0.5"),
    (10**300, {"integer": True, "low": 10**6}, None),
]


@pytest.mark.parametrize(("value", "bounds", "complaint"), NUMBERS)
def test_a_number_is_finite_and_within_its_bounds(value, bounds, complaint):
    assert number_complaint(value, **bounds) == complaint
    if "low" in bounds:
        if complaint is None:
            require_number("width", value, **bounds)
        else:
            with pytest.raises(ValueError, match=f"^width = .* is not {complaint}$"):
                require_number("width", value, **bounds)


@pytest.mark.parametrize("value", [0.5, 1e-12, 1 - 1e-12])
def test_a_share_lies_between_0_and_1(value):
    assert share_complaint(value) is None


@pytest.mark.parametrize("value", [0.0, 1.0, -0.5, 1.5, 1, 0, True, "0.5", None, math.nan, math.inf])
def test_whatever_is_no_share_is_told_what_one_is(value):
    assert share_complaint(value) == "a share above 0 and below 1"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("wards", "linkage = 'wards' is not one of ward, average, did you mean 'ward'?"),
        ("WARD", "linkage = 'WARD' is not one of ward, average, did you mean 'ward'?"),
        ("", "linkage = '' is not one of ward, average"),
        ("zzz", "linkage = 'zzz' is not one of ward, average"),
        (None, "linkage = None is not one of ward, average"),
        (1, "linkage = 1 is not one of ward, average"),
        (["ward"], "linkage = ['ward'] is not one of ward, average"),
    ],
)
def test_a_choice_is_one_of_the_words(value, said):
    require_choice("linkage", "ward", iter(["ward", "average"]))
    with pytest.raises(ValueError, match="linkage") as caught:
        require_choice("linkage", value, ["ward", "average"])
    assert str(caught.value) == said


@pytest.mark.parametrize(
    ("requirement", "hint"),
    [
        ("no-such", "needs no-such: pip install no-such"),
        ("no-such==1.2", "needs no-such: pip install no-such==1.2"),
        ("no-such>=1.2", 'needs no-such: pip install "no-such>=1.2"'),
        ("no-such[extra]", 'needs no-such: pip install "no-such[extra]"'),
        ("no-such<2; python_version >= '3.11'", 'needs no-such: pip install "no-such<2" (Python >= 3.11)'),
        ('no-such==1; python_version < "3.12"', "needs no-such: pip install no-such==1 (Python < 3.12)"),
    ],
)
def test_a_missing_package_is_told_as_a_command_for_a_shell(requirement, hint):
    assert missing_packages({"no_such_module": requirement}) == hint
    assert missing_packages({"json": "json", "no_such_module": requirement}) == hint
    assert missing_packages({"no_such_module": requirement, "no_other.part": "other"}) == (
        f"{hint}; needs other: pip install other"
    )


def test_a_number_of_numpy_is_judged_as_what_python_takes_it_for():
    assert number_complaint(np.float64(0.5), low=0) is None  # a float
    assert number_complaint(np.int64(3), integer=True) == "an integer"  # no int: not what TOML gives


def test_a_whole_number_beyond_every_library_is_refused_and_does_not_overflow():
    assert number_complaint(10**400, integer=True, low=1) is not None
    assert number_complaint(-(10**400), integer=True) is not None
    assert number_complaint(2**62, integer=True, low=1) is None
