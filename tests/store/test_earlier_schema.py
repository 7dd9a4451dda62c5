"""A store of schema 1, which had no checksums and no environments, can be read, and becomes one of the present."""

from __future__ import annotations

import sqlite3
import zlib
from contextlib import closing

import pytest

from clusterbench.labeling import Labeling
from clusterbench.store import SCHEMA_VERSION, STORE_NAME, Store

KEY = "a" * 64
LABELING = Labeling.of([0, 0, 1, -1])
SCHEMA_1 = """
CREATE TABLE labelings (sha256 TEXT PRIMARY KEY, n_rows INTEGER, n_noise INTEGER, sizes TEXT, data BLOB);
CREATE TABLE jobs (key TEXT PRIMARY KEY, space_hash TEXT, algorithm TEXT, version INTEGER, params TEXT, seed INTEGER,
    n_rows INTEGER, threads INTEGER, build_seconds REAL, peak_mb REAL, total_seconds REAL, finished_at TEXT)
    WITHOUT ROWID;
CREATE TABLE cells (job_key TEXT, cut TEXT, status TEXT, reason TEXT, labels_sha256 TEXT REFERENCES labelings (sha256),
    seconds REAL, inertia REAL, info TEXT, build_seconds REAL, peak_mb REAL, PRIMARY KEY (job_key, cut)) WITHOUT ROWID;
CREATE TABLE scores (labels_sha256 TEXT, space_hash TEXT, noise TEXT, metric TEXT, value REAL, status TEXT, reason TEXT,
    PRIMARY KEY (space_hash, labels_sha256, noise, metric)) WITHOUT ROWID;
CREATE TABLE frames (key TEXT PRIMARY KEY, data BLOB);
CREATE TABLE benchmarks (name TEXT PRIMARY KEY, plan TEXT, manifest TEXT, updated TEXT);
PRAGMA application_id = 1131181410;
PRAGMA user_version = 1;
PRAGMA journal_mode = WAL;
"""


@pytest.fixture
def earlier(tmp_path):
    with closing(sqlite3.connect(tmp_path / STORE_NAME)) as connection, connection:
        connection.executescript(SCHEMA_1)
        data = zlib.compress(LABELING.labels.astype("<i4").tobytes())
        connection.execute("INSERT INTO labelings VALUES (?, 4, 1, '[2, 1]', ?)", (LABELING.sha256, data))
        connection.execute("INSERT INTO jobs VALUES (?, 's', 'kmeans', 1, '{}', 0, 4, 1, 1, 2, 3, '2026')", (KEY,))
        connection.execute(
            "INSERT INTO cells VALUES (?, '{}', 'ok', '', ?, 1, NULL, '{}', 1, 2)", (KEY, LABELING.sha256)
        )
        connection.execute("INSERT INTO scores VALUES (?, 'space', 'zero', 'm', 0.1, 'ok', '')", (LABELING.sha256,))
        connection.execute("INSERT INTO benchmarks VALUES ('wine', '{}', '{}', '2026')")
    return tmp_path


def assert_complete(store: Store) -> None:
    assert store.labels(LABELING.sha256).tolist() == [0, 0, 1, -1]
    assert store.cells([KEY])[["status", "labels_sha256", "n_noise"]].values.tolist() == [["ok", LABELING.sha256, 1]]
    assert store.scores(["space"])["value"].tolist() == [0.1]
    assert store.timings().values.tolist() == [["kmeans", 4, 3.0]]
    assert store.environments([KEY]) == {KEY: '{"threads":1}'}  # nothing else was recorded
    assert store.benchmark("wine") == ("{}", "{}")


def test_a_reader_leaves_it_as_it_is_and_a_writer_brings_it_to_the_present_schema(earlier):
    before = (earlier / STORE_NAME).read_bytes()
    with Store.reader(earlier) as store:
        assert_complete(store)
    assert (earlier / STORE_NAME).read_bytes() == before
    for _ in range(2):
        with Store.writer(earlier) as store:
            assert_complete(store)
            assert store.removed_rows == {}
    with closing(sqlite3.connect(earlier / STORE_NAME)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)


def test_a_writer_that_fails_on_the_way_leaves_it_as_it_is(earlier, monkeypatch):
    monkeypatch.setattr("clusterbench.store.schema.seal", lambda connection, table: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        Store.writer(earlier)
    monkeypatch.undo()
    with Store.reader(earlier) as store:
        assert_complete(store)
