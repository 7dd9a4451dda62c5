"""Files: read without loss, or refused with a reason."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import tracemalloc

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterbench import RequestError
from clusterbench.datasets import Dataset, DatasetSpec, load_dataset


@pytest.fixture(scope="module")
def load(tmp_path_factory):
    """Return the dataset of a file with the given content."""
    folder = tmp_path_factory.mktemp("files")

    def from_content(content: str | bytes, name: str = "t.csv", **keys) -> Dataset:
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
        return load_dataset(DatasetSpec(path=name, **keys), base=folder)

    return from_content


def refused(load, content: str | bytes, name: str = "t.csv", **keys) -> str:
    with pytest.raises(RequestError) as caught:
        load(content, name, **keys)
    assert str(caught.value).startswith("dataset 't': ")
    return str(caught.value)


# Formats


def test_csv_tsv_gzip_parquet_and_arff_give_one_table(load, tmp_path):
    frame = pd.DataFrame({"a": [1.5, np.nan, -2.25], "b": [1.0, 2.0, 3.0]})
    csv, tsv = (frame.to_csv(index=False, sep=separator) for separator in ",\t")
    frame.to_parquet(tmp_path / "t.parquet")
    body = frame.to_csv(index=False, header=False, na_rep="?")
    contents = {
        "t.csv": csv,
        "t.CSV": csv,
        "t.tsv": tsv,
        "t.csv.gz": gzip.compress(csv.encode()),
        "t.tsv.gz": gzip.compress(tsv.encode()),
        "t.parquet": (tmp_path / "t.parquet").read_bytes(),
        "t.pq": (tmp_path / "t.parquet").read_bytes(),
        "t.arff": f"@relation r\n@attribute 'a' real\n@ATTRIBUTE b REAL\n\n@data\n% note\n{body}",
    }
    for name, content in contents.items():
        pd.testing.assert_frame_equal(load(content, name).frame, frame, check_exact=True)


TEXT = "CUST_ID,x,y\nA1,1.5,0\nA2,,-2\nA3,1e3,7\n"
SPELLINGS = {
    "crlf": TEXT.replace("\n", "\r\n"),
    "cr": TEXT.replace("\n", "\r"),
    "mixed ends": TEXT.replace("\n", "\r\n", 1).replace("0\n", "0\r"),
    "byte order mark": "\ufeff" + TEXT,
    "no last end": TEXT.rstrip("\n"),
    "semicolons": TEXT.replace(",", ";"),
    "tabs": TEXT.replace(",", "\t"),
    "quotes": '"CUST_ID","x","y"\n"A1","1.5","0"\n"A2","","-2"\n"A3","1e3","7"\n',
    "other figures": TEXT.replace("1e3", "1000.000").replace("-2", "-2.0"),
    "a word for missing": TEXT.replace("A2,,", "A2,NaN,"),
    "blank lines": "\n" + TEXT.replace("\n", "\n\n"),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_one_table_has_one_hash_however_its_file_is_written(load, spelling):
    spelt = load(SPELLINGS[spelling], drop=["CUST_ID"])
    assert spelt.content_hash == load(TEXT, drop=["CUST_ID"]).content_hash
    assert spelt.row_ids.tolist() == ["A1", "A2", "A3"]


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=2, max_size=20))
@settings(max_examples=25)
def test_no_float_loses_a_bit_on_its_way_through_csv(load, values):
    text = "x,y\n" + "".join(f"{value!r},1\n" for value in values)
    assert load(text).frame["x"].tolist() == values


KINDS = [".csv", ".tsv", ".arff", ".csv.gz", ".csv.bz2", ".csv.xz", ".zip", ".jsonl", ".xlsx", ".parquet"]


@given(st.binary(max_size=200), st.sampled_from(KINDS))
@settings(max_examples=150)
def test_any_bytes_are_a_table_or_a_request_error(load, content, suffix):
    try:
        dataset = load(content, f"t{suffix}")
    except RequestError:
        return
    assert dataset.frame.columns.is_unique
    assert dataset.n_rows >= 2


# Fields

NUMBERS = {
    "1": 1.0,
    "-0": 0.0,
    "+3": 3.0,
    "007": 7.0,
    ".5": 0.5,
    "5.": 5.0,
    "1E-3": 0.001,
    "0.1": 0.1,
    "1.7976931348623157e308": 1.7976931348623157e308,
    "5e-324": 5e-324,
    "9007199254740993.0": 9007199254740992.0,
    '"2.5"': 2.5,
    " 4": 4.0,
    "4 ": 4.0,
}


def column(load, *fields: str) -> list[float]:
    return load("n,x\n" + "".join(f"{row},{field}\n" for row, field in enumerate(fields))).frame["x"].tolist()


def test_a_field_is_the_number_that_it_looks_like(load):
    assert column(load, *NUMBERS) == list(NUMBERS.values())
    assert column(load, "True", "false", "TRUE") == [1.0, 0.0, 1.0]


WORDS = ["", "NaN", "nan", "NA", "N/A", "n/a", "null", "NULL", "None", "#N/A", "-nan", "<NA>", '""']


def test_the_usual_words_for_a_missing_value_are_missing_values(load):
    assert np.isnan(column(load, "1.5", *WORDS)).tolist() == [False] + [True] * len(WORDS)


@pytest.mark.parametrize(
    "field",
    ["1_000", "12 34", "12%", "$5", "0x10", "1/2", "2018-03-02", "12:30", "?", "-", "1.2.3", "one", "٣x"],
)
def test_what_only_a_person_would_read_as_a_number_is_text(load, field):
    for other in ("2", "90071992547409930"):
        message = refused(load, f"n,x\n1,1\n2,{other}\n3,{field}\n")
        shown = field.strip('"')
        missing = "" if any(map(str.isdigit, field)) else f", missing = {json.dumps([field])}"
        allowed = f'numbers{missing}, or drop = ["x"]'
        assert message == f"dataset 't': column 'x' is text: {shown!r} in row 3 (allowed: {allowed})"


@pytest.mark.parametrize("field", ["inf", "-inf", "Infinity", "1" + "0" * 400])
def test_an_infinite_value_is_refused_with_its_row(load, field):
    assert "column 'x' is infinite in row 2 (1 such values)" in refused(load, f"x,y\n1,1\n{field},2\n3,1\n")


LARGE = 2**53 + 1
LOST = "column 'x' holds integers beyond 2^53, which lose their last digits"


@pytest.mark.parametrize(
    "fields",
    [
        [LARGE, 5],
        [-LARGE, 5],
        [LARGE, "", 5],
        [LARGE, "NA", "2.5"],
        [2**64, 2**64 + 1],
        [2**64, "", 1.5],
        [-(2**70), 0],
        [f" {LARGE}", 5],
        ["1" + "0" * 300, 5],
        [str(LARGE).zfill(30), 5],
    ],
)
def test_integers_that_a_float_cannot_hold_are_warned_of(load, fields):
    expected = [float(field) if field not in ("", "NA") else np.nan for field in fields]
    for name, head in (("t.csv", "x,y\n"), ("t.arff", "@attribute x real\n@attribute y real\n@data\n")):
        found = load(head + "".join(f"{field},{row}\n" for row, field in enumerate(fields)), name)
        assert LOST in found.warnings
        np.testing.assert_array_equal(found.frame["x"], expected)


@pytest.mark.parametrize("fields", [[2**53, 5], [-(2**53), ""], ["9007199254740993.0", 1], ["1e300", 5], ["0" * 30, 5]])
def test_other_numbers_are_not(load, fields):
    assert LOST not in load("x,y\n" + "".join(f"{field},{row}\n" for row, field in enumerate(fields))).warnings


def test_large_integers_stay_exact_where_they_are_ids_or_classes(load):
    text = f"k,c,x\n{2**64},{LARGE},1\n{2**64 + 1},{LARGE - 1},2\n"
    found = load(text, id="k", truth="c")
    assert found.row_ids.tolist() == [str(2**64), str(2**64 + 1)]
    assert found.truth_names == (str(LARGE - 1), str(LARGE))
    assert load(f"c,x\n7.5,1\n{LARGE},2\n", truth="c").truth_names == ("7.5", str(LARGE))
    assert "holds integers" not in " ".join(found.warnings)


# Rows without values

LEFT_OUT = "2 of 5 rows have no value in any column and were left out"


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("x,y\n1,2\n,\n3,4\n,\n5,\n", {}),
        ("x;y\n1;2\n;\n3;4\n;\n5;\n", {}),
        ("x,y\n1,2\nNA,\n3,4\n,null\n5,\n", {}),
        ('x,y\n1,2\n"",""\n3,4\n,""\n5,\n', {}),
        ("x\n1\n\n3\n\n5\n", {}),
        ("x,note\n1,a\n,b\n3,a\n,\n5,\n", {"drop": ["note"]}),
        ("x,c\n1,a\n,\n3,a\n,b\n5,b\n", {"truth": "c"}),
    ],
)
def test_rows_without_any_value_are_left_out_and_counted(load, text, keys):
    found = load(text, **keys)
    assert found.frame["x"].tolist() == [1, 3, 5]
    assert found.row_ids.tolist() == [0, 2, 4]
    assert LEFT_OUT in found.warnings
    assert found.truth is None or found.truth.tolist() == [0, 0, 1]


def test_empty_lines_need_no_id_and_are_no_incomplete_rows(load):
    text = "id,x,y\na,1,\n,,\nb,2,3\n,,\nc,4,5\n"
    assert load(text, id="id").row_ids.tolist() == ["a", "b", "c"]
    assert "1 of 3 rows with missing values were left out" in load(text, id="id", rows="complete").warnings


def test_a_table_of_which_one_row_has_a_value_is_refused(load):
    assert "1 row has nothing to compare" in refused(load, "x,y\n1,2\n,\n,\n")


# Headers


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ("5.1,3.5\n4.9,3.0\n4.7,3.2\n", "t.csv"),
        ("5.1;3.5\n4.9;3.0\n", "t.csv"),
        ("5.1\t-3.5e2\n4.9\t3.0\n", "t.tsv"),
        ('"5.1","3"\n4.9,3.0\n', "t.csv"),
        ("5.1,NA\n4.9,3.0\n", "t.csv"),
        (",0,1\n0,4.9,3.0\n", "t.csv"),
        ("7\n8\n", "t.csv"),
    ],
)
def test_a_header_of_numbers_is_refused_with_what_to_do(load, content, name):
    message = refused(load, content, name)
    assert "the first line holds numbers instead of column names: " in message
    assert "header = false (it is a row; columns x1, x2, ...); header = true (names)" in message
    lines = content.count("\n")
    assert len(load(content + content, name, header=False).frame) == 2 * lines
    assert load(content + content, name, header=True).n_rows == 2 * lines - 1


def test_a_declared_header_decides(load):
    text = "5.1,3.5\n4.9,3.0\n4.7,3.2\n"
    row = load(text, header=False, drop=["x2"])
    assert (row.columns, row.frame["x1"].tolist()) == (("x1",), [5.1, 4.9, 4.7])
    assert load(text, header=True).columns == ("5.1", "3.5")


def test_single_numbers_among_the_names_are_warned_of(load):
    text = "region,2019,2020\n1,2,3\n4,5,6\n"
    said = "column names are numbers: 2019, 2020; if the first line is a row, declare header = false, else header ="
    assert load(text).warnings == (f"{said} true",)
    assert load(text, header=True).warnings == ()


HEADERS = {
    " a,b ": (" a", "b "),
    '"a ""x""",b': ('a "x"', "b"),
    '"a, b",c': ("a, b", "c"),
    "größe,数": ("größe", "数"),
    "a.1,a": ("a.1", "a"),
    "a;b,c": ("a;b", "c"),
    "a[cm],x1": ("a[cm]", "x1"),
}


