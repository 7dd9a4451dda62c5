"""Files: read without loss, or refused with a reason."""

from __future__ import annotations

import gzip
import hashlib

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterbench.datasets.files import read_bytes, read_file
from clusterbench.errors import RequestError


def csv_frame(text: str, **keys) -> pd.DataFrame:
    return read_bytes(text.encode(), ".csv", "t.csv", **keys).frame


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
@settings(max_examples=60, deadline=None)
def test_no_float_loses_a_bit_on_its_way_through_csv(values):
    text = "x,y\n" + "".join(f"{value!r},1\n" for value in values)
    assert csv_frame(text)["x"].astype(float).tolist() == values


def test_csv_tsv_gzip_parquet_and_arff_give_one_table(tmp_path):
    frame = pd.DataFrame({"a": [1.5, np.nan, -2.25], "b": [1.0, 2.0, 3.0]})
    frame.to_csv(tmp_path / "t.csv", index=False)
    frame.to_csv(tmp_path / "t.tsv", index=False, sep="\t")
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress((tmp_path / "t.csv").read_bytes()))
    frame.to_parquet(tmp_path / "t.parquet")
    body = frame.to_csv(index=False, header=False, na_rep="?")
    (tmp_path / "t.arff").write_text(f"@relation r\n@attribute 'a' real\n@ATTRIBUTE b REAL\n\n@data\n% note\n{body}")
    for name in ("t.csv", "t.tsv", "t.csv.gz", "t.parquet", "t.arff"):
        pd.testing.assert_frame_equal(read_file(tmp_path / name).frame, frame, check_exact=True)


def test_semicolons_a_byte_order_mark_and_any_line_ends_are_understood():
    assert read_bytes("\ufeffa;b\r\n1;2\r3;4".encode(), ".csv", "t").frame.to_numpy().tolist() == [[1, 2], [3, 4]]


def test_quoted_fields_may_hold_commas_and_line_ends():
    frame = csv_frame('a,"b, c"\n1,"x\ny"\n2,z\n')
    assert frame.columns.tolist() == ["a", "b, c"]
    assert frame["b, c"].tolist() == ["x\ny", "z"]


def test_a_blank_line_is_a_missing_value_only_in_a_table_of_one_column():
    assert len(csv_frame("a,b\n1,2\n\n3,4\n")) == 2
    assert csv_frame("a\n1\n\n3\n")["a"].isna().tolist() == [False, True, False]


def test_ids_keep_their_leading_zeros():
    assert csv_frame("k,x\n007,1\n08,2\n", id_columns=["k", "absent"])["k"].tolist() == ["007", "08"]


def test_a_column_without_a_name_gets_one():
    assert csv_frame(",x\n0,5\n1,6\n").columns.tolist() == ["Unnamed: 0", "x"]


def test_a_named_parquet_index_is_a_column_and_an_unnamed_one_is_not(tmp_path):
    frame = pd.DataFrame({"x": [1.0, 2.0]}, index=pd.Index(["a", "b"], name="k"))
    frame.to_parquet(tmp_path / "named.parquet")
    frame.rename_axis(None).to_parquet(tmp_path / "unnamed.parquet")
    assert read_file(tmp_path / "named.parquet").frame.columns.tolist() == ["k", "x"]
    assert read_file(tmp_path / "unnamed.parquet").frame.columns.tolist() == ["x"]


WRONG = [
    (b"", "is empty"),
    (b" \r\n ", "is empty"),
    (b"a,b\n", "has a header but no rows"),
    (b"a,b\n1,2\n3\n", "line 3 has 1 fields, the header has 2"),
    (b"a,b\n1,2,3\n", "line 2 has 3 fields, the header has 2"),
    (b"a,b,a\n1,2,3\n", "two columns are called 'a'"),
    (b"a,b\n1,2\n\xff\xfe,3\n", "byte 0xff in line 3 is not UTF-8"),
    (b'a,b\n1,"2\n3,4\n', "line 3: unexpected end of data"),
]


@pytest.mark.parametrize(("content", "said"), WRONG)
def test_a_wrong_csv_is_refused_with_its_line(content, said):
    with pytest.raises(RequestError) as caught:
        read_bytes(content, ".csv", "t.csv")
    assert str(caught.value).startswith("t.csv: ")
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("content", "suffix", "said"),
    [
        (b"not gzip at all", ".csv.gz", "not a complete gzip file"),
        (gzip.compress(b"a,b\n1,2\n" * 50)[:-12], ".csv.gz", "not a complete gzip file"),
        (b"PAR1 nonsense", ".parquet", "not a readable Parquet file"),
        (b"@relation r\n@attribute a real\n", ".arff", "has no @data line"),
        (b"@attribute a real\n@data\n", ".arff", "has a header but no rows"),
        (b"@attribute a real\n@attribute a real\n@data\n1,2\n", ".arff", "two columns are called 'a'"),
        (b"@attribute a real\n@attribute b real\n@data\n{0 1}\n", ".arff", "sparse"),
        (b"@attribute a real\n@attribute b real\n@data\n1\n", ".arff", "has 1 fields"),
    ],
)
def test_other_wrong_content_is_refused(content, suffix, said):
    with pytest.raises(RequestError, match=said):
        read_bytes(content, suffix, "file")


def test_arff_text_may_be_quoted(tmp_path):
    (tmp_path / "q.arff").write_text("@attribute k string\n@attribute x real\n@data\n'a, b',1\nc,?\n")
    frame = read_file(tmp_path / "q.arff").frame
    assert frame["k"].tolist() == ["a, b", "c"]
    assert frame["x"].isna().tolist() == [False, True]


def test_a_missing_file_is_answered_with_the_nearest_name(tmp_path):
    (tmp_path / "Customers.csv").write_text("a\n1\n")
    with pytest.raises(RequestError, match=r"costumers\.csv does not exist, did you mean 'Customers\.csv'"):
        read_file(tmp_path / "costumers.csv")
    with pytest.raises(RequestError, match="there is no folder"):
        read_file(tmp_path / "no" / "a.csv")


def test_a_folder_and_an_unknown_suffix_are_refused(tmp_path):
    for folder in (tmp_path / "d.csv", tmp_path / "d"):
        folder.mkdir()
        with pytest.raises(RequestError, match="is a folder"):
            read_file(folder)
    for name in ("a.xlsx", "README"):
        (tmp_path / name).write_text("x")
    with pytest.raises(RequestError, match=r"unknown kind of file '\.xlsx' \(allowed: \.csv"):
        read_file(tmp_path / "a.xlsx")
    with pytest.raises(RequestError, match="unknown kind of file 'README'"):
        read_file(tmp_path / "README")


def test_the_sha256_is_checked_before_anything_is_read(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a\n1\n2\n")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert len(read_file(path, sha256=digest.upper()).frame) == 2
    with pytest.raises(RequestError, match=f"SHA-256 is {digest}"):
        read_file(path, sha256="0" * 64)


@given(st.binary(max_size=200))
@settings(max_examples=150, deadline=None)
def test_any_bytes_are_a_table_or_a_request_error(content):
    for suffix in (".csv", ".tsv", ".arff", ".csv.gz", ".parquet"):
        try:
            frame = read_bytes(content, suffix, "fuzz").frame
        except RequestError:
            continue
        assert frame.columns.is_unique
        assert len(frame)
