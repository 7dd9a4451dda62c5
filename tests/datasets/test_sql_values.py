"""Tables of a database: values, types and rows as the query gives them."""

from __future__ import annotations

import sqlite3

import numpy as np
import pytest

from clusterbench.datasets import DatasetSpec, load_dataset
from clusterbench.errors import RequestError


@pytest.fixture
def query(tmp_path):
    """Ask a small shop's database; give the dataset."""
    with sqlite3.connect(tmp_path / "shop.db") as database:
        database.execute("CREATE TABLE client (client_id TEXT, age INTEGER, spent REAL, region TEXT)")
        rows = [("007", 31, 10.5, "N"), ("08", None, 0.0, "S"), ("9", 55, -2.25, "N"), ("10", 40, 8.0, "S")]
        database.executemany("INSERT INTO client VALUES (?, ?, ?, ?)", rows)
        database.execute("CREATE TABLE visit (client_id TEXT, n INTEGER)")
        database.executemany("INSERT INTO visit VALUES (?, ?)", [("007", 3), ("007", 4), ("9", 1), ("10", 2)])
    database.close()

    def ask(sql: str, **keys):
        return load_dataset(DatasetSpec(sql=sql, database="sqlite:///shop.db", **keys), base=tmp_path)

    return ask


def test_null_is_missing_and_ids_stay_as_they_are(query):
    found = query("SELECT client_id, age, spent FROM client ORDER BY rowid", id="client_id")
    assert found.row_ids.tolist() == ["007", "08", "9", "10"]
    assert found.frame["spent"].tolist() == [10.5, 0.0, -2.25, 8.0]
    np.testing.assert_array_equal(found.frame["age"], [31.0, np.nan, 55.0, 40.0])


def test_the_order_of_the_query_is_the_order_of_the_rows(query):
    up, down = (query(f"SELECT spent FROM client ORDER BY spent {way}") for way in ("ASC", "DESC"))
    assert up.frame["spent"].tolist() == [-2.25, 0.0, 8.0, 10.5]
    assert down.frame["spent"].tolist() == [10.5, 8.0, 0.0, -2.25]
    assert up.content_hash != down.content_hash


@pytest.mark.parametrize(
    ("sql", "columns", "values"),
    [
        ("SELECT spent, spent * 2 AS twice FROM client ORDER BY rowid", ("spent", "twice"), [10.5, 21.0]),
        ("select age as a from client where age is not null order by age", ("a",), [31.0]),
        ("  \n SELECT 1 AS one, 2.5 AS two UNION ALL SELECT 3, 4", ("one", "two"), [1.0, 2.5]),
        (
            "WITH seen AS (SELECT client_id, SUM(n) AS n FROM visit GROUP BY client_id)"
            " SELECT spent, n FROM client JOIN seen USING (client_id) ORDER BY client.rowid",
            ("spent", "n"),
            [10.5, 7.0],
        ),
        ("SELECT spent > 1 AS much, 100% 7 AS rest FROM client ORDER BY rowid", ("much", "rest"), [1.0, 2.0]),
    ],
)
def test_a_query_may_compute_join_and_rename(query, sql, columns, values):
    found = query(sql)
    assert found.columns == columns
    assert found.frame.iloc[0].tolist() == values


def test_truth_and_complete_rows_are_chosen_as_of_a_file(query):
    found = query("SELECT * FROM client ORDER BY rowid", id="client_id", truth="region", rows="complete")
    assert found.truth_names == ("N", "S")
    assert found.truth.tolist() == [0, 0, 1]
    assert found.row_ids.tolist() == ["007", "9", "10"]
    assert "1 of 4 rows with missing values were left out" in found.warnings


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT age, age FROM client", "two columns are called 'age'"),
        ("SELECT age FROM client WHERE age > 99", "the query gives no rows"),
        ("SELECT age FROM client LIMIT 1", "1 row has nothing to compare (allowed: at least 2 rows)"),
        ("SELECT region FROM client", "column 'region' is text: 'N' in row 1"),
        ("SELECT agee FROM client", "no such column: agee"),
        ("SELECT age FROM clients", "no such table: clients"),
        ("SELECT age FRM client", "syntax error"),
        ("SELECT NULL AS x, age FROM client", "column 'x' has no value in any row"),
        ("WITH gone AS (SELECT 1) DELETE FROM client", "readonly"),
    ],
)
def test_a_query_that_gives_no_table_is_refused_with_the_name_of_the_dataset(query, sql, said):
    with pytest.raises(RequestError) as caught:
        query(sql, name="clients")
    assert str(caught.value).startswith("dataset 'clients': ")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(query("SELECT spent FROM client").frame) == 4