@pytest.mark.parametrize("header", HEADERS)
def test_names_are_as_they_are_in_the_file(load, header):
    found = load(f"{header}\n1,2\n3,4\n")
    assert found.columns == HEADERS[header]
    assert found.frame.to_numpy().tolist() == [[1, 2], [3, 4]]


def test_a_column_without_a_name_gets_one_and_a_warning(load):
    found = load(",x\n1,5\n2,6\n")
    assert found.columns == ("Unnamed: 0", "x")
    assert found.warnings == ("column 'Unnamed: 0' has no name in its file: if it only numbers the rows, drop it",)


# Row ids

IDS = ["+4930111", "-7", "@kim", "=5", "007", "1e5", " 8", "NA", "None", "True", "12345678901234567890", "0x1F", "1.0"]


@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.csv.gz"])
def test_ids_are_text_exactly_as_in_the_file(load, name):
    text = "PHONE_ID,a\n" + "".join(f"{key},{row}\n" for row, key in enumerate(IDS))
    content = text.replace(",", "\t") if name == "t.tsv" else text
    content = gzip.compress(content.encode()) if name.endswith(".gz") else content
    assert load(content, name, drop=["PHONE_ID"]).row_ids.tolist() == IDS
    assert load(content, name, id="PHONE_ID").row_ids.tolist() == IDS


