"""CSV reads back to what was written, and no spreadsheet computes it."""

from __future__ import annotations

import csv
import io
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterbench.report.csv_text import guarded, to_csv


def read(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
def test_numbers_read_back_bit_for_bit(values: list[float]) -> None:
    found = [float(row[0]) for row in read(to_csv(["x"], [values]))[1:]]
    assert [value.hex() for value in found] == [value.hex() for value in values]


@given(st.lists(st.text(), min_size=1, max_size=10))
def test_text_reads_back_but_for_the_guard(values: list[str]) -> None:
    rows = read(to_csv(["x", "y"], [values, ["end"] * len(values)]))[1:]
    assert [row[0] for row in rows] == [guarded(value) for value in values]
    assert all(row[1] == "end" for row in rows)


@given(st.text())
def test_no_field_begins_like_a_formula(text: str) -> None:
    assert not guarded(text).startswith(("=", "+", "-", "@", "\t", "\r"))
    assert guarded(text).removeprefix("'") == text.removeprefix("'")


def test_headers_are_guarded_too() -> None:
    assert read(to_csv(["=cmd()"], [[1]]))[0] == ["'=cmd()"]


def test_missing_values_are_empty_and_negative_numbers_stay_numbers() -> None:
    text = to_csv(["x"], [[None, math.nan, pd.NA, -1, -0.5, np.int64(7), np.float64(0.1), True, np.False_]])
    assert text == "x\n\n\n\n-1\n-0.5\n7\n0.1\ntrue\nfalse\n"


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        to_csv(["a", "b"], [[1, 2], [1]])
