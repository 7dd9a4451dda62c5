"""Tables from a database: values, types and rows as the query gives them; limits; nothing is written."""

from __future__ import annotations

import os
import signal
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from clusterbench.datasets import DatasetSpec, load_dataset
from clusterbench.errors import RequestError

ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) "


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The database of a small shop."""
    folder = tmp_path_factory.mktemp("shop")
    with sqlite3.connect(folder / "shop.db") as database:
        database.execute("CREATE TABLE client (client_id TEXT, age INTEGER, spent REAL, region TEXT)")
        rows = [("007", 31, 10.5, "N"), ("08", None, 0.0, "S"), ("9", 55, -2.25, "N"), ("10", 40, 8.0, "S")]
        database.executemany("INSERT INTO client VALUES (?, ?, ?, ?)", rows)
        database.execute("CREATE TABLE visit (client_id TEXT, n INTEGER)")
        database.executemany("INSERT INTO visit VALUES (?, ?)", [("007", 3), ("007", 4), ("9", 1), ("10", 2)])
    database.close()
    return folder


@pytest.fixture
def query(folder):
    def ask(sql: str, database: str = "sqlite:///shop.db", **keys):
        return load_dataset(DatasetSpec(sql=sql, database=database, **keys), base=folder)

    return ask


def test_null_is_missing_and_ids_stay_as_they_are(query):
    found = query("SELECT client_id, age, spent FROM client ORDER BY rowid", id="client_id")
    assert found.row_ids.tolist() == ["007", "08", "9", "10"]
    assert found.frame["spent"].tolist() == [10.5, 0.0, -2.25, 8.0]
    np.testing.assert_array_equal(found.frame["age"], [31.0, np.nan, 55.0, 40.0])
    assert (found.name, found.source) == ("query", "query on sqlite:///shop.db")


def test_the_order_of_the_query_is_the_order_of_the_rows(query):
    up, down = (query(f"SELECT spent FROM client ORDER BY spent {way}") for way in ("ASC", "DESC"))
    assert up.frame["spent"].tolist() == [-2.25, 0.0, 8.0, 10.5]
    assert down.frame["spent"].tolist() == [10.5, 8.0, 0.0, -2.25]


@pytest.mark.parametrize(
    ("sql", "columns", "values"),
    [
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
    assert (found.truth_names, found.truth.tolist()) == (("N", "S"), [0, 0, 1])
    assert found.row_ids.tolist() == ["007", "9", "10"]
    assert "1 of 4 rows with missing values were left out" in found.warnings


def test_long_integers_are_warned_of_also_beside_null(query):
    found = query(f"SELECT {2**53 + 1} AS i, 1.5 AS x UNION ALL SELECT NULL, 2 UNION ALL SELECT 3, 3")
    assert "column 'i' holds integers beyond 2^53, which lose their last digits" in found.warnings


def test_rows_of_null_are_left_out_and_counted(query):
    found = query("SELECT age FROM client ORDER BY rowid")
    assert found.row_ids.tolist() == [0, 2, 3]
    assert found.warnings == ("1 of 4 rows have no value in any column and were left out",)


@pytest.mark.parametrize(
    ("sql", "database", "said"),
    [
        ("SELECT age, age FROM client", "sqlite:///shop.db", "two columns are called 'age'"),
        ("SELECT age FROM client WHERE age > 99", "sqlite:///shop.db", "the query gives no rows"),
        ("SELECT age FROM client LIMIT 1", "sqlite:///shop.db", "1 row has nothing to compare"),
        ("SELECT region FROM client", "sqlite:///shop.db", "column 'region' is text: 'N' in row 1"),
        ("SELECT agee FROM client", "sqlite:///shop.db", "no such column: agee"),
        ("SELECT age FROM clients", "sqlite:///shop.db", "no such table: clients"),
        ("SELECT age FRM client", "sqlite:///shop.db", "syntax error"),
        ("WITH gone AS (SELECT 1) DELETE FROM client", "sqlite:///shop.db", "readonly"),
        ("WITH gone AS (SELECT 1) DELETE FROM client", "sqlite:///file:shop.db?mode=rw&uri=true", "readonly"),
        ("SELECT 1", "not a url", "database = "),
        ("SELECT 1", "nosuch://me:secret@host/db", "database = "),
        ("SELECT 1", "mysql+nosuchdriver://me:secret@host/db", "database = "),
    ],
)
def test_what_a_database_refuses_is_one_line_with_the_name_of_the_dataset(query, sql, database, said):
    with pytest.raises(RequestError) as caught:
        query(sql, database, name="clients")
    assert str(caught.value).startswith("dataset 'clients': ")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)
    assert query("SELECT spent FROM client").n_rows == 4


@pytest.mark.parametrize(
    "database",
    [
        "sqlite:///none.db",
        "sqlite:///file:none.db?mode=rwc&uri=true",
        "sqlite:///file:none.db?mode=rwc",
        "sqlite:///file:none.db",
        "sqlite:///file:./no%6ee.db?uri=true",
        "sqlite+pysqlite:///none.db",
    ],
)
def test_a_missing_database_is_refused_and_not_created(query, folder, database, monkeypatch):
    monkeypatch.chdir(folder)
    with pytest.raises(RequestError, match=r"none\.db does not exist"):
        query("SELECT 1", database)
    assert [path.name for path in folder.iterdir()] == ["shop.db"]


@pytest.mark.parametrize("database", ["file:shop.db?uri=true", "file:shop.db?mode=rwc&uri=true", "./shop.db"])
def test_an_existing_database_is_found_however_it_is_written(query, database):
    assert query("SELECT spent FROM client", f"sqlite:///{database}").n_rows == 4


def test_more_rows_than_the_limit_are_refused(query):
    with pytest.raises(RequestError, match="gives more than 5000 rows") as caught:
        query(ENDLESS + "SELECT x FROM n", max_rows=5000)
    assert "a LIMIT in the query, or a larger max_rows" in str(caught.value)
    assert query(ENDLESS + "SELECT x FROM n LIMIT 5000", max_rows=5000).n_rows == 5000


@contextmanager
def soon() -> Iterator[None]:
    """Check that the block ends within seconds and that its thread ends too."""
    start, threads = time.monotonic(), threading.active_count()
    yield
    assert time.monotonic() - start < 5
    assert threading.active_count() <= threads


def test_a_query_without_end_stops_at_the_time_limit(query):
    with soon(), pytest.raises(RequestError, match=r"not finished after 0\.2 s \(allowed: a larger max_seconds\)"):
        query(ENDLESS + "SELECT COUNT(*) FROM n", max_seconds=0.2)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_query_without_end(query, number):
    def interrupt(*_):
        raise KeyboardInterrupt

    before = signal.signal(number, interrupt)
    timer = threading.Timer(0.2, os.kill, (os.getpid(), number))
    try:
        timer.start()
        with pytest.raises(KeyboardInterrupt), soon():
            query(ENDLESS + "SELECT COUNT(*) FROM n")
    finally:
        timer.cancel()
        signal.signal(number, before)


def test_classes_of_a_query_are_named_as_integers_where_they_are(query):
    assert query("SELECT age, round(spent / 20) AS c FROM client ORDER BY rowid", truth="c").truth_names == ("0", "1")
