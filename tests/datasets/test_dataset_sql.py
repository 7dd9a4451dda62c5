"""Tables from a database."""

from __future__ import annotations

import sqlite3

import pytest

from clusterbench.datasets import DatasetSpec, load_dataset
from clusterbench.datasets.sql import read_sql
from clusterbench.errors import RequestError


@pytest.fixture
def folder(tmp_path):
    connection = sqlite3.connect(tmp_path / "bank.db")
    connection.execute("CREATE TABLE customers (cust_id TEXT, balance REAL, trx INTEGER)")
    connection.executemany("INSERT INTO customers VALUES (?, ?, ?)", [("b", 2.5, 2), ("a", 1.25, None), ("c", 0.1, 4)])
    connection.commit()
    connection.close()
    return tmp_path


def test_a_query_gives_a_dataset(folder):
    spec = DatasetSpec(
        sql="SELECT * FROM customers ORDER BY cust_id", database="sqlite:///bank.db", drop=["cust_id"], name="bank"
    )
    dataset = load_dataset(spec, base=folder)
    assert dataset.row_ids.tolist() == ["a", "b", "c"]
    assert dataset.frame["balance"].tolist() == [1.25, 2.5, 0.1]
    assert dataset.frame["trx"].isna().tolist() == [True, False, False]
    assert dataset.name == "bank"
    assert dataset.source.startswith("query on sqlite:///")


@pytest.mark.parametrize(
    ("sql", "database", "said"),
    [
        ("SELECT * FROM custumers", "sqlite:///bank.db", "no such table: custumers"),
        ("SELECT balance, balance FROM customers", "sqlite:///bank.db", "two columns are called 'balance'"),
        ("SELECT * FROM customers WHERE 1 = 0", "sqlite:///bank.db", "gives no rows"),
        ("SELECT 1", "sqlite:///none.db", "none.db does not exist"),
        ("SELECT 1", "not a url", "database = "),
        ("SELECT 1", "nosuch://host/db", "database = "),
        ("SELECT 1", "mysql+nosuchdriver://host/db", "database = "),
    ],
)
def test_what_a_database_refuses_is_said_in_one_line(folder, sql, database, said):
    with pytest.raises(RequestError) as caught:
        read_sql(sql, database, base=folder)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_not_created(folder):
    with pytest.raises(RequestError):
        read_sql("SELECT 1", "sqlite:///none.db", base=folder)
    assert not (folder / "none.db").exists()


def test_nothing_is_written(folder):
    with pytest.raises(RequestError):
        read_sql("WITH t AS (SELECT 1) DELETE FROM customers", "sqlite:///bank.db", base=folder)
    assert len(read_sql("SELECT * FROM customers", "sqlite:///bank.db", base=folder).frame) == 3


def test_a_password_is_not_shown():
    with pytest.raises(RequestError) as caught:
        read_sql("SELECT 1", "nosuch://me:secret@host/db", base=None)
    assert "secret" not in str(caught.value)
