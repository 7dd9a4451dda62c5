"""Corner cases of files: what a field means, and what is refused rather than guessed."""

from __future__ import annotations

import os

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterbench.datasets import DatasetSpec, load_dataset
from clusterbench.datasets.files import read_bytes
from clusterbench.errors import RequestError


@pytest.fixture
def column(tmp_path):
    """Load one column x of the given fields, beside a column of row numbers."""

    def load(*fields: str) -> list[float]:
        text = "n,x\n" + "".join(f"{row},{field}\n" for row, field in enumerate(fields))
        (tmp_path / "t.csv").write_text(text, encoding="utf-8")
        return load_dataset(DatasetSpec(path="t.csv"), base=tmp_path).frame["x"].tolist()

    return load


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("1", 1.0),
        ("-0", 0.0),
        ("+3", 3.0),
        ("007", 7.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("1e3", 1000.0),
        ("1E-3", 0.001),
        ("0.1", 0.1),
        ("1.7976931348623157e308", 1.7976931348623157e308),
        ("5e-324", 5e-324),
        ("9007199254740993.0", 9007199254740992.0),
        ('"2.5"', 2.5),
        (" 4", 4.0),
        ("4 ", 4.0),
        ("True", 1.0),
        ("false", 0.0),
    ],
)
def test_a_field_is_the_number_that_it_looks_like(column, field, value):
    other = "TRUE" if field.isalpha() else "0"
    assert column(field, other, other)[0] == value


@pytest.mark.parametrize("field", ["", "NaN", "nan", "NA", "N/A", "null", "NULL", "None", "#N/A", "-nan", "<NA>", '""'])
def test_the_usual_words_for_a_missing_value_are_missing_values(column, field):
    assert np.isnan(column("1.5", field, "2.5")).tolist() == [False, True, False]


@pytest.mark.parametrize(
    "field",
    ['"1,234"', "1_000", "1 234", "12%", "$5", "0x10", "1/2", "2018-03-02", "12:30", "?", "-", "1.2.3", "one", "٣x"],
)
def test_what_only_a_person_would_read_as_a_number_is_text(column, field):
    with pytest.raises(RequestError) as caught:
        column("1", "2", field)
    shown = field.strip('"')
    assert str(caught.value) == (
        f"dataset 't': column 'x' is text: {shown!r} in row 3 (allowed: numbers, or drop = [\"x\"])"
    )


@pytest.mark.parametrize(("field", "count"), [("inf", 1), ("-inf", 1), ("Infinity", 1)])
def test_an_infinite_value_is_refused_with_its_row(column, field, count):
    with pytest.raises(RequestError, match=rf"column 'x' is infinite in row 2 \({count} such values\)"):
        column("1", field, "3")


def test_integers_too_large_for_a_float_are_warned_of(tmp_path):
    exact = 2**53
    for name, largest in (("exact", exact), ("rounded", exact + 1), ("negative", -exact - 1)):
        (tmp_path / f"{name}.csv").write_text(f"x,y\n1,1\n{largest},2\n")
        warnings = load_dataset(DatasetSpec(path=f"{name}.csv"), base=tmp_path).warnings
        expected = () if name == "exact" else ("column 'x' holds integers beyond 2^53, which lose their last digits",)
        assert warnings == expected


HEADERS = [
    (b"a,b\n", ["a", "b"]),
    (b" a,b \n", [" a", "b "]),
    (b'"a","b"\n', ["a", "b"]),
    (b'"a ""x""",b\n', ['a "x"', "b"]),
    (b"a,\n", ["a", "Unnamed: 1"]),
    (b",\n", ["Unnamed: 0", "Unnamed: 1"]),
    (b"\xef\xbb\xbfa,b\n", ["a", "b"]),
    ("größe,数\n".encode(), ["größe", "数"]),
    (b"a.1,a\n", ["a.1", "a"]),
    (b"a;b,c\n", ["a;b", "c"]),
    (b"\n\r\na,b\n", ["a", "b"]),
]


