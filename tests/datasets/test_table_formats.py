"""Tables as people have them: found out and stated, or refused with what to declare."""

from __future__ import annotations

import bz2
import contextlib
import datetime
import gzip
import io
import lzma
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clusterbench import RequestError
from clusterbench.datasets import Dataset, DatasetSpec, load_dataset


@pytest.fixture(scope="module")
def load(tmp_path_factory):
    """Return the dataset of a file with the given content."""
    folder = tmp_path_factory.mktemp("formats")

    def from_content(content: str | bytes, name: str = "t.csv", **keys) -> Dataset:
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
        return load_dataset(DatasetSpec(path=name, **keys), base=folder)

    return from_content


GERMAN = "Kunde;Umsatz;Größe\nA;1.234,50;1,75\nB;980,00;1,6\nC;12.000,25;2\n"
ENGLISH = "Kunde,Umsatz,Größe\nA,1234.5,1.75\nB,980,1.6\nC,12000.25,2\n"
READINGS = {
    GERMAN: "separator ';', decimal ',', thousands '.'",
    GERMAN.replace(".", ""): "separator ';', decimal ','",
    GERMAN.replace(".", " "): "separator ';', decimal ',', thousands ' '",
    GERMAN.replace(".", "\u00a0"): "separator ';', decimal ',', thousands ' '",
    GERMAN.replace(".", "’"): "separator ';', decimal ',', thousands \"'\"",
    GERMAN.replace(".", "").replace(",", "."): "separator ';', decimal '.'",
    GERMAN.replace(".", "").replace(",", ".").replace(";", "|"): "separator '|', decimal '.'",
    GERMAN.replace(".", "").replace(";", "\t"): "separator '\\t', decimal ','",
    ENGLISH.replace("1234.5", '"1,234.50"'): "separator ',', decimal '.', thousands ','",
}


@pytest.mark.parametrize("text", READINGS)
def test_separator_and_signs_of_numbers_are_found_and_stated(load, text):
    found = load(text, id="Kunde")
    assert found.source == f"t.csv: {READINGS[text]}"
    assert found.content_hash == load(ENGLISH, id="Kunde").content_hash
    assert load(text.replace("\n", "\r\n"), id="Kunde").content_hash == found.content_hash


def test_a_plain_csv_is_read_without_a_word(load):
    assert load(ENGLISH, id="Kunde").source == "t.csv"


@pytest.mark.parametrize(
    ("encoding", "stated"),
    [
        ("utf-8-sig", ""),
        ("utf-16", ", encoding utf-16-le"),
        ("utf-16-le", ", encoding utf-16-le"),
        ("utf-16-be", ", encoding utf-16-be"),
        ("cp1252", ", encoding cp1252"),
    ],
)
def test_the_encoding_is_found_and_stated(load, encoding, stated):
    found = load(GERMAN.encode(encoding), id="Kunde")
    assert found.columns == ("Umsatz", "Größe")
    assert found.source.endswith("thousands '.'" + stated)


def test_a_declared_encoding_is_used(load):
    assert load("μ,x\n1,2\n3,4\n".encode("iso-8859-7"), encoding="iso-8859-7").columns == ("μ", "x")
    for name in ("nonsense", "rot13"):
        with pytest.raises(RequestError, match=f"encoding = '{name}' is unknown"):
            load("x\n1\n2\n", encoding=name)


def test_quoted_line_breaks_and_separators_do_not_count(load):
    text = 'note;x;y\n"a; b\nc, d";1,5;2\n"e, f";2,5;"3"\n'
    found = load(text, drop=["note"])
    assert found.frame.to_numpy().tolist() == [[1.5, 2], [2.5, 3]]


AMBIGUOUS = {
    'n,x\n1,"1,234"\n2,5\n': ("x", {"decimal": ","}, 1.234, {"decimal": "."}, 1234.0),
    "n;x\n1;1.234\n2;5\n": ("x", {"decimal": "."}, 1.234, {"decimal": ","}, 1234.0),
    "n;x\n1;1,234\n2;5\n": ("x", {"decimal": ","}, 1.234, {"thousands": ","}, 1234.0),
}