def test_ids_of_arff_are_text_too(load):
    head = "@attribute k string\n@attribute x real\n@data\n"
    assert load(head + "007,1\n'a, b',?\nNA,3\n", "t.arff", id="k", rows="complete").row_ids.tolist() == ["007", "NA"]


# Parquet


@pytest.fixture
def parquet(load, tmp_path):
    def from_frame(frame: pd.DataFrame, **keys) -> Dataset:
        frame.to_parquet(tmp_path / "t.parquet")
        return load((tmp_path / "t.parquet").read_bytes(), "t.parquet", **keys)

    return from_frame


@pytest.mark.parametrize(
    ("index", "ids"),
    [
        (pd.Index(["anna", "ben", "cleo"]), ["anna", "ben", "cleo"]),
        (pd.Index(["anna", "ben", "cleo"], name="who"), ["anna", "ben", "cleo"]),
        (pd.Index([7, 3, 5]), [7, 3, 5]),
        (pd.RangeIndex(3), [0, 1, 2]),
        (pd.RangeIndex(2, 8, 2), [2, 4, 6]),
        (pd.date_range("2024-01-01", periods=3, name="day"), list(pd.date_range("2024-01-01", periods=3))),
        (pd.MultiIndex.from_tuples([("a", 1), ("a", 2), ("b", 1)]), [("a", 1), ("a", 2), ("b", 1)]),
    ],
)
def test_an_index_gives_the_row_ids_unless_it_is_a_named_column_of_numbers(parquet, index, ids):
    found = parquet(pd.DataFrame({"x": [1.0, 2.0, 3.0]}, index=index))
    assert found.columns == ("x",)
    assert found.row_ids.tolist() == ids


