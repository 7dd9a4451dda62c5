"""Tables in memory: what is taken of them, and what is refused by name."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from clusterbench import RequestError
from clusterbench.datasets import DatasetSpec, dataset_from, datasets_from

VALUES = [[1.0, 4.0], [2.0, np.nan], [3.0, 6.0]]


class OnlyToPandas:
    def to_pandas(self) -> pd.DataFrame:
        return pd.DataFrame(VALUES, columns=["a", "b"])


class OnlyInterchange:
    def __dataframe__(self, **options):
        return pa.table({"a": [1.0, 2.0, 3.0], "b": [4.0, None, 6.0]}).__dataframe__(**options)


class OnlyArrowStream:
    def __arrow_c_stream__(self, requested_schema=None):
        return pa.table({"a": [1, 2, 3], "b": [4, None, 6]}).__arrow_c_stream__(requested_schema)


TABLES = {
    "pandas": pd.DataFrame(VALUES, columns=["a", "b"]),
    "pandas nullable": pd.DataFrame({"a": [1, 2, 3], "b": pd.array([4, pd.NA, 6], dtype="Int8")}),
    "pandas arrow": pd.DataFrame({"a": [1, 2, 3], "b": [4, None, 6]}, dtype="int64[pyarrow]"),
    "pandas sparse": pd.DataFrame({"a": [1, 2, 3], "b": pd.arrays.SparseArray([4, np.nan, 6])}),
    "pandas objects": pd.DataFrame({"a": [1, 2.0, Decimal(3)], "b": [4, pd.NA, 6]}, dtype=object),
    "structured array": np.array([tuple(row) for row in VALUES], dtype=[("a", "f4"), ("b", "f8")]),
    "arrow": pa.table({"a": pa.array([1, 2, 3], pa.uint8()), "b": [4, None, 6]}),
    "record batch": pa.record_batch({"a": [1, 2, 3], "b": [4.0, None, 6.0]}),
    "to_pandas": OnlyToPandas(),
    "interchange": OnlyInterchange(),
    "arrow stream": OnlyArrowStream(),
}


@pytest.mark.parametrize("kind", TABLES)
def test_every_kind_of_table_gives_the_same_dataset(kind):
    dataset = dataset_from(TABLES[kind], DatasetSpec(memory="t"))
    assert (dataset.name, dataset.columns, dataset.row_ids.tolist()) == ("t", ("a", "b"), [0, 1, 2])
    np.testing.assert_array_equal(dataset.frame, VALUES)
    assert dataset.warnings == ()
    assert dataset.content_hash == dataset_from(TABLES["pandas"]).content_hash


@pytest.mark.parametrize("array", [np.array(VALUES), np.ma.masked_invalid(VALUES), np.array(VALUES, dtype=object)])
def test_the_columns_of_an_array_are_numbered_from_one(array):
    dataset = dataset_from(array)
    assert dataset.columns == ("x1", "x2")
    np.testing.assert_array_equal(dataset.frame, VALUES)


def test_booleans_become_zero_and_one_and_may_be_missing():
    frame = pd.DataFrame({"b": [True, False, True], "n": pd.array([True, None, False], dtype="boolean")})
    for table in (frame, pa.Table.from_pandas(frame)):
        np.testing.assert_array_equal(dataset_from(table).frame, [[1, 1], [0, np.nan], [1, 0]])


INDEXES = [
    pd.Index(["u", "v", "w"], name="who"),
    pd.Index([5, 3, 9]),
    pd.date_range("2024-01-01", periods=3),
    pd.MultiIndex.from_tuples([("a", 1), ("a", 2), ("b", 1)]),
]


@pytest.mark.parametrize("index", INDEXES, ids=lambda index: type(index).__name__)
def test_the_index_gives_the_row_ids_also_of_the_rows_that_are_complete(index):
    frame = pd.DataFrame(VALUES, columns=["a", "b"], index=index)
    assert dataset_from(frame).row_ids.tolist() == index.tolist()
    assert dataset_from(frame, DatasetSpec(memory="t", rows="complete")).row_ids.tolist() == [index[0], index[2]]


def test_a_declared_column_gives_the_row_ids_and_a_dropped_one_does_not():
    frame = pd.DataFrame({"cust_id": ["007", "8"], "x": [1, 2]}, index=[10, 20])
    assert dataset_from(frame, DatasetSpec(memory="t", id="cust_id")).row_ids.tolist() == ["007", "8"]
    assert dataset_from(frame, DatasetSpec(memory="t", drop=["cust_id"])).row_ids.tolist() == [10, 20]


def test_labels_of_columns_become_text_and_levels_are_joined():
    assert dataset_from(pd.DataFrame(VALUES)).columns == ("0", "1")
    two_levels = pd.DataFrame(VALUES, columns=pd.MultiIndex.from_tuples([("spend", "sum"), ("spend", "mean")]))
    assert dataset_from(two_levels).columns == ("spend_sum", "spend_mean")


def test_a_mapping_of_tables_gives_datasets_by_name():
    frame = pd.DataFrame({"x": [1, 2], "kind": ["a", "b"], "note": ["", ""]})
    made = datasets_from({"jan": frame, "feb": pa.Table.from_pandas(frame)}, drop=["note"], truth="kind")
    assert [(name, dataset.name, dataset.columns) for name, dataset in made.items()] == [
        ("jan", "jan", ("x",)),
        ("feb", "feb", ("x",)),
    ]
    assert list(datasets_from(frame[["x"]])) == ["table"]
    with pytest.raises(RequestError, match="no table is given"):
        datasets_from({})


def test_the_table_of_the_caller_stays_as_it_is():
    frame = pd.DataFrame(VALUES, columns=["a", "b"], index=["u", "v", "w"])
    before = frame.copy()
    made = dataset_from(frame).frame
    made.iloc[0, 0] = 99.0
    pd.testing.assert_frame_equal(frame, before)


DAYS = pd.to_datetime(["2020-01-01", None, "2020-01-03"])
REFUSED = {
    "missing date": (pd.DataFrame({"d": DAYS}), "column 'd' holds dates or times"),
    "dates of Python": (pd.DataFrame({"d": [date(2020, 1, 1), None]}), "column 'd' holds dates or times"),
    "time spans": (pd.DataFrame({"d": DAYS - DAYS[0]}), "column 'd' holds dates or times"),
    "periods": (
        pd.DataFrame({"d": pd.period_range("2020-01", periods=2, freq="M")}),
        "column 'd' holds dates or times",
    ),
    "null time stamp": (pa.table({"d": [datetime(2020, 1, 1), None]}), "column 'd' holds dates or times"),
    "arrow day": (pa.table({"d": [date(2020, 1, 1), None]}), "column 'd' holds dates or times"),
    "array of dates": (DAYS.to_numpy().reshape(-1, 1), "column 'x1' holds dates or times"),
    "complex": (np.array([[1.0, 2j], [3.0, 4.0]]), "column 'x1' holds complex numbers"),
    "complex object": (pd.DataFrame({"z": [1 + 2j, 1.0]}, dtype=object), "column 'z' holds complex numbers"),
    "text": (pd.DataFrame({"t": ["1", "x"]}), "column 't' is text: 'x' in row 2"),
    "categories": (pd.DataFrame({"t": pd.Categorical(["low", "high"])}), "column 't' is text: 'low' in row 1"),
    "bytes": (np.array([[b"1"], [b"2"]]), "column 'x1' is"),
    "lists": (pa.table({"l": [[1], [2, 3]]}), "column 'l' is of type ndarray"),
    "infinity": (np.array([[1.0], [np.inf]]), "column 'x1' is infinite in row 2"),
    "infinite integer": (pd.DataFrame({"i": [1, 10**400]}, dtype=object), "column 'i' is infinite in row 2"),
    "nothing": (pd.DataFrame({"n": pd.array([None, None], dtype="Int64")}), "column 'n' has no value in any row"),
    "repeated index": (pd.DataFrame({"x": [1, 2, 3]}, index=[4, 5, 4]), "the index has duplicates: 4 (rows 1, 3)"),
    "missing index": (pd.DataFrame({"x": [1, 2]}, index=["a", None]), "the index is missing in row 2"),
    "repeated column": (pd.DataFrame([[1, 2], [3, 4]], columns=["a", "a"]), "two columns are called 'a'"),
    "equal names": (pd.DataFrame([[1, 2], [3, 4]], columns=[1, "1"]), "two columns are called '1'"),
    "one row": (pd.DataFrame({"x": [1]}), "1 row has nothing to compare"),
    "no rows": (np.zeros((0, 3)), "0 rows have nothing to compare"),
    "one dimension": (np.arange(4.0), "the array has shape (4,)"),
    "series": (pd.Series([1.0, 2.0]), "Series"),
    "list": ([[1, 2], [3, 4]], "list is no table"),
    "none": (None, "NoneType is no table"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_table_of_numbers_is_refused_by_name(case):
    table, said = REFUSED[case]
    with pytest.raises(RequestError) as caught:
        dataset_from(table, DatasetSpec(memory="own"))
    assert str(caught.value).startswith("dataset 'own': ")
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"drop": ["z"]}, "dataset 'table': drop: there is no column 'z'"),
        ({"drop": "a"}, 'drop is a list of columns, not text (allowed: drop = ["CUST_ID"])'),
        ({"drop": [1]}, "drop.0: Input should be a valid string"),
        ({"truth": "z"}, "dataset 'table': truth: there is no column 'z'"),
        ({"truth": "b"}, "dataset 'table': truth column 'b' is missing in row 2"),
    ],
)
def test_wrong_options_are_refused(options, said):
    with pytest.raises(RequestError) as caught:
        datasets_from(pd.DataFrame(VALUES, columns=["a", "b"]), **options)
    assert str(caught.value).startswith(said)


HUGE = 2**53 + 1


@pytest.mark.parametrize(
    "table",
    [
        pd.DataFrame({"i": [HUGE, 5]}),
        pd.DataFrame({"i": pd.array([HUGE, None, 3], dtype="Int64")}),
        pd.DataFrame({"i": [2**64, None, 3]}, dtype=object),
        pd.DataFrame({"i": [Decimal(HUGE), Decimal("0.5")]}, dtype=object),
        pa.table({"i": pa.array([HUGE, None, 3])}),
        np.array([[-HUGE], [0]]),
        np.array([[2**63], [0]], dtype=np.uint64),
    ],
)
def test_integers_that_a_float_cannot_hold_are_warned_of(table):
    warning = dataset_from(table).warnings[0]
    assert warning.endswith("holds integers beyond 2^53, which lose their last digits")
