"""Files of rows: read in parts, written row by row in their order, refused with file, row and column."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest

from clusterbench.errors import RequestError
from clusterbench.segments import assign_file, load_bundle, read_row


@pytest.fixture(scope="module")
def bundle(kmeans_folder):
    return load_bundle(kmeans_folder)


@pytest.fixture
def frame(cards):
    """The table with ids, and with columns that the program does not know."""
    frame = cards.dataset.frame.copy()
    frame.insert(3, "CUST_ID", [f"C{row:05d}" for row in range(len(frame))])
    return frame.assign(NOTE="a, b")


def assigned(bundle, path, **options):
    buffer = io.BytesIO()
    n_rows = assign_file(bundle, path, buffer, **options).n_rows
    result = pd.read_csv(io.BytesIO(buffer.getvalue()), float_precision="round_trip", keep_default_na=True)
    assert len(result) == n_rows
    return result


def test_every_row_gets_what_the_program_gives(bundle, frame, cards, tmp_path):
    frame.to_csv(tmp_path / "rows.csv", index=False)
    result, given = assigned(bundle, tmp_path / "rows.csv"), bundle.assign(cards.dataset.frame.to_numpy())
    assert result["id"].tolist() == frame["CUST_ID"].tolist()
    assert np.array_equal(result["segment"], given.segment)
    assert np.array_equal(result["second_segment"], given.second)
    assert np.array_equal(result["distance"], given.distance)
    assert np.array_equal(result["margin"], given.margin)
    assert result["name"].tolist() == [f"it's {number}" for number in given.segment]


@pytest.mark.parametrize("suffix", [".parquet", ".pq"])
def test_parquet_gives_what_csv_gives(bundle, frame, tmp_path, suffix):
    frame.to_csv(tmp_path / "rows.csv", index=False)
    frame.to_parquet(tmp_path / f"rows{suffix}")
    out = tmp_path / f"out{suffix}"
    assert assign_file(bundle, tmp_path / f"rows{suffix}", out).n_rows == len(frame)
    written = pd.read_parquet(out).fillna({"imputed": "", "out_of_range": ""})
    expected = assigned(bundle, tmp_path / "rows.csv").fillna({"imputed": "", "out_of_range": ""})
    pd.testing.assert_frame_equal(written, expected, check_dtype=False)


def test_a_file_of_many_parts_gives_what_one_part_gives(bundle, cards, tmp_path):
    frame = pd.concat([cards.dataset.frame] * 150, ignore_index=True)
    frame.to_csv(tmp_path / "rows.csv", index=False)
    assert (tmp_path / "rows.csv").stat().st_size > 4 * 2**20  # one part
    result = assigned(bundle, tmp_path / "rows.csv")
    once = bundle.assign(cards.dataset.frame.to_numpy())
    assert result["id"].tolist() == list(range(1, len(frame) + 1))
    assert np.array_equal(result["segment"], np.tile(once.segment, 150))
    assert np.array_equal(result["margin"], np.tile(once.margin, 150))


def test_imputed_and_out_of_range_fields_are_named(bundle, frame, tmp_path):
    some = frame.head(3).copy()
    some.loc[0, ["BALANCE", "TENURE"]] = np.nan
    some.loc[1, "PAYMENTS"] = 1e9
    some["BALANCE"] = some["BALANCE"].astype(object)
    some.loc[0, "BALANCE"] = "NA"
    some.to_csv(tmp_path / "rows.csv", index=False)
    result = assigned(bundle, tmp_path / "rows.csv")
    imputed, outside = result["imputed"].fillna(""), result["out_of_range"].fillna("")
    assert set(imputed[0].split(";")) >= {"BALANCE", "TENURE"}
    assert (outside[0], outside[1]) == ("", "PAYMENTS")


@pytest.mark.parametrize(("separator", "suffix"), [(";", ".csv"), ("\t", ".tsv")])
def test_other_separators_are_seen(bundle, frame, tmp_path, separator, suffix):
    path = tmp_path / f"rows{suffix}"
    frame.drop(columns="NOTE").to_csv(path, index=False, sep=separator, encoding="utf-8-sig")
    assert len(assigned(bundle, path)) == len(frame)


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_a_decimal_comma_and_other_encodings_are_seen(bundle, frame, cards, tmp_path, separator):
    some = frame.rename(columns={"CUST_ID": "Kundenschlüssel, neu"})
    some.to_csv(tmp_path / "rows.csv", index=False, sep=separator, decimal=",", na_rep="NA", encoding="cp1252")
    result, given = assigned(bundle, tmp_path / "rows.csv"), bundle.assign(cards.dataset.frame.to_numpy())
    assert result["id"].tolist() == frame["CUST_ID"].tolist()
    assert np.array_equal(result["margin"], given.margin)


def test_the_id_may_be_named(bundle, frame, tmp_path):
    frame.assign(OTHER=range(300)).to_csv(tmp_path / "rows.csv", index=False)
    assert assigned(bundle, tmp_path / "rows.csv", id_column="OTHER")["id"].tolist() == list(range(300))


def test_a_row_without_a_segment_has_empty_fields(cards, frame, tmp_path):
    from .workbench import Fitted, bundle_of

    balance = [{"step": "impute"}, {"step": "select", "columns": "BALANCE"}, {"step": "log1p"}]
    fitted = cards.fit("kmeans", balance, k=3)
    segment = np.where(fitted.segment == 3, 0, fitted.segment)
    none = bundle_of(Fitted(*fitted[:3], segment, None), tmp_path / "bundle")
    frame.to_csv(tmp_path / "rows.csv", index=False)
    result = assigned(load_bundle(none), tmp_path / "rows.csv")
    assert np.array_equal(result["segment"].isna(), segment == 0)
    assert np.array_equal(result["name"].isna(), segment == 0)
    assert not (result[["segment", "second_segment"]] == -1).any(axis=None)


def test_an_empty_file_gives_no_rows(bundle, frame, tmp_path):
    frame.head(0).to_csv(tmp_path / "rows.csv", index=False)
    assert len(assigned(bundle, tmp_path / "rows.csv")) == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda frame: frame.rename(columns={"BALANCE": "BALANCES"}), "no column 'BALANCE', did you mean 'BALANCES'"),
        (lambda frame: frame.assign(TENURE="twelve"), "column 'TENURE', row 1: 'twelve' is not a number"),
        (lambda frame: frame.assign(TENURE=["1"] * 9 + ["x"] * 291), "column 'TENURE', row 10: 'x' is not a number"),
        (lambda frame: frame.assign(TENURE="1,234.5"), "',' between thousands"),
        (lambda frame: frame.assign(PAYMENTS=np.r_[[1.0] * 7, -5.0, [1.0] * 292]), "row 8: PAYMENTS = -5 has no log1p"),
        (lambda frame: frame.assign(PAYMENTS=np.r_[[1.0] * 9, np.inf, [1.0] * 290]), "row 10: PAYMENTS = inf"),
        (lambda frame: frame.rename(columns={"NOTE": "CUST_ID"}), "two columns are called 'CUST_ID'"),
    ],
)
def test_a_file_that_cannot_be_assigned_is_refused_and_leaves_nothing(bundle, frame, tmp_path, change, message):
    path = tmp_path / "rows.csv"
    change(frame).to_csv(path, index=False)
    with pytest.raises(RequestError, match=f"rows.csv.*{message}"):
        assign_file(bundle, path, tmp_path / "out.csv")
    assert [one.name for one in tmp_path.iterdir()] == ["rows.csv"]


def test_what_is_no_table_is_refused(bundle, tmp_path):
    (tmp_path / "rows.parquet").write_bytes(b"no parquet")
    (tmp_path / "rows.csv").write_bytes(b"a,b\n\xff\xfe,1\n")
    for path in (tmp_path / "rows.parquet", tmp_path / "rows.csv", tmp_path / "none.csv", tmp_path):
        with pytest.raises(RequestError):
            assign_file(bundle, path, io.BytesIO())


def test_one_row_is_read_by_its_number(bundle, frame, cards, tmp_path):
    frame.to_csv(tmp_path / "rows.csv", index=False)
    values = cards.dataset.frame.to_numpy()
    assert np.array_equal(read_row(bundle, tmp_path / "rows.csv", 1), values[0], equal_nan=True)
    assert np.array_equal(read_row(bundle, tmp_path / "rows.csv", 300), values[299], equal_nan=True)
    with pytest.raises(RequestError, match=r"no row 301 in .*1 to 300"):
        read_row(bundle, tmp_path / "rows.csv", 301)
    frame.drop(columns="TENURE").to_csv(tmp_path / "rows.csv", index=False)
    with pytest.raises(RequestError, match="no column 'TENURE'"):
        read_row(bundle, tmp_path / "rows.csv", 1)