def test_named_indexes_of_numbers_and_several_named_levels_are_columns(parquet):
    assert parquet(pd.DataFrame({"x": [1, 2]}, index=pd.Index([5, 6], name="n"))).columns == ("n", "x")
    levels = pd.MultiIndex.from_tuples([("a", 1), ("a", 2), ("b", 1)], names=["k", "m"])
    assert parquet(pd.DataFrame({"x": [1, 2, 3]}, index=levels), drop=["k"]).columns == ("m", "x")


def test_an_index_with_duplicates_gives_no_ids(parquet):
    found = parquet(pd.DataFrame({"x": [1, 2, 3]}, index=["a", "b", "a"]))
    assert found.row_ids.tolist() == [0, 1, 2]
    assert found.warnings == ("the index has duplicates: rows are identified by their numbers",)
    region = pd.DataFrame({"x": [1, 2, 3]}, index=pd.Index(["a", "b", "a"], name="region"))
    assert parquet(region, truth="region").truth_names == ("a", "b")


def test_a_text_index_may_be_dropped_or_replaced(parquet):
    frame = pd.DataFrame({"k": ["u", "v"], "x": [1, 2]}, index=pd.Index(["a", "b"], name="who"))
    assert parquet(frame, drop=["who", "k"]).row_ids.tolist() == ["a", "b"]
    assert parquet(frame, id="k").row_ids.tolist() == ["u", "v"]