@pytest.mark.parametrize("text", AMBIGUOUS)
def test_a_number_of_two_meanings_is_refused_until_one_is_declared(load, text):
    name, one, low, other, high = AMBIGUOUS[text]
    with pytest.raises(RequestError) as caught:
        load(text)
    assert f"column {name!r}: " in str(caught.value)
    assert 'decimal = "."' in str(caught.value)
    assert 'decimal = ","' in str(caught.value)
    assert load(text, **one).frame[name][0] == low
    assert load(text, **other).frame[name][0] == high
    assert load(text.replace("n", "k", 1), drop=[name]).columns == ("k",)


def test_two_possible_separators_are_refused_until_one_is_declared(load):
    text = "name,first;age\nDoe,Jane;31\nRoe,Max;35\n"
    with pytest.raises(RequestError) as caught:
        load(text)
    assert 'both split all rows evenly (allowed: separator = "," or separator = ";")' in str(caught.value)
    assert load(text, separator=";", drop=["name,first"]).frame["age"].tolist() == [31, 35]


def test_equal_and_empty_column_names_are_made_distinct_with_a_warning(load):
    found = load("a,b,a,a_2,,\n1,2,3,4,5,6\n6,5,4,3,2,1\n")
    assert found.columns == ("a", "b", "a_3", "a_2", "Unnamed: 4", "Unnamed: 5")
    assert found.warnings[0] == "two columns are called 'a': the second is 'a_3' here"


def zipped(**files: str) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, text in files.items():
            archive.writestr(name.replace("_", "."), text)
    return held.getvalue()


