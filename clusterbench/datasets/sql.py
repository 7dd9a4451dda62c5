"""Tables from a database, by a query."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

import pandas as pd

from clusterbench.credentials import MASK
from clusterbench.datasets.raw_table import RawTable
from clusterbench.errors import RequestError

if TYPE_CHECKING:
    from sqlalchemy import URL, Engine

_CHUNK: Final = 1000  # rows
_URLS: Final = "sqlite:///FILE, duckdb:///FILE (package duckdb-engine), postgresql+psycopg://USER@HOST/NAME (psycopg)"


def read_sql(sql: str, database: str, *, base: Path, max_rows: int, max_seconds: float) -> RawTable:
    """Run a query and return its rows; nothing is ever committed.

    A relative SQLite file in the URL `database` is found from `base`, then from the current folder, and opened for
    reading only. Whatever the database refuses is a RequestError.
    """
    from sqlalchemy.exc import SQLAlchemyError

    engine = _engine(database, base)
    try:
        names, rows = _Query(engine, sql, max_rows).run(max_seconds)
        if not rows:
            raise RequestError("the query gives no rows")
        # As objects: pandas would make floats of integers where some are missing.
        return RawTable(pd.DataFrame(rows, columns=names, dtype=object), f"query on {database}")
    except SQLAlchemyError as error:
        raise RequestError(f"{database}: {_first_line(error, engine.url.password)}") from None
    except RequestError as error:
        raise error.within(database) from None


class _Query:
    """A query in a thread: signals and the time limit interrupt it, also while the driver waits in C."""

    def __init__(self, engine: Engine, sql: str, max_rows: int) -> None:
        self._engine, self._sql, self._max_rows = engine, sql, max_rows
        self._driver: Any = None
        self._cancelled = False

    def run(self, max_seconds: float) -> tuple[list[str], list[Sequence[Any]]]:
        """Return the names of the columns and all rows; cancel the query if it takes longer than `max_seconds`."""
        future: Future[tuple[list[str], list[Sequence[Any]]]] = Future()

        def fetch() -> None:
            try:
                future.set_result(self._fetch())
            except BaseException as error:  # noqa: BLE001 - raised in the calling thread
                future.set_exception(error)

        thread = threading.Thread(target=fetch, daemon=True)
        thread.start()
        try:
            return future.result(max_seconds)
        except TimeoutError:
            raise RequestError(f"not finished after {max_seconds:g} s", allowed="a larger max_seconds") from None
        finally:
            self._cancelled = True
            for _ in range(20):  # it is left alone if it does not end within 2 seconds
                if thread.is_alive():
                    self._cancel()
                    thread.join(0.1)

    def _fetch(self) -> tuple[list[str], list[Sequence[Any]]]:
        import sqlalchemy

        rows: list[Sequence[Any]] = []
        try:
            with self._engine.connect().execution_options(stream_results=True) as connection:
                self._driver = connection.connection.driver_connection
                result = connection.execute(sqlalchemy.text(self._sql))
                while not self._cancelled and (chunk := result.fetchmany(_CHUNK)):
                    rows += chunk
                    if len(rows) > self._max_rows:
                        allowed = "a LIMIT in the query, or a larger max_rows"
                        raise RequestError(f"the query gives more than {self._max_rows} rows", allowed=allowed)
                return [str(name) for name in result.keys()], rows  # noqa: SIM118
        finally:
            self._engine.dispose()

    def _cancel(self) -> None:
        """Ask the driver to end the query: SQLite and DuckDB call it interrupt, PostgreSQL cancel."""
        stop = getattr(self._driver, "interrupt", None) or getattr(self._driver, "cancel", None)
        if stop is not None:
            with contextlib.suppress(Exception):
                stop()


def _engine(database: str, base: Path) -> Engine:
    import sqlalchemy
    from sqlalchemy.exc import SQLAlchemyError

    try:
        return sqlalchemy.create_engine(_read_only(sqlalchemy.engine.make_url(database), base))
    except RequestError:
        raise
    except (SQLAlchemyError, ValueError) as error:
        said = _first_line(error, None)
        raise RequestError(f"database = {said}", allowed=_URLS) from None
    except ImportError as error:
        raise RequestError(f"database: {error}", allowed=_URLS) from error


def _read_only(url: URL, base: Path) -> URL:
    """Point a URL of a file at an existing one, which SQLite opens for reading: the drivers would create a file."""
    backend, name = url.get_backend_name(), url.database or ":memory:"
    is_memory = ":memory:" in name or url.query.get("mode") == "memory"
    if backend not in ("sqlite", "duckdb") or is_memory:
        return url
    path = located(unquote(urlsplit(name).path) if name.startswith("file:") else name, base)
    if not os.path.isfile(path):
        raise RequestError(f"{path} does not exist or is no file")
    if backend == "duckdb":
        return url.set(database=str(path))
    return url.set(database=path.resolve().as_uri()).update_query_dict({"mode": "ro", "uri": "true"})


def located(path: str, base: Path) -> Path:
    """Find a relative path from `base`, else from the current folder; return the former if there is neither."""
    given = Path(path).expanduser()
    from_base = base / given
    return given if os.path.exists(given) and not os.path.exists(from_base) else from_base


def _first_line(error: Exception, password: str | None) -> str:
    line = str(error).splitlines()[0] if str(error) else type(error).__name__
    return line.replace(password, MASK) if password else line
