"""Tables of the store, and the checks that make a file usable as one."""

import os
import sqlite3
import struct
from contextlib import suppress
from pathlib import Path

from clusterbench.errors import RequestError
from clusterbench.statuses import CellStatus

SCHEMA_VERSION = 2
APPLICATION_ID = 0x436C7562  # "Club", in the header of the file: `file results/clusterbench.sqlite` shows it

_STATUSES = ", ".join(f"'{status.value}'" for status in CellStatus)
TABLES = {
    "labelings": """CREATE TABLE labelings (
    sha256 TEXT PRIMARY KEY CHECK (length(sha256) = 64), n_rows INTEGER NOT NULL, n_noise INTEGER NOT NULL,
    sizes TEXT NOT NULL, data BLOB NOT NULL, checksum INTEGER NOT NULL
)""",
    "jobs": """CREATE TABLE jobs (
    key TEXT PRIMARY KEY, space_hash TEXT NOT NULL, algorithm TEXT NOT NULL, version INTEGER NOT NULL,
    params TEXT NOT NULL, seed INTEGER NOT NULL, n_rows INTEGER NOT NULL, threads INTEGER NOT NULL,
    build_seconds REAL NOT NULL, peak_mb REAL NOT NULL, total_seconds REAL NOT NULL, finished_at TEXT NOT NULL,
    environment TEXT NOT NULL, checksum INTEGER NOT NULL
) WITHOUT ROWID""",
    "cells": f"""CREATE TABLE cells (
    job_key TEXT NOT NULL, cut TEXT NOT NULL, status TEXT NOT NULL CHECK (status IN ({_STATUSES})),
    reason TEXT NOT NULL, labels_sha256 TEXT REFERENCES labelings (sha256), seconds REAL NOT NULL, inertia REAL,
    info TEXT NOT NULL, build_seconds REAL NOT NULL, peak_mb REAL NOT NULL, checksum INTEGER NOT NULL,
    PRIMARY KEY (job_key, cut),
    CHECK ((status = '{CellStatus.OK.value}') = (labels_sha256 IS NOT NULL))
) WITHOUT ROWID""",
    "scores": """CREATE TABLE scores (
    labels_sha256 TEXT NOT NULL, space_hash TEXT NOT NULL, noise TEXT NOT NULL, metric TEXT NOT NULL,
    value REAL, status TEXT NOT NULL, reason TEXT NOT NULL, checksum INTEGER NOT NULL,
    PRIMARY KEY (space_hash, labels_sha256, noise, metric)
) WITHOUT ROWID""",
    "frames": "CREATE TABLE frames (key TEXT PRIMARY KEY, data BLOB NOT NULL, checksum INTEGER NOT NULL)",
    "benchmarks": """CREATE TABLE benchmarks (
    name TEXT PRIMARY KEY, plan TEXT NOT NULL, manifest TEXT NOT NULL, updated TEXT NOT NULL, checksum INTEGER NOT NULL
)""",
    "uses": """CREATE TABLE uses (
    benchmark TEXT NOT NULL, key TEXT NOT NULL, checksum INTEGER NOT NULL, PRIMARY KEY (benchmark, key)
) WITHOUT ROWID""",
}
"""Statement of each table. `uses` lists the keys of jobs, spaces and frames that each benchmark needs."""

# https://www.sqlite.org/fileformat.html#the_database_header
_MAGIC = b"SQLite format 3\x00"
_HEADER = struct.Struct(">16s H 6x I I 28x I 4x I 20x I 4x")


def create(path: Path) -> None:
    """Create an empty store at `path`, completely or not at all; the caller holds the writer's lock."""
    unfinished = path.with_name(path.name + ".new")
    for left in (unfinished, unfinished.with_name(unfinished.name + "-journal")):
        with suppress(FileNotFoundError):  # of a run that was killed at this point
            left.unlink()
    connection = sqlite3.connect(unfinished, isolation_level=None)
    try:
        script = ";".join(TABLES.values())
        connection.executescript(f"BEGIN;{script};PRAGMA application_id = {APPLICATION_ID};COMMIT;")
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.close()
        unfinished.replace(path)
    except BaseException:
        connection.close()
        unfinished.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def check(path: Path) -> None:
    """Refuse an empty, truncated or foreign file, and a store of another schema, by the header: no file is written."""
    size = path.stat().st_size
    if size == 0:
        raise unusable(path, "it is empty (0 bytes)")
    with path.open("rb") as file:
        head = file.read(_HEADER.size)
    if not head.startswith(_MAGIC):
        raise unusable(path, "it is not an SQLite file")
    if len(head) < _HEADER.size:
        raise unusable(path, f"it is truncated ({size} bytes)")
    _, page, changes, pages, version, application, counted_at = _HEADER.unpack(head)
    if application != APPLICATION_ID:
        raise unusable(path, "it was not made by clusterbench")
    if version != SCHEMA_VERSION:
        other = "a newer" if version > SCHEMA_VERSION else "an earlier"
        raise RequestError(
            f"store {str(path)!r} was written by {other} clusterbench (schema {version}); nothing was changed",
            allowed=f"schema {SCHEMA_VERSION}: use that version of clusterbench, or another --results folder",
        )
    page = 65536 if page == 1 else page
    if has_log(path):
        _check_with_log(path)
    elif changes == counted_at and size < page * pages:
        raise unusable(path, f"it is truncated ({size} of {page * pages} bytes)")


def check_structure(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse a store whose tables, indexes or pages are damaged."""
    rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    if dict(rows) != TABLES:
        raise unusable(path, "its list of tables is damaged")
    verdict = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if verdict != "ok":
        raise unusable(path, f"it is damaged: {str(verdict).removeprefix('*** in database main ***')}")


def has_log(path: Path) -> bool:
    """Return whether the store has a write-ahead log with content: a run goes on, or was killed."""
    log = path.with_name(path.name + "-wal")
    return log.exists() and log.stat().st_size > 0


def _check_with_log(path: Path) -> None:
    """Let SQLite check a file whose pages may be in its log; a read-only connection leaves both as they are."""
    probe = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=30)
    try:
        verdict = probe.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.OperationalError as error:
        if error.sqlite_errorname.startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY")):
            return  # a folder that cannot be written: opening the next connection reports it
        raise
    finally:
        probe.close()
    if verdict != "ok":
        raise unusable(path, verdict)


def unusable(path: Path, why: str) -> RequestError:
    """Return the refusal of a file."""
    return RequestError(
        f"store {str(path)!r} cannot be used: {' '.join(why.split())}; it was left as it is",
        allowed="a sound store: move this file away, or use another --results folder",
    )
