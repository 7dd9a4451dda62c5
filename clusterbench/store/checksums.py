"""Checksums of rows: SQLite notices damaged pages, but not a changed byte inside a value."""

import sqlite3
import zlib
from collections.abc import Sequence

_COLUMN = "checksum"  # the last column of every table


def row_checksum(*values: bytes | int | float | None) -> int:
    """Return the CRC-32 of a row. Numbers count by value: SQLite may store 0.0 as 0."""
    parts = [zlib.crc32(v) if isinstance(v, bytes) else v if v is None else v + 0.0 for v in values]
    return zlib.crc32(ascii(parts).encode())


def register(connection: sqlite3.Connection) -> None:
    """Make `row_checksum` known to a connection."""
    connection.create_function("row_checksum", -1, row_checksum, deterministic=True)


def checksum_of(expressions: Sequence[str]) -> str:
    """Return the SQL expression of the checksum of some values."""
    # As bytes, because damaged text may be no valid UTF-8; with a prefix, because damage may turn text into a blob.
    parts = [f"CASE typeof({e}) WHEN 'text' THEN CAST('t' || {e} AS BLOB) ELSE {e} END" for e in expressions]
    return f"row_checksum({', '.join(parts)})"


def columns_of(connection: sqlite3.Connection, table: str) -> list[str]:
    """Return the columns of a table, without the checksum."""
    names = [str(row[0]) for row in connection.execute("SELECT name FROM pragma_table_info(?)", (table,))]
    return [name for name in names if name != _COLUMN]


def damaged_rows(connection: sqlite3.Connection, tables: Sequence[str]) -> dict[str, int]:
    """Return the number of rows whose checksum is wrong, by table; tables without any are left out."""
    counts = {
        table: int(connection.execute(f"SELECT count(*) FROM {table} WHERE {_wrong(connection, table)}").fetchone()[0])
        for table in tables
    }
    return {table: count for table, count in counts.items() if count}


def remove_damaged_rows(connection: sqlite3.Connection, tables: Sequence[str]) -> None:
    """Delete the rows whose checksum is wrong."""
    for table in tables:
        connection.execute(f"DELETE FROM {table} WHERE {_wrong(connection, table)}")


def seal(connection: sqlite3.Connection, table: str) -> None:
    """Write the checksum of every row of a table as it is now."""
    connection.execute(f"UPDATE {table} SET {_COLUMN} = {checksum_of(columns_of(connection, table))}")


def _wrong(connection: sqlite3.Connection, table: str) -> str:
    return f"{_COLUMN} IS NOT {checksum_of(columns_of(connection, table))}"
