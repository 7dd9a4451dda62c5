"""Numbers in print: explicit cases, and laws that hold for any number."""

from __future__ import annotations

import json
import math
import re
from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterbench.report.number_text import (
    NOTHING,
    exact_text,
    fixed,
    is_missing,
    json_value,
    score_text,
    settings,
    share,
    significant,
    slug,
)


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (0.5, 0, "0"),
        (1.5, 0, "2"),
        (-0.4, 0, "0"),
        (-0.6, 0, "-1"),
        (0.125, 2, "0.12"),
        (-1e-12, 4, "0.0000"),
        (1e15, 0, "1000000000000000"),
        (np.float64(0.24391), 4, "0.2439"),
        (np.int64(7), 2, "7.00"),
        (math.inf, 2, "∞"),
        (-math.inf, 2, "-∞"),
        (0, 2, "0.00"),
    ],
)
def test_fixed_of_every_kind_of_number(value: float, decimals: int, text: str) -> None:
    assert fixed(value, decimals) == text


@given(st.floats(-1e6, 1e6), st.integers(1, 5))
def test_fixed_rounds_as_exact_decimal_arithmetic_does(value: float, decimals: int) -> None:
    exact = Decimal(value).quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_EVEN)
    assert Decimal(fixed(value, decimals)) == exact
    assert fixed(value, decimals) != f"-{fixed(0.0, decimals)}"


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(0.24391, 6, "0.2439"), (0.24391, 3, "0.2"), (1948.6498, 1, "1948.6"), (None, 6, NOTHING), (math.inf, 3, "∞")],
)
def test_a_score_has_four_decimals_or_one(value: float | None, digits: int, text: str) -> None:
    assert score_text(value, digits) == text


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (1.0, 3, "1.00"),
        (999.4, 3, "999"),
        (0.00123456, 3, "0.00123"),
        (-12.3456, 3, "-12.3"),
        (123456.789, 6, "123457"),
        (1e-12, 3, "0.000000000"),
        (0.0, 3, "0"),
        (-math.inf, 3, "-∞"),
        (5, 3, "5.00"),
    ],
)
def test_significant_of_every_size(value: float, digits: int, text: str) -> None:
    assert significant(value, digits) == text


@given(st.floats(1e-5, 1e9))
def test_significant_keeps_three_digits_without_an_exponent(value: float) -> None:
    assert "e" not in significant(value)
    assert float(significant(value)) == pytest.approx(value, rel=0.006)


@pytest.mark.parametrize(("value", "text"), [(0.0, "0.0 %"), (1 / 3, "33.3 %"), (0.0006, "0.1 %"), (pd.NA, NOTHING)])
def test_a_share_is_in_percent_with_one_decimal(value: float, text: str) -> None:
    assert share(value) == text


@pytest.mark.parametrize("nothing", [None, math.nan, pd.NA, pd.NaT])
def test_a_missing_value_is_a_dash(nothing: object) -> None:
    assert is_missing(nothing)
    assert fixed(nothing, 2) == significant(nothing) == share(nothing) == NOTHING  # type: ignore[arg-type]
    assert settings(nothing) == ""  # type: ignore[arg-type]


@pytest.mark.parametrize("value", ["", "nan", 0, False, math.inf, [], {}, np.int64(0), np.bool_(False)])
def test_an_empty_value_is_not_missing(value: object) -> None:
    assert not is_missing(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (math.nan, ""), (True, ""), ("0.5", ""), (np.int64(3), "3"), (np.float64(1 / 3), "0.3333333333333333"),
     (-0.0, "-0.0"), (1e-300, "1e-300"), (math.inf, "Infinity")],
)  # fmt: skip
def test_the_exact_text_of_a_value_reads_back(value: object, text: str) -> None:
    assert exact_text(value) == text


@pytest.mark.parametrize(
    ("value", "expected"),
    [(pd.NA, None), (math.nan, None), (np.inf, "Infinity"), (-math.inf, "-Infinity"), (np.int64(3), 3),
     (np.float64(0.5), 0.5), (True, True), (np.bool_(False), False), ("a", "a")],
)  # fmt: skip
def test_values_of_a_table_as_json(value: object, expected: object) -> None:
    found = json_value(value)
    assert (found, type(found)) == (expected, type(expected))
    assert json.loads(json.dumps(found, allow_nan=False)) == expected


@given(st.text())
def test_a_slug_is_a_safe_file_name_and_stays_itself(text: str) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug(text))
    assert slug(slug(text)) == slug(text)


def test_settings_are_pairs() -> None:
    assert settings('{"a": [1, 2], "b": "ward"}') == "a=[1, 2], b=ward"
    assert settings("{}") == ""
    assert slug("(all) / Ünï 2") == "all-n-2"