def test_compressed_files_are_unpacked(load):
    expected = load(ENGLISH, id="Kunde").content_hash
    content = {
        "t.csv.gz": gzip.compress(ENGLISH.encode()),
        "t.csv.bz2": bz2.compress(ENGLISH.encode()),
        "t.csv.xz": lzma.compress(ENGLISH.encode()),
        "t.csv.zip": zipped(any_csv=ENGLISH),
        "t.zip": zipped(any_csv=ENGLISH),
    }
    for name, packed in content.items():
        found = load(packed, name, id="Kunde")
        assert (found.name, found.content_hash) == ("t", expected)
        with pytest.raises(RequestError, match=r"is not a complete \w+ file"):
            load(packed[: len(packed) // 2], name)


def test_an_archive_holds_one_table(load):
    with pytest.raises(RequestError, match=r"the archive holds 2 files: 'a\.csv', 'b\.csv'"):
        load(zipped(a_csv="x", b_csv="x"), "t.zip")
    with pytest.raises(RequestError, match=r"unknown kind of file '\.png'"):
        load(zipped(a_png="x"), "t.zip")


JSON_LINES = """{"k": "007", "x": 1.5, "deep": {"a": [1]}}

{"k": "8", "y": 9007199254740993, "x": null}
{"x": 2, "y": 1}
"""


def test_json_lines_are_rows_and_their_keys_columns(load):
    found = load(JSON_LINES, "t.jsonl", drop=["k", "deep"])
    np.testing.assert_array_equal(found.frame, [[1.5, np.nan], [np.nan, 2.0**53], [2, 1]])
    assert "column 'y' holds integers beyond 2^53, which lose their last digits" in found.warnings
    assert load('{"k": 7, "x": 1}\n{"k": 8, "x": 2}\n', "t.ndjson", id="k").row_ids.tolist() == ["7", "8"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"x": 1}\n{"x": \n', "line 2 is not JSON"),
        ('{"x": 1}\n[1, 2]\n', "line 2 is '[1, 2]' (allowed: an object such as"),
        ("{}\n", "has no columns"),
        (r'{"\ud800": 1}', "line 1 is not JSON"),
        ("[" * 100_000, "line 1 is not JSON"),
        ('{"x": ' + "1" * 5000 + "}", "line 1 is not JSON"),
    ],
)
def test_lines_that_are_no_json_objects_are_refused(load, text, said):
    with pytest.raises(RequestError) as caught:
        load(text, "t.jsonl")
    assert said in str(caught.value)


def excel(**sheets: list[list[object]]) -> bytes:
    xlsxwriter = pytest.importorskip("xlsxwriter")
    held = io.BytesIO()
    with xlsxwriter.Workbook(held, {"default_date_format": "yyyy-mm-dd", "in_memory": True}) as book:
        book.set_properties({"created": datetime.datetime(2024, 1, 1)})
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for at, row in enumerate(rows):
                sheet.write_row(at, 0, row)
    return held.getvalue()


TABLE = [["id", "x", "since"], [7, 1.5, datetime.date(2024, 1, 2)], [8, None, datetime.date(2024, 5, 2)], [9, 2, None]]


def test_the_only_sheet_with_values_is_the_table(load):
    found = load(excel(Notes=[], Data=[[], *TABLE]), "t.xlsx", id="id", drop=["since"])
    assert found.row_ids.tolist() == ["7", "9"]
    assert found.frame["x"].tolist() == [1.5, 2]
    with pytest.raises(RequestError, match="column 'since' holds dates or times"):
        load(excel(Data=TABLE), "t.xlsx", id="id")


def test_one_of_several_sheets_is_declared(load):
    content = excel(One=[["x"], [1], [2]], Two=[["x"], [3], [4]])
    with pytest.raises(RequestError, match=r'2 sheets hold values \(allowed: sheet = "One" or sheet = "Two"'):
        load(content, "t.xlsx")
    assert load(content, "t.xlsx", sheet="Two").frame["x"].tolist() == [3, 4]
    with pytest.raises(RequestError, match="unknown sheet 'two', did you mean 'Two'"):
        load(content, "t.xlsx", sheet="two")


def test_a_key_that_has_no_meaning_for_a_kind_of_file_is_refused(load):
    with pytest.raises(RequestError, match="sheet has no meaning here"):
        load(ENGLISH, sheet="One")
    with pytest.raises(RequestError, match="separator has no meaning here"):
        load('{"x": 1}', "t.jsonl", separator=";")


@given(
    st.lists(st.floats(-1e7, 1e7).map(lambda value: round(value, 4)), min_size=2, max_size=12),
    st.sampled_from([".", " ", ""]),
)
@settings(max_examples=40)
def test_no_number_changes_on_its_way_through_a_file_of_another_convention(load, values, between):
    def written(value: float) -> str:
        return f"{value:,.4f}".translate({ord(","): between, ord("."): ","})

    found = load("x;y\n" + "".join(f"{written(value)};{row},5\n" for row, value in enumerate(values)))
    assert found.frame["x"].tolist() == values


@pytest.fixture(scope="module")
def awkward_files() -> dict[str, bytes]:
    return {
        "t.csv": GERMAN.encode("cp1252"),
        "t.csv.zip": zipped(any_csv=ENGLISH),
        "t.csv.bz2": bz2.compress(ENGLISH.encode()),
        "t.jsonl": JSON_LINES.encode(),
        "t.xlsx": excel(Data=TABLE),
    }


@given(st.data())
@settings(max_examples=120, suppress_health_check=[HealthCheck.too_slow])
def test_mutated_files_of_every_kind_are_tables_or_request_errors(load, awkward_files, data):
    name = data.draw(st.sampled_from(list(awkward_files)))
    content = bytearray(awkward_files[name])
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    unused = {"t.jsonl": ["k", "deep"], "t.xlsx": ["id", "since"]}.get(name, ["Kunde"])
    with contextlib.suppress(RequestError):
        found = load(bytes(content), name, drop=unused)
        assert found.frame.columns.is_unique
        assert found.n_rows >= 2
