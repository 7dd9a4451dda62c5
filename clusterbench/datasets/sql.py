"""Tables from a database, by a query."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from clusterbench.datasets.raw_table import RawTable
from clusterbench.errors import RequestError

if TYPE_CHECKING:
    from sqlalchemy import URL


def read_sql(sql: str, database: str, *, base: Path) -> RawTable:
    """Run a query and return its rows; nothing is ever committed.

    Parameters
    ----------
    sql : str
        One SELECT statement. Add ORDER BY: without it a database owes nobody an order of rows.
    database : str
        SQLAlchemy URL; a relative SQLite file is found from `base`, then from the current folder.
    base : Path

    Raises
    ------
    RequestError
        For a malformed URL, a missing driver or file, and whatever the database refuses.
    """
    import sqlalchemy
    from sqlalchemy.exc import SQLAlchemyError

    try:
        url = _located(sqlalchemy.engine.make_url(database), base)
        shown = url.render_as_string(hide_password=True)
        engine = sqlalchemy.create_engine(url)
    except (SQLAlchemyError, ValueError) as error:
        raise RequestError(f"database = {_first_line(error)}", allowed="a SQLAlchemy URL: sqlite:///file.db") from error
    except ImportError as error:
        raise RequestError(f"database: {error}", allowed="a URL whose driver is installed") from error
    try:
        with engine.connect() as connection:
            if engine.dialect.name == "sqlite":  # its driver commits what it does not recognise as a change
                connection.exec_driver_sql("PRAGMA query_only = ON")
            result = connection.execute(sqlalchemy.text(sql))
            frame = pd.DataFrame(result.fetchall(), columns=[str(name) for name in result.keys()])  # noqa: SIM118
    except SQLAlchemyError as error:
        raise RequestError(f"{shown}: {_first_line(error)}") from error
    finally:
        engine.dispose()
    for name in frame.columns[frame.columns.duplicated()]:
        raise RequestError(f"{shown}: two columns are called {name!r}", allowed="unique column names")
    if frame.empty:
        raise RequestError(f"{shown}: the query gives no rows")
    return RawTable(frame, f"query on {shown}")


def _located(url: URL, base: Path) -> URL:
    """Point a SQLite URL at an existing file: the driver would create an empty one."""
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return url
    if url.database.startswith("file:"):
        return url
    path = located(url.database, base)
    if not path.is_file():
        raise RequestError(f"{path} does not exist or is no file")
    return url.set(database=str(path))


def located(path: str, base: Path) -> Path:
    """Find a relative path from `base`, else from the current folder; give the former if there is neither."""
    given = Path(path).expanduser()
    from_base = base / given
    try:
        return given if not from_base.exists() and given.exists() else from_base
    except OSError as error:  # a name that is too long
        raise RequestError(f"{path[:200]!r} cannot be read: {error.strerror or error}") from error


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
