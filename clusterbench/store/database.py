"""The connection to the store's file: checked on opening, written durably, every failure reported in one message."""

import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

from clusterbench.errors import RequestError
from clusterbench.store.checksums import checksum_of, columns_of, damaged_rows, register, remove_damaged_rows
from clusterbench.store.schema import TABLES, check, check_structure, create, has_log, unusable

_DURABLE_EACH = 1.0  # seconds
_BUSY = 30.0  # seconds


class Database:
    """One connection. Committed transactions survive `kill -9`; a power cut costs those of the last second at most.

    Every page and every checksum is checked on opening. A writer removes the damaged rows, so that they are computed
    again, and counts them by table in `removed`; a reader refuses them. Refused by a `RequestError` are a missing file
    (read only), a damaged, truncated or foreign one, a store of another schema, and a folder that cannot be written.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self._path = path
        self._durable_at = float("-inf")
        self.removed: Mapping[str, int] = {}
        with self._refusing():
            if path.exists():
                check(path)
            elif read_only:
                raise RequestError(
                    f"no results at {str(path)!r}: run a benchmark first, or name its folder (--results)"
                )
            else:
                create(path)
            self._connection = _open_to_read(path) if read_only else _open_to_write(path)
            try:
                register(self._connection)
                check_structure(self._connection, path)
                self._handle_damage(read_only=read_only)
            except BaseException:
                self._connection.close()
                raise

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def unusable(self, why: str) -> RequestError:
        """Return the refusal of a store whose content is not what was written."""
        return unusable(self._path, why)

    def columns(self, table: str) -> list[str]:
        """Return the columns of a table, without the checksum."""
        return columns_of(self._connection, table)

    def compact(self) -> None:
        """Give the space of deleted rows back to the file system."""
        self.execute("VACUUM")
        self.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def rows(self, query: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> list[tuple[Any, ...]]:
        """Return all rows of a query."""
        with self._refusing():
            return self._connection.execute(query, values).fetchall()

    def execute(self, statement: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> None:
        """Execute a statement that changes something."""
        with self._refusing():
            self._connection.execute(statement, values)

    def put(self, table: str, rows: Iterable[Sequence[Any]]) -> None:
        """Insert rows with their checksums; a row of the same key is replaced."""
        values = list(rows)
        if values:
            with self._refusing():
                self._connection.executemany(_insertion(table, len(values[0])), values)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Write all or nothing of what happens inside."""
        with self._refusing():
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

    def _handle_damage(self, *, read_only: bool) -> None:
        damaged = damaged_rows(self._connection, list(TABLES))
        if damaged and read_only:
            counts = ", ".join(f"{count} of {table}" for table, count in damaged.items())
            raise RequestError(
                f"store {str(self._path)!r} has damaged rows (their checksums are wrong): {counts}",
                allowed="run the benchmark again, which removes damaged rows and computes them again, or"
                " `clusterbench clean --yes`, which removes them",
            )
        if damaged:
            with self.transaction():
                remove_damaged_rows(self._connection, list(damaged))
                if "labelings" in damaged:
                    self._connection.execute(
                        "DELETE FROM cells WHERE labels_sha256 NOT IN (SELECT sha256 FROM labelings)"
                    )
        self.removed = damaged

    @contextmanager
    def _refusing(self) -> Iterator[None]:
        """Turn a failure of the file, the disk or the folder into a RequestError."""
        try:
            yield
        except sqlite3.IntegrityError:
            raise  # a row that the schema forbids is a defect of the program, not of the request
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:  # a damaged name in a message of SQLite
            raise _refusal(self._path, error) from error
        except OSError as error:
            raise RequestError(f"store {str(self._path)!r} cannot be used: {error.strerror or error}") from error


def _open_to_write(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, timeout=_BUSY)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
    except BaseException:
        connection.close()
        raise
    return connection


def _open_to_read(path: Path) -> sqlite3.Connection:
    """Open without the right to write; in a folder that cannot be written, as a file that does not change."""
    address = f"{path.resolve().as_uri()}?mode=ro"
    connection = sqlite3.connect(address, uri=True, isolation_level=None, timeout=_BUSY)
    try:
        connection.execute("SELECT count(*) FROM benchmarks")
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        connection.close()
        # A log that is in use, or was left by a killed run, needs its index beside it, which cannot be made here.
        name = getattr(error, "sqlite_errorname", "")
        if not name.startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY")) or has_log(path):
            raise
        connection = sqlite3.connect(f"{address}&immutable=1", uri=True, isolation_level=None)
    return connection


@cache
def _insertion(table: str, n_columns: int) -> str:
    names = [f"v{number}" for number in range(n_columns)]
    row = ", ".join(f"? AS {name}" for name in names)
    return f"INSERT OR REPLACE INTO {table} SELECT *, {checksum_of(names)} FROM (SELECT {row})"


def _refusal(path: Path, error: Exception) -> RequestError:
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
