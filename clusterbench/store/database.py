"""The connection to the store's file: opened safely, written durably, and every failure said in one message."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from clusterbench.errors import RequestError
from clusterbench.store.schema import check, create, has_log, unusable

_DURABLE_EACH = 1.0  # seconds
_BUSY = 30.0  # seconds


class Database:
    """One connection. Committed transactions survive `kill -9`; a power cut costs those of the last second at most.

    Raises
    ------
    RequestError
        For a missing file (read only), a truncated or foreign file, a store of a newer schema, and a folder that
        cannot be written.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self._path = path
        self._durable_at = float("-inf")
        with self._told():
            exists = path.exists()
            if read_only and not exists:
                raise RequestError(
                    f"no results at {str(path)!r}: run a benchmark first, or name its folder (--results)"
                )
            if exists:
                check(path)
            else:
                create(path)
            self._connection = _open_to_read(path) if read_only else _open_to_write(path)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def unusable(self, why: str) -> RequestError:
        """Return the refusal of a store whose content is not what was written."""
        return unusable(self._path, why)

    def rows(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return all rows of a query."""
        with self._told():
            return self._connection.execute(query, values).fetchall()

    def table(self, query: str, values: Sequence[Any] = ()) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Return column names and rows of a query."""
        with self._told():
            cursor = self._connection.execute(query, values)
            return [column[0] for column in cursor.description], cursor.fetchall()

    def write(self, statement: str, values: Sequence[Any] | dict[str, Any]) -> None:
        """Execute a statement that changes something."""
        with self._told():
            self._connection.execute(statement, values)

    def write_many(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        """Execute a statement that changes something, once for each row of values."""
        with self._told():
            self._connection.executemany(statement, rows)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Write all or nothing of what happens inside."""
        with self._told():
            now = time.monotonic()
            durable = now - self._durable_at >= _DURABLE_EACH
            # NORMAL leaves the log to the system, which outlives this process; FULL has it on the disk.
            self._connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # SQLite itself rolls back after some failures
                    with suppress(sqlite3.Error):
                        self._connection.execute("ROLLBACK")
                raise
            if durable:
                self._durable_at = now

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Tell a failure of the file, the disk or the folder as a RequestError."""
        try:
            yield
        except sqlite3.IntegrityError:
            raise  # a row that the schema forbids is a defect of the program, not of the request
        except sqlite3.DatabaseError as error:
            raise _refusal(self._path, error) from error
        except OSError as error:
            raise RequestError(f"store {str(self._path)!r} cannot be used: {error.strerror or error}") from error


def _open_to_write(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, timeout=_BUSY)
    connection.execute("PRAGMA journal_mode = WAL")
    return connection


def _open_to_read(path: Path) -> sqlite3.Connection:
    """Open without the right to write; in a folder that cannot be written, as a file that does not change."""
    address = f"{path.resolve().as_uri()}?mode=ro"
    connection = sqlite3.connect(address, uri=True, isolation_level=None, timeout=_BUSY)
    try:
        connection.execute("SELECT count(*) FROM benchmarks")
    except sqlite3.DatabaseError as error:
        connection.close()
        # A log that is in use, or was left by a killed run, needs its index beside it, which cannot be made here.
        if not error.sqlite_errorname.startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY")) or has_log(path):
            raise
        connection = sqlite3.connect(f"{address}&immutable=1", uri=True, isolation_level=None)
    connection.execute("PRAGMA query_only = ON")
    return connection


def _refusal(path: Path, error: sqlite3.DatabaseError) -> RequestError:
    name = getattr(error, "sqlite_errorname", "")
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_IOERR_SHORT_READ")):
        return unusable(path, str(error))
    if name.startswith("SQLITE_BUSY"):
        return RequestError(f"store {str(path)!r} is in use by another process", allowed="wait for it to end")
    if name.startswith(("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return RequestError(
            f"store {str(path)!r} cannot be read or written: {error}; what was finished before is kept",
            allowed="a disk with free space and a folder that can be written; the same command goes on from there",
        )
    return unusable(path, str(error))
