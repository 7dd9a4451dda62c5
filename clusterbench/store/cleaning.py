"""Removal of what no benchmark of a store uses."""

from dataclasses import dataclass

from clusterbench.errors import unknown
from clusterbench.store.database import Database

_USED = "SELECT key FROM uses WHERE benchmark <> :removed"
_LABELINGS = f"SELECT labels_sha256 FROM cells WHERE labels_sha256 IS NOT NULL AND job_key IN ({_USED})"
_UNUSED = {
    "benchmarks": "name = :removed",
    "scores": f"space_hash NOT IN ({_USED}) OR labels_sha256 NOT IN ({_LABELINGS})",
    "labelings": f"sha256 NOT IN ({_LABELINGS})",
    "cells": f"job_key NOT IN ({_USED})",
    "jobs": f"key NOT IN ({_USED})",
    "frames": f"key NOT IN ({_USED})",
    "uses": "benchmark = :removed",
}
"""Condition of the rows that go, by table, in an order in which each condition can still be evaluated."""


@dataclass(frozen=True, slots=True)
class Unused:
    """Rows of one table that no benchmark uses."""

    table: str
    rows: int
    size: int  # bytes of their values, without the overhead of the file


def unused(database: Database, benchmark: str | None) -> list[Unused]:
    """Return what no benchmark uses, or none would use without `benchmark`; tables without such rows are left out."""
    names = [str(row[0]) for row in database.rows("SELECT name FROM benchmarks")]
    if benchmark is not None and benchmark not in names:
        raise unknown("benchmark", benchmark, names)
    found = []
    for table, condition in _UNUSED.items():
        size = " + ".join(f"coalesce(length(CAST({column} AS BLOB)), 0)" for column in database.columns(table))
        query = f"SELECT count(*), coalesce(sum({size}), 0) FROM {table} WHERE {condition}"
        found.append(Unused(table, *database.rows(query, {"removed": benchmark or ""})[0]))
    return [part for part in found if part.rows and part.table != "uses"]


def remove_unused(database: Database, benchmark: str | None) -> None:
    """Delete what `unused` returns, and give the space back to the file system."""
    with database.transaction():
        for table, condition in _UNUSED.items():
            database.execute(f"DELETE FROM {table} WHERE {condition}", {"removed": benchmark or ""})
    database.compact()
