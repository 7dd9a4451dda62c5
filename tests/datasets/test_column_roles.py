"""Roles of columns: detected, declared, and all complaints at once."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from clusterbench import RequestError
from clusterbench.datasets import ColumnRole, DatasetSpec, dataset_from, datasets_from, draft_dataset, load_dataset

N = 40
COLUMNS = {
    "CUST_ID": [f"C{i:03}" for i in range(N)],
    "spend": [i * 1.5 for i in range(N)],
    "visits": [i * i % 23 for i in range(N)],
    "active": [i % 2 for i in range(N)],
    "paid": [i % 3 == 0 for i in range(N)],
    "region": ["north", "south", "", "west"] * 10,
    "since": [f"2024-{1 + i % 12:02}-{1 + i % 28:02}" for i in range(N)],
    "born": [f"{1 + i % 28:02}.{1 + i % 12:02}.19{60 + i}" for i in range(N)],
    "note": [f"called on day {i}" for i in range(N)],
    "number": list(range(1, N + 1)),
    "species": ["cat", "dog"] * 20,
}
ROLES = {
    "CUST_ID": "id",
    "spend": "numeric",
    "visits": "numeric",
    "active": "binary",
    "paid": "binary",
    "region": "category",
    "since": "date",
    "born": "date",
    "note": "text",
    "number": "id",
    "species": "class",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("roles")
    pd.DataFrame(COLUMNS).to_csv(path / "t.csv", index=False)
    pd.DataFrame(COLUMNS).to_csv(path / "t.tsv", index=False, sep="\t")
    return path


def test_the_role_of_each_column_is_detected(folder):
    drafted = draft_dataset(DatasetSpec(path="t.csv"), base=folder)
    assert drafted.roles == ROLES
    assert drafted.dataset.columns == ("spend", "visits", "active", "paid", "region", "since", "born")
    assert drafted.dataset.row_ids[0] == "C000"
    assert drafted.dataset.known_classes[0].name == "species"
    assert drafted.spec.roles == {"region": "category", "since": "date", "born": "date"}
    assert set(drafted.spec.drop) == {"note", "number"}
    again = load_dataset(drafted.spec, base=folder)
    assert again.content_hash == drafted.dataset.content_hash
    without = draft_dataset(DatasetSpec(path="t.csv", drop=["CUST_ID", "region"]), base=folder)
    assert without.roles == ROLES
    assert "region" not in without.dataset.columns


def test_declared_roles_go_before_detected_ones(folder):
    roles = {"region": "text", "visits": "category", "species": "category", "CUST_ID": "text"}
    drafted = draft_dataset(DatasetSpec(path="t.csv", roles=roles), base=folder)
    assert drafted.dataset.coded["visits"].levels == tuple(map(str, sorted(set(COLUMNS["visits"]))))
    assert drafted.dataset.coded["species"].levels == ("cat", "dog")
    assert "region" not in drafted.dataset.columns
    assert drafted.dataset.row_ids.name == "number"


def test_every_column_that_is_no_number_is_named_at_once_with_what_settles_it(folder):
    with pytest.raises(RequestError) as caught:
        load_dataset(DatasetSpec(path="t.csv"), base=folder)
    message = str(caught.value)
    assert "6 columns are no numbers: " in message
    for name in ("CUST_ID", "region", "since", "born", "note", "species"):
        assert f"column {name!r} is text: " in message
    assert 'roles = {region = "category", since = "date", born = "date"}' in message
    assert 'drop = ["CUST_ID", "note", "species"]' in message


def test_a_single_column_is_named_with_its_role(folder):
    with pytest.raises(RequestError) as caught:
        dataset_from(pd.DataFrame({"x": [1, 2, 3, 4], "c": ["a", "b", "a", "b"]}))
    assert str(caught.value).endswith('(allowed: numbers, roles = { c = "category" }, or drop = ["c"])')


def test_columns_of_two_values_are_named_when_they_are_features(folder):
    said = "'active' and 'paid' are 0 or 1: each can decide a clustering alone"
    assert said in draft_dataset(DatasetSpec(path="t.csv"), base=folder).dataset.warnings
    rare = pd.DataFrame({"x": np.sin(np.arange(1000.0)), "rare": [1] + [0] * 999})
    assert dataset_from(rare).warnings == ()


def test_categories_are_codes_and_dates_days(folder):
    roles = {"c": "category", "d": "date"}
    frame = pd.DataFrame(
        {"x": [1, 2, 3], "c": ["b", None, "a"], "d": pd.to_datetime(["1970-01-03", None, "1969-12-31"])}
    )
    found = datasets_from(frame, roles=roles)["table"]
    assert found.coded["c"].levels == ("a", "b")
    assert found.coded["d"].role is ColumnRole.DATE
    np.testing.assert_array_equal(found.frame, [[1, 1, 2], [2, np.nan, np.nan], [3, 0, -1]])


@pytest.mark.parametrize(
    ("value", "said"),
    [("03/02/2024", "'03/02/2024' in row 2"), ("2024-02-30", "'2024-02-30' in row 2"), ("soon", "'soon' in row 2")],
)
def test_a_value_that_is_no_date_is_named_with_its_row(value, said):
    frame = pd.DataFrame({"x": [1, 2], "d": ["2024-01-01", value]})
    with pytest.raises(RequestError, match=f"column 'd' holds no dates of one form: {said}"):
        dataset_from(frame, DatasetSpec(memory="t", roles={"d": "date"}))


def test_a_role_of_no_column_and_an_unknown_role_are_refused(folder):
    with pytest.raises(RequestError, match="roles: there is no column 'regoin', did you mean 'region'"):
        load_dataset(DatasetSpec(path="t.csv", roles={"regoin": "category"}), base=folder)
    with pytest.raises(RequestError, match=r"roles\.c"):
        datasets_from(pd.DataFrame({"c": [1, 2]}), roles={"c": "categry"})


def test_numbers_beyond_every_float_and_complex_ones_are_refused_not_met_by_a_traceback(tmp_path):
    (tmp_path / "t.jsonl").write_text('{"x": 1, "n": 1}\n{"x": 2, "n": ' + "1" * 400 + "}\n")
    with pytest.raises(RequestError, match="column 'n' is infinite in row 2"):
        draft_dataset(DatasetSpec(path="t.jsonl"), base=tmp_path)
    with pytest.raises(RequestError, match="column 'c' holds complex numbers"):
        dataset_from(pd.DataFrame({"x": [1, 2], "c": [1j, 2j]}))