def test_an_index_named_like_a_column_is_left_out_where_it_repeats_it_and_refused_where_not(parquet, load, tmp_path):
    frame = pd.DataFrame({"day": [1.0, 2.0, 3.0], "x": [3, 1, 2]})
    assert parquet(frame.set_index("day", drop=False)).columns == ("day", "x")
    frame.index = pd.Index([3, 2, 1], name="day")
    frame.to_parquet(tmp_path / "t.parquet")
    message = refused(load, (tmp_path / "t.parquet").read_bytes(), "t.parquet")
    assert "an index and a column are both called 'day' (allowed: another name for the index)" in message


def test_labels_of_columns_become_text_and_levels_are_joined(parquet):
    two_levels = pd.MultiIndex.from_tuples([("spend", "sum"), ("spend", "mean")])
    assert parquet(pd.DataFrame([[1.0, 2], [3.0, 4]], columns=two_levels)).columns == ("spend_sum", "spend_mean")
    assert parquet(pd.DataFrame([[1.0, 2], [3.0, 4]], columns=[2019, 2020])).columns == ("2019", "2020")


@pytest.mark.parametrize("dtype", ["int8", "uint16", "float32", "Int64", "Float64", "bool", "boolean", "int8[pyarrow]"])
def test_a_type_that_holds_the_values_does_not_count(parquet, dtype):
    values = [0, 1, 1] if dtype.startswith("bool") else [0, 1, 96]
    found = parquet(pd.DataFrame({"x": pd.array(values, dtype=dtype), "y": [1.0, 2.0, 3.0]}))
    expected = Dataset("t", pd.DataFrame({"x": values, "y": [1, 2, 3]}, dtype=np.float64), pd.RangeIndex(3))
    assert found.content_hash == expected.content_hash


def test_large_integers_of_parquet_are_warned_of_beside_missing_ones(parquet):
    frame = pd.DataFrame({"x": pd.array([LARGE, None, 3], dtype="Int64"), "y": [1, 2, 3]})
    assert parquet(frame).warnings == (LOST,)


# Refusals

WRONG = [
    (b"", "t.csv", "is empty"),
    (b"\n\n \t\n", "t.tsv", "is empty"),
    (b"a,b\r\n", "t.csv", "has a header but no rows"),
    (b"a,b\n1,2\n3\n", "t.csv", "line 3 has 1 fields, the header has 2"),
    (b"a,b\n1,2,\n", "t.csv", "line 2 has 3 fields, the header has 2"),
    (b'a,b\n"x\ny",1\n2\n', "t.csv", "line 4 has 1 fields, the header has 2"),
    (b"a\tb\n1\t2\t3\n", "t.tsv", "line 2 has 3 fields, the header has 2"),
    (b"a,b\n1,\x01\n\xff\xfe,3\n", "t.csv", "byte 0xff in line 3 is not UTF-8 (allowed: a UTF-8 text file, or a"),
    (b"\xc3\xa4,b\n1,2\n\xff,3\n", "t.csv", "byte 0xff in line 3 is not UTF-8"),
    (b"\xff\xfea\x00,", "t.csv", "byte 0x2c in line 1 is not UTF-16-LE"),
    (b"a,b\n1,2\n3,\x001\n", "t.csv", "a NUL byte in line 3"),
    (b'a,b\n1,"2\n3,4\n', "t.csv", "line 3: unexpected end of data"),
    (b"not gzip at all", "t.csv.gz", "is not a complete gzip file"),
    (gzip.compress(b"a,b\n1,2\n" * 50)[:-12], "t.csv.gz", "is not a complete gzip file"),
    (b"PAR1 nonsense", "t.parquet", "is not a readable Parquet file"),
    (b"@relation r\n@attribute a real\n", "t.arff", "has no @data line"),
    (b"@attribute a real\n@data\n", "t.arff", "has a header but no rows"),
    (b"@attribute a real\n@attribute a real\n@data\n1,2\n", "t.arff", "two columns are called 'a'"),
    (b"@attribute a real\n@attribute b real\n@data\n{0 1}\n", "t.arff", "is a sparse ARFF file"),
    (b"@attribute a real\n@data\n1\n1,2\n", "t.arff", "line 2 has 2 fields, the header has 1"),
]


