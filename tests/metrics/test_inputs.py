"""What is taken for a table and for labelings, and what is refused by the name of its column."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy import sparse

from clusterbench import RequestError, score_labelings

NUMBERS = [1, 2, 11, 12]
X = [[1.0], [2.0], [11.0], [12.0]]
PAIRS = [0, 0, 1, 1]
MIXED = [0, 1, 1, 1]
DATES = pd.to_datetime(["2020-01-01", None, "2020-01-03", "2020-01-04"])


def values(table, labelings):
    return score_labelings(table, labelings)["value"].tolist()


@pytest.mark.parametrize(
    "dtype", ["int8", "uint64", "float32", "Int64", "Float64", "int64[pyarrow]", "double[pyarrow]"]
)
def test_numeric_dtypes_are_numbers(dtype):
    assert values(pd.DataFrame({"a": pd.array(NUMBERS, dtype=dtype)}), [PAIRS]) == values(X, [PAIRS])


@pytest.mark.parametrize(
    "table",
    [
        pa.table({"a": NUMBERS}),
        pa.table({"a": pa.array(NUMBERS, pa.decimal128(10, 2))}),
        pd.DataFrame({"a": NUMBERS}, index=[7, 7, 3, 1]),
        np.array(X, dtype=object),
        np.asfortranarray(X),
        [(1,), (2,), (11,), (12,)],
    ],
)
def test_tables_of_other_kinds_are_numbers_too(table):
    assert values(table, [PAIRS]) == values(X, [PAIRS])


def test_truth_values_are_zeros_and_ones():
    flags = pd.DataFrame({"a": [1, 2, 11, 12], "b": pd.array([True, False, True, True], dtype="boolean")})
    assert values(flags, [PAIRS]) == values(flags.astype(float), [PAIRS])


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (pd.DataFrame({"x": NUMBERS, "t": DATES}), "column 't' holds dates or times"),
        (
            pa.table({"x": NUMBERS, "t": pa.array([1, None, 3, 4], pa.timestamp("s"))}),
            "column 't' holds dates or times",
        ),
        (np.array([["2020-01-01"], ["NaT"], ["2020-01-03"], ["2020-01-04"]], dtype="M8[D]"), "column 0 holds dates"),
        (pd.DataFrame({"x": NUMBERS, "t": DATES}).to_numpy(), "column 1 holds dates or times"),
        (pd.DataFrame({"t": pd.to_timedelta(NUMBERS, unit="s")}), "column 't' holds dates or times"),
        (pd.DataFrame({"z": [1 + 2j, 2, 3, 4]}), "column 'z' holds complex numbers"),
        (np.array([[1 + 0j], [2], [3], [4]]), "column 0 holds complex numbers"),
        ([[1j], [2], [3], [4]], "column 0 holds complex numbers"),
        (pd.DataFrame({"a": [1, pd.NA, 3, 4]}), "missing or infinite values in column 'a'"),
        (pd.DataFrame({"a": pd.array([1, None, 3, 4], dtype="Int64")}), "missing or infinite values in column 'a'"),
        (pa.table({"a": [1, None, 3, 4]}), "missing or infinite values in column 'a'"),
        ([[1.0], [None], [3.0], [4.0]], "missing or infinite values in column 0"),
        (pd.DataFrame({"a": NUMBERS, "b": list("uvwx")}), "column 'b' is text: 'u' in row 1"),
        (pd.DataFrame({"a": ["1", "2", "3", "4"]}), "column 'a' is text: '1' in row 1"),
        (pd.DataFrame({"a": pd.Categorical(list("aabb"))}), "column 'a' is text: 'a' in row 1"),
        ([["a"], ["b"], ["c"], ["d"]], "column 0 is text: 'a' in row 1"),
        (sparse.csr_matrix(np.eye(4)), r"X is of type csr_matrix .*X.toarray\(\)"),
        (sparse.coo_array(np.eye(4)), r"X is of type coo_array .*X.toarray\(\)"),
        ({"a": NUMBERS}, "X is of type dict"),
        ([[1], [2, 3], [1], [1]], "X is no table: .*rows of equal length"),
        (pd.Series(NUMBERS), r"X has shape \(4,\)"),
        (pd.DataFrame(), r"X has shape \(0, 0\)"),
        (3.0, r"X has shape \(\)"),
    ],
)
def test_refused_tables(table, message):
    with pytest.raises(RequestError, match=message):
        score_labelings(table, [PAIRS])


SQUARE = pd.DataFrame({"a": PAIRS, "b": MIXED, "c": PAIRS, "d": MIXED})


@pytest.mark.parametrize(
    "labelings",
    [
        np.array([PAIRS, MIXED]),
        [PAIRS, MIXED],
        (np.array(PAIRS), pd.Series(MIXED, index=[4, 3, 2, 1])),
        [pd.array(PAIRS, dtype="Int64"), MIXED],
        SQUARE[["a", "b"]],
        SQUARE[["a", "b"]].astype("Int64"),
        pa.table({"a": PAIRS, "b": MIXED}),
    ],
)
def test_rows_of_an_array_and_columns_of_a_frame_are_labelings(labelings):
    assert values(X, labelings) == [*values(X, [PAIRS]), *values(X, [MIXED])]


def test_a_square_array_and_a_square_frame_are_read_as_any_other():
    assert values(X, SQUARE) == values(X, [PAIRS, MIXED, PAIRS, MIXED])
    assert values(X, SQUARE.to_numpy().T) == values(X, SQUARE)
    rows = score_labelings(X, SQUARE.to_numpy(), metrics="silhouette")
    assert rows["status"].tolist() == ["undefined", "ok", "undefined", "undefined"]


@pytest.mark.parametrize("labels", [PAIRS, np.array(PAIRS), pd.Series(PAIRS), SQUARE[["a"]]])
def test_one_labeling_needs_no_list(labels):
    assert values(X, labels) == values(X, [PAIRS])


@pytest.mark.parametrize(
    ("labelings", "message"),
    [
        (
            SQUARE[["a", "b"]].T,
            r"data frame of shape \(2, 4\) .*one column per labeling, one row for each of the 4 rows",
        ),
        (pd.DataFrame({"a": PAIRS[:3]}), r"data frame of shape \(3, 1\)"),
        ([[0], [0], [1], [1]], r"labeling 0 has shape \(1,\) .*one label per row"),
        (pd.DataFrame({"a": pd.array([0, 0, 1, None], dtype="Int64")}), "labeling 'a': labels must be integers"),
        (pd.DataFrame({"a": list("aabb")}), "labeling 'a': labels must be integers"),
        ([PAIRS, [0, 0, 1, np.nan]], "labeling 1: labels must be integers"),
        (np.ma.masked_equal([PAIRS], 1), "labelings are masked"),
    ],
)
def test_refused_labelings(labelings, message):
    with pytest.raises(RequestError, match=message):
        score_labelings(X, labelings)


@pytest.mark.parametrize(
    ("labelings", "message"),
    [
        ([0, 1], r"labeling 0 has shape \(2,\) \(allowed: \(3,\), one label per row\)"),
        ([[0, 1, 1], [0, 1]], r"labeling 1 has shape \(2,\)"),
        ([[[0, 1, 1]]], r"labeling 0 has shape \(1, 3\)"),
        (np.zeros((2, 4), int), r"labeling 0 has shape \(4,\)"),
        ([[0, 1, 1.5]], "labeling 0: .*allowed: integers, -1 for noise"),
        ([[0, 1, np.nan]], "labeling 0: "),
        ([[0, 1, 1e19]], "labeling 0: .* of size 1e"),
        ([[0, 1, 1], np.ma.masked_equal([0, 1, 2], 2)], "labeling 1: labels are masked"),
        (np.ma.masked_equal([[0, 1, 2]], 2), "labelings are masked"),
    ],
)
def test_forms_that_are_no_labelings(labelings, message):
    with pytest.raises(RequestError, match=message):
        score_labelings([[0.0], [1.0], [2.0]], labelings)
