"""Three databases that run a query over rows and give back segment, distance, second segment and margin by id."""

from __future__ import annotations

import io
import os
import pwd
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from clusterbench.segments import Assigned, Dialect

Table = pd.DataFrame
Run = Callable[[Sequence[str], np.ndarray, str], Table]
RESULT = ["id", "segment", "name", "distance", "second_segment", "margin"]


def _rows(values: np.ndarray, missing: Any) -> Iterator[tuple[Any, ...]]:
    for number, row in enumerate(values.tolist()):
        yield (f"r{number}", *(missing if value != value else value for value in row))


def _columns(names: Sequence[str], kind: str) -> str:
    return ", ".join(f'"{name.replace(chr(34), chr(34) * 2)}" {kind}' for name in names)


def _result(rows: Sequence[tuple[Any, ...]]) -> Table:
    frame = pd.DataFrame(rows, columns=RESULT)
    return frame.assign(at=frame["id"].str[1:].astype(int)).sort_values("at").reset_index(drop=True)


def sqlite(names: Sequence[str], values: np.ndarray, query: str) -> Table:
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute(f"CREATE TABLE customers (id TEXT, {_columns(names, 'REAL')})")
        marks = ", ".join("?" * (len(names) + 1))
        database.executemany(f"INSERT INTO customers VALUES ({marks})", _rows(values, None))
        return _result(database.execute(query).fetchall())


def duckdb(names: Sequence[str], values: np.ndarray, query: str) -> Table:
    import duckdb as module

    with module.connect() as database:
        frame = pd.DataFrame(values, columns=list(names)).assign(id=[f"r{row}" for row in range(len(values))])
        database.register("customers", frame[["id", *names]])  # NaN stays NaN
        return _result(database.execute(query).fetchall())


class PostgreSQL:
    """A server of its own in a temporary folder, reached by a socket there."""

    def __init__(self, programs: Path, folder: Path, user: list[str]) -> None:
        self._programs, self._folder, self._user = programs, folder, user

    def __call__(self, names: Sequence[str], values: np.ndarray, query: str) -> Table:
        lines = "\n".join(",".join(map(str, row)) for row in _rows(values, "NaN"))
        script = (
            f"DROP TABLE IF EXISTS customers; CREATE TABLE customers (id text, {_columns(names, 'float8')});\n"
            f"COPY customers FROM STDIN (FORMAT csv);\n{lines}\n\\.\n"
            f"CREATE TEMP TABLE given AS {query};\nCOPY given TO STDOUT (FORMAT csv);\n"
        )
        psql = self._command("psql", "-h", str(self._folder), "-q", "-v", "ON_ERROR_STOP=1", "postgres")
        ran = subprocess.run(psql, input=script, capture_output=True, text=True, timeout=300, check=False, cwd="/")
        assert ran.returncode == 0, ran.stderr
        frame = pd.read_csv(io.StringIO(ran.stdout), names=RESULT, float_precision="round_trip")
        return _result(list(frame.itertuples(index=False, name=None)))

    def _command(self, name: str, *arguments: str) -> list[str]:
        return [*self._user, str(self._programs / name), *arguments]

    def start(self) -> None:
        data = str(self._folder / "data")
        options = f"-k {self._folder} -c listen_addresses='' -c fsync=off"
        for command in (
            self._command("initdb", "-D", data, "-A", "trust", "-E", "UTF8", "--no-sync"),
            self._command("pg_ctl", "-D", data, "-o", options, "-l", str(self._folder / "log"), "-w", "start"),
        ):
            subprocess.run(command, capture_output=True, timeout=120, check=True, cwd="/")

    def stop(self) -> None:
        stop = self._command("pg_ctl", "-D", str(self._folder / "data"), "-m", "immediate", "stop")
        subprocess.run(stop, capture_output=True, timeout=60, check=False, cwd="/")


@contextmanager
def postgresql() -> Iterator[PostgreSQL | str]:
    """Start a server, or give the reason why there is none; it refuses to run as root."""
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    is_root = os.geteuid() == 0
    known = {entry.pw_name for entry in pwd.getpwall()}
    if not places or (is_root and not (shutil.which("runuser") and "postgres" in known)):
        yield "there is no PostgreSQL in /usr/lib/postgresql"
        return
    folder = Path(tempfile.mkdtemp(prefix="postgresql-"))
    if is_root:
        shutil.chown(folder, "postgres")
    server = PostgreSQL(places[-1], folder, ["runuser", "-u", "postgres", "--"] if is_root else [])
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


DATABASES: dict[Dialect, Run] = {Dialect.SQLITE: sqlite, Dialect.DUCKDB: duckdb}


def assert_same(given: Assigned, result: Table) -> None:
    """Check that the segments are equal but where two costs are equal up to rounding; so are distances and margins."""
    scale = 1e-9 * np.maximum(given.distance**2, 1.0)
    clear = given.margin > scale
    assert np.array_equal(result["segment"].to_numpy(dtype=float)[clear], given.segment[clear])
    assert np.all(np.abs(result["margin"].to_numpy(dtype=float) - given.margin) <= scale)
    assert np.allclose(result["distance"].to_numpy(dtype=float)[clear], given.distance[clear], rtol=1e-7, atol=1e-7)