@pytest.mark.parametrize(("content", "name", "said"), WRONG)
def test_content_that_is_no_table_is_refused_with_its_line(load, content, name, said):
    message = refused(load, content, name)
    assert f"{name}: {said}" in message


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
def test_attributes_of_arff_in_every_spelling(load, line, name):
    text = f"% a comment\n@relation r\n{line}\n@attribute z real\n@DATA\n1,?\n\n% another\n2,0.5\n"
    found = load(text, "t.arff")
    assert found.columns == (name, "z")
    np.testing.assert_array_equal(found.frame, [[1, np.nan], [2, 0.5]])


def from_folder(folder, name: str, **keys) -> Dataset:
    return load_dataset(DatasetSpec(path=name, **keys), base=folder)


def test_a_path_is_found_beside_the_benchmark_file_before_the_current_folder(tmp_path, monkeypatch):
    beside, here = tmp_path / "beside", tmp_path / "here"
    for folder, value in ((beside, 1), (here, 2)):
        folder.mkdir()
        (folder / "t.csv").write_text(f"x\n{value}\n9\n")
    (here / "only.csv").write_text("x\n3\n9\n")
    monkeypatch.chdir(here)
    assert from_folder(beside, "t.csv").frame["x"][0] == 1
    assert from_folder(beside, "only.csv").frame["x"][0] == 3
    assert from_folder(beside, str(here / "t.csv")).frame["x"][0] == 2


def test_what_is_no_file_of_a_known_kind_is_refused(tmp_path):
    (tmp_path / "Customers.csv").write_text("a\n1\n2\n")
    (tmp_path / "a.docx").write_text("x")
    (tmp_path / "README").write_text("x")
    (tmp_path / "d.csv").mkdir()
    os.mkfifo(tmp_path / "pipe.csv")
    for name, said in {
        "costumers.csv": r"costumers\.csv does not exist, did you mean 'Customers\.csv'",
        "no/a.csv": "there is no folder",
        "d.csv": "is a folder",
        "pipe.csv": "is no regular file",
        "a.docx": r"unknown kind of file '\.docx' \(allowed: \.csv",
        "README": "unknown kind of file 'README'",
        f"{'a' * 5000}.csv": "cannot be read",
    }.items():
        with pytest.raises(RequestError, match=said):
            from_folder(tmp_path, name)


def test_the_sha256_is_checked_before_anything_is_read(tmp_path):
    (tmp_path / "t.csv").write_bytes(content := b"a\n1\n2\n")
    digest = hashlib.sha256(content).hexdigest()
    assert from_folder(tmp_path, "t.csv", sha256=digest.upper()).n_rows == 2
    with pytest.raises(RequestError, match=f"SHA-256 is {digest}"):
        from_folder(tmp_path, "t.csv", sha256="0" * 64)


def test_a_text_table_takes_a_few_times_its_size(load):
    content = (
        pd.DataFrame(np.random.default_rng(0).normal(size=(4000, 10)).round(4)).add_prefix("x").to_csv(index=False)
    )
    load(content)  # with all that is imported
    tracemalloc.start()
    load(content)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 6 * len(content)


@pytest.mark.parametrize(
    "column",
    [
        ["1", "2", "3", "4", "5"],
        ["1", "2", "3.5", "4", ""],
        ["1", "2", "", "", "12345678901234567"],
        ["", "", "1", "2", "3"],
        ["true", "false", "true", "", "true"],
        ["1", "2", "3", "1e3", "4"],
    ],
)
def test_parts_of_a_text_table_are_read_as_the_whole_is(load, monkeypatch, column):
    content = "\n".join(["a,b", *(f"{value},{row}" for row, value in enumerate(column))]) + "\n"
    whole = load(content)
    monkeypatch.setattr("clusterbench.datasets.text_tables._PART_ROWS", 2)
    assert load(content).content_hash == whole.content_hash