@pytest.mark.parametrize(("header", "names"), HEADERS)
def test_a_header_is_taken_as_it_stands(header, names):
    frame = read_bytes(header + b"1,2\n3,4\n", ".csv", "t.csv").frame
    assert [str(name) for name in frame.columns] == names
    assert frame.to_numpy().tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    ("content", "suffix", "said"),
    [
        (b"a\tb\n1\t2\t3\n", ".tsv", "t: line 2 has 3 fields, the header has 2"),
        (b"a;b\n1;2\n3\n", ".csv", "t: line 3 has 1 fields, the header has 2"),
        (b'a,b\n"x\ny",1\n2\n', ".csv", "t: line 4 has 1 fields, the header has 2"),
        (b"a,b\n1,2,\n", ".csv", "t: line 2 has 3 fields, the header has 2"),
        (b"a,a\n1,2\n", ".csv", "t: two columns are called 'a' (allowed: unique column names)"),
        (b"Unnamed: 1,\n1,2\n", ".csv", "t: two columns are called 'Unnamed: 1' (allowed: unique column names)"),
        (b",Unnamed: 0\n1,2\n", ".csv", "t: two columns are called 'Unnamed: 0' (allowed: unique column names)"),
        ("a,b\n1,é\n".encode("latin-1"), ".csv", "t: byte 0xe9 in line 2 is not UTF-8 (allowed: a UTF-8 text file)"),
        ("a,b\n1,2\n".encode("utf-16"), ".csv", "t: byte 0xff in line 1 is not UTF-8 (allowed: a UTF-8 text file)"),
        (b"\n\n \t\n", ".tsv", "t: is empty"),
        (b"a\tb\r\n", ".tsv", "t: has a header but no rows"),
        (b"@attribute a real\n@data\n1\n1,2\n", ".arff", "t: line 2 has 2 fields, the header has 1"),
    ],
)
def test_a_table_that_is_no_rectangle_is_refused_with_its_line(content, suffix, said):
    with pytest.raises(RequestError) as caught:
        read_bytes(content, suffix, "t")
    assert str(caught.value) == said


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("@attribute x real", "x"),
        ("@ATTRIBUTE x NUMERIC", "x"),
        ("@attribute\t'x y' real", "x y"),
        ('@attribute "x, y" integer', "x, y"),
        ("  @attribute x {1,2}", "x"),
    ],
)
def test_attributes_of_arff_in_every_spelling(line, name):
    text = f"% a comment\n@relation r\n{line}\n@attribute z real\n@DATA\n1,?\n\n% another\n2,0.5\n"
    frame = read_bytes(text.encode(), ".arff", "t.arff").frame
    assert frame.columns.tolist() == [name, "z"]
    assert frame[name].tolist() == [1, 2]
    assert frame["z"].isna().tolist() == [True, False]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@settings(max_examples=25, deadline=None)
@given(
    rows=st.lists(
        st.tuples(st.integers(-(10**9), 10**9), st.floats(allow_nan=False, allow_infinity=False), st.none()),
        min_size=2,
        max_size=6,
    )
)
def test_whatever_pandas_writes_is_read_back(delimiter, rows):
    frame = pd.DataFrame(rows, columns=["i", "f", "gone"])
    suffix = ".tsv" if delimiter == "\t" else ".csv"
    for ending in ("\n", "\r\n"):
        text = frame.to_csv(index=False, sep=delimiter, lineterminator=ending)
        found = read_bytes(text.encode(), suffix, "t").frame
        assert found["i"].tolist() == frame["i"].tolist()
        assert found["f"].astype(float).tolist() == frame["f"].tolist()
        assert found["gone"].isna().all()


def test_several_named_index_levels_of_parquet_are_columns(tmp_path):
    index = pd.MultiIndex.from_tuples([("a", 1), ("a", 2), ("b", 1)], names=["k", "m"])
    pd.DataFrame({"x": [1.0, 2.0, 3.0]}, index=index).to_parquet(tmp_path / "t.parquet")
    dataset = load_dataset(DatasetSpec(path="t.parquet", drop=["k"]), base=tmp_path)
    assert dataset.columns == ("m", "x")
    assert dataset.frame["m"].tolist() == [1.0, 2.0, 1.0]


@pytest.mark.parametrize("content", [b"a,b\n1,2\n\x00,3\n", b"a,b\n1,2\n3,\x001\n"])
def test_a_zero_byte_is_refused_with_its_line(content):
    with pytest.raises(RequestError, match="a NUL byte in line 3"):
        read_bytes(content, ".csv", "t.csv")


def test_tabs_in_a_csv_are_seen_where_there_is_no_comma():
    found = read_bytes(b"a\tb\n1\t2\n", ".csv", "t.csv").frame
    assert found.to_dict("list") == {"a": [1], "b": [2]}


def test_what_is_no_regular_file_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(RequestError, match="no regular file"):
        load_dataset(DatasetSpec(path="pipe.csv"), base=tmp_path)


def test_a_name_that_is_too_long_is_refused(tmp_path):
    with pytest.raises(RequestError, match="cannot be read"):
        load_dataset(DatasetSpec(path=f"{'a' * 5000}.csv"), base=tmp_path)
