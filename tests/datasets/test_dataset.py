"""What the content hash of a table depends on, and what it does not."""

from __future__ import annotations

import hashlib
import struct
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterbench.datasets import Dataset, DatasetSpec, KnownClasses, load_dataset

ROWS = {"a": [1.0, 2.5, -3.0], "b": [0.0, np.nan, 1e-300]}


def table(values=ROWS, ids=(0, 1, 2), **other) -> Dataset:
    return Dataset(other.pop("name", "t"), pd.DataFrame(values, dtype=np.float64), pd.Index(ids), **other)


def written_out(columns, rows, ids) -> str:
    """The hash from bytes put together value by value."""
    digest = hashlib.sha256("\x1f".join(columns).encode())
    digest.update(struct.pack("<qq", len(rows), len(columns)))
    for row in rows:
        for value in row:
            digest.update(struct.pack("<d", float("nan") if value != value else value + 0.0))
    digest.update("\x1f".join(ids).encode())
    return digest.hexdigest()


def test_it_is_the_sha256_of_names_shape_values_by_rows_and_ids():
    rows = [(1.0, 0.0), (2.5, float("nan")), (-3.0, 1e-300)]
    assert table().content_hash == written_out(["a", "b"], rows, ["0", "1", "2"])


@settings(max_examples=20)
@given(st.lists(st.tuples(st.floats(allow_infinity=False), st.floats(allow_infinity=False)), min_size=1, max_size=8))
def test_it_is_that_sha256_for_any_values(rows):
    ids = [f"r{row}" for row in range(len(rows))]
    made = Dataset("t", pd.DataFrame(rows, columns=["x", "y"], dtype=np.float64), pd.Index(ids))
    assert made.content_hash == written_out(["x", "y"], rows, ids)


@pytest.mark.parametrize(
    "same",
    [
        table(name="another name"),
        table(source="elsewhere"),
        table(groups={"all": ("a", "b")}, units={"a": "cm"}),
        table(known_classes=(KnownClasses("kind", np.array([0, 1, 0]), ("x", "y")),)),
        table(warnings=("doubtful",)),
        table(ids=("0", "1", "2")),
        table({"a": [1.0, 2.5, -3.0], "b": [-0.0, np.nan, 1e-300]}),
        table({"a": [1.0, 2.5, -3.0], "b": [0.0, -np.nan, 1e-300]}),
    ],
    ids=["name", "source", "layout", "truth", "warnings", "ids as text", "negative zero", "negative nan"],
)
def test_what_is_said_about_a_table_and_how_its_zeros_are_written_does_not_count(same):
    assert same.content_hash == table().content_hash


@pytest.mark.parametrize(
    "other",
    [
        table({"b": ROWS["b"], "a": ROWS["a"]}),
        table({"a": ROWS["b"], "b": ROWS["a"]}),
        table({"a": ROWS["a"], "B": ROWS["b"]}),
        table({"a": [2.5, 1.0, -3.0], "b": [np.nan, 0.0, 1e-300]}),
        table({"a": [np.nextafter(1.0, 2.0), 2.5, -3.0], "b": ROWS["b"]}),
        table({"a": ROWS["a"], "b": [0.0, 0.0, 1e-300]}),
        table({"a": ROWS["a"], "b": [0.0, np.nan, 0.0]}),
        table({"a": ROWS["a"], "b": [5e-324, np.nan, 1e-300]}),
        table(ids=(0, 1, 3)),
        table(ids=(1, 0, 2)),
        table(ids=("00", "1", "2")),
        table({"a": ROWS["a"]}),
        table({"a": ROWS["a"][:2], "b": ROWS["b"][:2]}, ids=(0, 1)),
    ],
    ids=[
        *("column order", "values swapped", "name in another case", "row order", "one ulp", "nan to zero"),
        *("tiny to zero", "zero to subnormal", "another id", "ids in another order", "id with zeros"),
        *("a column less", "a row less"),
    ],
)
def test_whatever_could_move_a_label_counts(other):
    assert other.content_hash != table().content_hash


def test_any_payload_of_nan_is_one_missing_value():
    payload = np.array([0x7FF8000000000001, 0xFFF8000000000000], dtype="<u8").view("<f8")
    plain = Dataset("t", pd.DataFrame({"x": [np.nan, np.nan]}), pd.RangeIndex(2))
    assert Dataset("t", pd.DataFrame({"x": payload}), pd.RangeIndex(2)).content_hash == plain.content_hash


def test_the_same_values_in_another_shape_are_another_table():
    tall = Dataset("t", pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0]}), pd.Index([]))
    assert (
        tall.content_hash
        != Dataset("t", pd.DataFrame([[1.0, 2.0], [3.0, 4.0]]).set_axis(["x", ""], axis=1), pd.Index([])).content_hash
    )


def test_dropping_and_keeping_the_other_columns_is_one_table():
    dropped = load_dataset(DatasetSpec(use="iris", drop=["sepal length (cm)", "sepal width (cm)"]), base=Path())
    kept = load_dataset(DatasetSpec(use="iris", keep=["petal width (cm)", "petal length (cm)"]), base=Path())
    assert kept.columns == dropped.columns == ("petal length (cm)", "petal width (cm)")
    assert kept.content_hash == dropped.content_hash
    assert kept.units == dict.fromkeys(kept.columns, "cm")


def test_it_is_computed_once(monkeypatch):
    made, calls = table(), []
    monkeypatch.setattr(hashlib, "sha256", lambda *args, sha256=hashlib.sha256: calls.append(1) or sha256(*args))
    assert made.content_hash == made.content_hash
    assert len(calls) == 1
