"""From a table and its declaration to a dataset: ids, classes, features and checks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterbench.datasets import Dataset, DatasetSpec, dataset_from, load_dataset
from clusterbench.errors import RequestError

TABLE = """CUST_ID,x,y,kind
C1,1,0.5,b
C2,2,,a
C3,3,1.5,b
"""


@pytest.fixture
def load(tmp_path):
    def from_text(text: str = TABLE, **keys) -> Dataset:
        (tmp_path / "t.csv").write_text(text)
        return load_dataset(DatasetSpec(path="t.csv", **keys), base=tmp_path)

    return from_text


def test_ids_classes_and_features_are_separated(load):
    dataset = load(drop=["CUST_ID"], truth="kind")
    assert dataset.name == "t"
    assert dataset.columns == ("x", "y")
    assert dataset.row_ids.tolist() == ["C1", "C2", "C3"]
    assert (dataset.truth.tolist(), dataset.truth_names) == ([1, 0, 1], ("a", "b"))
    assert dataset.frame.dtypes.tolist() == [np.float64, np.float64]
    assert dataset.source == "t.csv"
    assert dataset.warnings == ()


def test_an_id_column_need_not_be_called_like_one(load):
    assert load("who,x\n007,1\n8,2\n", id="who").row_ids.tolist() == ["007", "8"]


@pytest.mark.parametrize("column", ["id", "Id", "cust_id", "CUST_ID"])
def test_a_dropped_id_column_of_any_case_gives_the_row_ids(load, column):
    assert load(f"{column},x\nu,1\nv,2\n", drop=[column]).row_ids.tolist() == ["u", "v"]


def test_other_dropped_columns_give_no_ids(load):
    assert load("paid,x\nu,1\nv,2\n", drop=["paid"]).row_ids.tolist() == [0, 1]


def test_of_several_dropped_id_columns_the_first_that_is_unique_counts(load):
    text = "branch_id,cust_id,x\n1,u,1\n1,v,2\n"
    assert load(text, drop=["branch_id", "cust_id"]).row_ids.tolist() == ["u", "v"]


def test_keep_needs_to_name_neither_id_nor_truth(load):
    dataset = load(keep=["x"], id="CUST_ID", truth="kind")
    assert dataset.columns == ("x",)
    assert dataset.row_ids.tolist() == ["C1", "C2", "C3"]


def test_complete_rows_are_judged_before_columns_are_dropped(load):
    dataset = load(rows="complete", drop=["CUST_ID", "y"], truth="kind")
    assert dataset.row_ids.tolist() == ["C1", "C3"]
    assert dataset.frame.index.tolist() == [0, 1]
    assert dataset.truth.tolist() == [1, 1]
    assert "1 of 3 rows with missing values were left out" in dataset.warnings


def test_complete_rows_without_ids_keep_their_row_numbers(load):
    assert load(rows="complete", keep=["x"]).row_ids.tolist() == [0, 2]


def test_booleans_become_zero_and_one(load):
    assert load("a,x\nTrue,1\nFalse,2\n").frame["a"].tolist() == [1, 0]
    with_gap = load("a,x\nTrue,1\n,2\nFalse,3\n").frame["a"]
    assert with_gap.fillna(-1).tolist() == [1, -1, 0]


def test_numeric_classes_are_named_as_whole_numbers(load):
    dataset = load("x,c\n1,10\n2,9\n3,10\n4,9\n", truth="c")
    assert (dataset.truth.tolist(), dataset.truth_names) == ([1, 0, 1, 0], ("9", "10"))
    spec = DatasetSpec(memory="t", truth="c")
    assert dataset_from(pd.DataFrame({"x": [1, 2], "c": [2.0, 1.0]}), spec).truth_names == ("1", "2")
    assert dataset_from(pd.DataFrame({"x": [1, 2], "c": [np.inf, 1.0]}), spec).truth_names == ("1.0", "inf")


REFUSED = [
    (TABLE, {}, "column 'CUST_ID' is text: 'C1' in row 1", 'drop = ["CUST_ID"]'),
    ("a,x\n1,1\n2,2\nn/k,3\n", {}, "column 'a' is text: 'n/k' in row 3", 'drop = ["a"]'),
    (
        TABLE,
        {"drop": ["CUST_ID", "kidn"]},
        "drop: there is no column 'kidn', did you mean 'kind'?",
        "CUST_ID, x, y, kind",
    ),
    (TABLE, {"drop": ["cust_id"]}, "there is no column 'cust_id', did you mean 'CUST_ID'?", "CUST_ID"),
    (TABLE, {"keep": ["z"]}, "keep: there is no column 'z'", "x"),
    (TABLE, {"id": "CUSTID"}, "id: there is no column 'CUSTID', did you mean 'CUST_ID'?", "x"),
    (TABLE, {"truth": "kinds"}, "truth: there is no column 'kinds', did you mean 'kind'?", "x"),
    (TABLE, {"groups": {"g": ["x", "w"]}}, "groups.g: there is no column 'w'", "x"),
    (
        TABLE,
        {"id": "CUST_ID", "truth": "y", "drop": ["kind"]},
        "truth column 'y' is missing in row 2",
        "a class for each row",
    ),
    ("id,x\nu,1\nv,2\nu,3\n", {"drop": ["id"]}, "id column 'id' has duplicates: u (rows 1, 3)", "unique ids"),
    ("id,x\nu,1\n,2\n", {"drop": ["id"]}, "id column 'id' is missing in row 2", "one unique id per row"),
    ("x,y\n1,inf\n2,-inf\n", {}, "column 'y' is infinite in row 1 (2 such values)", "finite"),
    ("x,y\n1,\n2,\n", {}, "column 'y' has no value in any row", 'drop = ["y"]'),
    ("x,y\n1,\n2,\n", {"rows": "complete"}, "column 'y' has no value in any row", 'drop = ["y"]'),
    ("x,y\n1,2\n", {}, "1 row has nothing to compare", "at least 2 rows"),
    ("x,y\n1,\n,2\n3,4\n", {"rows": "complete"}, "1 of 3 rows are complete", 'rows = "all"'),
    ("id,x\nu,1\nv,2\n", {"drop": ["id", "x"]}, "no columns are left", "at least one numeric column"),
]


@pytest.mark.parametrize(("text", "keys", "said", "allowed"), REFUSED)
def test_a_wrong_table_or_request_is_refused_by_name(load, text, keys, said, allowed):
    with pytest.raises(RequestError) as caught:
        load(text, **keys)
    assert str(caught.value).startswith("dataset 't': ")
    assert said in str(caught.value)
    assert allowed in caught.value.allowed


def test_a_constant_column_stays_with_a_warning(load):
    dataset = load("x,c\n1,7\n2,7\n3,\n")
    assert dataset.columns == ("x", "c")
    assert dataset.warnings == ("column 'c' is constant: it does not distinguish any rows",)


def test_doubtful_tables_carry_warnings(load):
    assert "has 3 classes for 3 rows" in load("x,c\n1,a\n2,b\n3,c\n", truth="c").warnings[0]


def credit_card_text() -> str:
    columns = load_dataset(DatasetSpec(use="credit-card", n_rows=100), base=Path()).columns
    return ",".join(("CUST_ID", *columns)) + "\n" + "".join(f"C{r}" + f",{r}" * 17 + "\n" for r in (1, 2, 3))


def test_any_table_with_the_card_columns_has_their_groups_and_units(load):
    dataset = load(credit_card_text(), drop=["CUST_ID", "BALANCE", "PURCHASES_TRX", "CASH_ADVANCE_TRX"])
    assert "BALANCE" not in dataset.groups["monetary"]
    assert len(dataset.groups["monetary"]) == 7
    assert len(dataset.groups["frequencies"]) == 6
    assert "counts" not in dataset.groups
    assert dataset.units["PAYMENTS"] == "currency"
    assert dataset.units["TENURE"] == "months"
    assert "BALANCE" not in dataset.units


def test_declared_groups_are_added_to_known_ones_and_may_replace_them(load):
    dataset = load(
        credit_card_text(), drop=["CUST_ID"], groups={"monetary": ["BALANCE"], "own": ["TENURE", "PAYMENTS"]}
    )
    assert dataset.groups["monetary"] == ("BALANCE",)
    assert dataset.groups["own"] == ("TENURE", "PAYMENTS")
    assert len(dataset.groups["frequencies"]) == 6


def test_other_tables_have_no_groups(load):
    assert dict(load(drop=["CUST_ID"], truth="kind").groups) == {}


@given(
    st.lists(st.tuples(st.floats(-1e9, 1e9), st.one_of(st.none(), st.floats(-1e9, 1e9))), min_size=2, max_size=12),
    st.sampled_from(["all", "complete"]),
)
@settings(max_examples=25)
def test_what_is_built_is_a_subset_of_the_rows_in_their_order(rows, which):
    frame = pd.DataFrame(
        {"k_id": [f"r{i}" for i in range(len(rows))], "a": [r[0] for r in rows], "b": [r[1] for r in rows]}
    )
    frame["b"] = frame["b"].astype(float)
    spec = DatasetSpec(memory="t", rows=which, id="k_id")
    expected = frame if which == "all" else frame.dropna()
    if frame["b"].isna().all() or len(expected) < 2:
        with pytest.raises(RequestError, match=r"no value in any row|rows are complete"):
            dataset_from(frame, spec)
        return
    dataset = dataset_from(frame, spec)
    assert dataset.row_ids.tolist() == expected["k_id"].tolist()
    assert dataset.frame.equals(expected[["a", "b"]].reset_index(drop=True))
    assert dataset.frame.index.tolist() == list(range(len(expected)))


CHOICES = [
    ({"keep": ["TENURE"]}, {}, {"TENURE": "months"}),
    (
        {"keep": ["PURCHASES_TRX", "BALANCE"]},
        {"monetary": ("BALANCE",), "counts": ("PURCHASES_TRX",)},
        {"BALANCE": "currency", "PURCHASES_TRX": "transactions"},
    ),
    (
        {"keep": ["BALANCE", "TENURE"], "groups": {"own": ["TENURE", "BALANCE"], "monetary": ["TENURE"]}},
        {"monetary": ("TENURE",), "own": ("TENURE", "BALANCE")},
        {"BALANCE": "currency", "TENURE": "months"},
    ),
]


@pytest.mark.parametrize(("keys", "groups", "units"), CHOICES)
def test_groups_and_units_follow_the_columns_that_stay(keys, groups, units):
    found = load_dataset(DatasetSpec(use="credit-card", n_rows=100, **keys), base=Path())
    assert dict(found.groups) == groups
    assert dict(found.units) == units


def test_declared_words_are_missing_values_in_every_kind_of_file(tmp_path):
    (tmp_path / "t.csv").write_text('k;x;y\nn/a;1,5;"-"\nb;"-";2\nc;-999;3\n')
    (tmp_path / "t.jsonl").write_text(
        '{"k": "n/a", "x": 1.5, "y": "-"}\n{"k": "b", "x": "-", "y": 2}\n{"k": "c", "x": -999, "y": 3}\n'
    )
    pd.DataFrame({"k": ["n/a", "b", "c"], "x": [1.5, np.nan, -999], "y": [None, 2, 3]}).to_parquet(
        tmp_path / "t.parquet"
    )
    for name in ("t.csv", "t.jsonl", "t.parquet"):
        loaded = load_dataset(DatasetSpec(path=name, id="k", missing=["-", -999]), base=tmp_path)
        np.testing.assert_array_equal(loaded.frame, [[1.5, np.nan], [np.nan, 2], [np.nan, 3]])
        assert loaded.row_ids[0] == "n/a"


def test_words_among_numbers_are_offered_as_missing_values(tmp_path):
    (tmp_path / "t.csv").write_text("x,y,z\n1,-,a\n2,3,b c\n-,4,d e\n5,none given,f g\n")
    with pytest.raises(RequestError, match=r'allowed: numbers, missing = \["-"\], or drop = \["x"\]'):
        load_dataset(DatasetSpec(path="t.csv", keep=["x"]), base=tmp_path)
    with pytest.raises(RequestError, match=r'allowed: missing = \["-", "none given"\] and drop = \["z"\]'):
        load_dataset(DatasetSpec(path="t.csv"), base=tmp_path)


def test_columns_of_text_are_left_out_by_one_key():
    frame = pd.DataFrame({"x": [1, 2, 3], "note": ["a b", "c d", "e f"], "c": ["u", "v", "u"], "ref": ["p", "q", "r"]})
    spec = DatasetSpec(memory="t", roles={"c": "category"}, drop_text=True)
    loaded = dataset_from(frame, spec)
    assert loaded.columns == ("x", "c")
    assert "left out as text: note and ref" in loaded.warnings
