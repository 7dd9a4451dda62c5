"""Tables in memory to datasets: pandas, NumPy, Arrow, and what converts itself to one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from pydantic import ValidationError

from clusterbench.datasets.dataset import Dataset
from clusterbench.datasets.dataset_building import build_dataset
from clusterbench.datasets.dataset_spec import DatasetSpec
from clusterbench.datasets.raw_table import RawTable, arrow_frame, column_name
from clusterbench.errors import RequestError

_CLASSES: Final = "known classes"  # name of the column of classes that are given beside a table


def dataset_from(
    table: object,
    *,
    name: str = "table",
    drop: Sequence[str] = (),
    keep: Sequence[str] | None = None,
    id: str | None = None,
    truth: str | Sequence[str] | ArrayLike | None = None,
    groups: Mapping[str, Sequence[str]] | None = None,
    rows: Literal["all", "complete"] = "all",
) -> Dataset:
    """Make a dataset of a table in memory.

    Parameters
    ----------
    table : table of shape (n, columns)
        A pandas DataFrame, a two-dimensional or structured NumPy array, an Arrow table, or an object with
        ``__arrow_c_stream__``, ``to_pandas`` or ``__dataframe__`` (polars, for example). The row ids are the index of
        the frame. Columns of an array without names are ``x1``, ``x2``, ...
    name : str
        Name in results.
    drop, keep : sequence of str
        Columns to leave out, or the only ones to take; not both.
    id : str, optional
        Column of unique row ids, instead of the index.
    truth : str, sequence of str, or array-like of shape (n,), optional
        Columns of known classes, or the classes.
    groups : mapping of str to sequence of str, optional
        Named column groups.
    rows : {"all", "complete"}
        ``complete`` keeps rows with no missing value in any column, dropped ones included.

    Returns
    -------
    Dataset

    Raises
    ------
    RequestError
        If `table` is no table or cannot be used; the message names column and row.

    Examples
    --------
    >>> frame = pd.DataFrame({"x": [1, 2, 9], "kind": ["a", "a", "b"]}, index=["u", "v", "w"])
    >>> dataset = dataset_from(frame, truth="kind")
    >>> dataset.columns, dataset.row_ids.tolist(), dataset.truth.tolist()
    (('x',), ['u', 'v', 'w'], [0, 0, 1])
    """
    try:
        if isinstance(drop, str) or isinstance(keep, str):
            raise RequestError("drop and keep are lists of columns, not text", allowed='drop = ["CUST_ID"]')
        frame = frame_of(table)
        frame = frame.set_axis([column_name(label) for label in frame.columns], axis=1)
        frame, columns = _with_classes(frame, truth)
        chosen = {"drop": drop, "keep": keep, "id": id, "truth": columns, "groups": groups or {}, "rows": rows}
        spec = DatasetSpec.model_validate({"memory": name, **chosen})
        return build_dataset(RawTable(frame, f"{type(table).__name__} in memory"), spec)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or None
        text = first["msg"].removeprefix("Value error, ")
        raise RequestError(text, where=where).within(f"dataset {name!r}") from error
    except RequestError as error:
        raise error.within(f"dataset {name!r}") from error


def datasets_from(
    tables: object, *, drop: Sequence[str] = (), truth: str | Sequence[str] | None = None
) -> dict[str, Dataset]:
    """Make datasets of one table, or of a mapping of names to tables.

    Parameters
    ----------
    tables : table, or mapping of str to table
        See `dataset_from`; a single table is called ``table``.
    drop : sequence of str
        Columns to leave out of every table.
    truth : str or sequence of str, optional
        Columns of known classes in every table.

    Returns
    -------
    dict of str to Dataset
    """
    named = tables if isinstance(tables, Mapping) else {"table": tables}
    if not named:
        raise RequestError("no table is given", allowed="a table, or a mapping of names to tables")
    return {str(name): dataset_from(table, name=str(name), drop=drop, truth=truth) for name, table in named.items()}


def frame_of(table: object) -> pd.DataFrame:
    """Return a table in memory as a data frame: see `dataset_from`."""
    import pyarrow as pa

    if isinstance(table, pd.DataFrame):
        return table
    try:
        if isinstance(table, np.ndarray):
            return _array_frame(table)
        if hasattr(table, "__arrow_c_stream__") or hasattr(table, "__arrow_c_array__"):
            return arrow_frame(pa.table(table))
        if hasattr(table, "to_pandas") and isinstance(frame := table.to_pandas(), pd.DataFrame):
            return frame
        if hasattr(table, "__dataframe__"):
            from pyarrow.interchange import from_dataframe

            return arrow_frame(from_dataframe(table))
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise RequestError(f"{type(table).__name__} cannot be read as a table: {error}") from error
    raise RequestError(
        f"{type(table).__name__} is no table",
        allowed="a DataFrame, a two-dimensional array, an Arrow table, or an object with to_pandas or __dataframe__",
    )


def _array_frame(array: NDArray[Any]) -> pd.DataFrame:
    if array.dtype.names is not None:
        return pd.DataFrame(array)
    if array.ndim != 2:
        raise ValueError(f"the array has shape {array.shape}, not two dimensions: rows and columns")
    return pd.DataFrame(array, columns=[f"x{position}" for position in range(1, array.shape[1] + 1)])


def _with_classes(
    frame: pd.DataFrame, truth: str | Sequence[str] | ArrayLike | None
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the frame, with a column of classes that are given as such, and the names of its columns of classes."""
    if truth is None or isinstance(truth, str):
        return frame, () if truth is None else (truth,)
    if isinstance(truth, list | tuple) and len(truth) != len(frame):
        names = tuple(map(str, truth))
        if set(names) & set(frame.columns):
            return frame, names
    if np.shape(truth) != (len(frame),):
        raise RequestError(f"truth has shape {np.shape(truth)} for {len(frame)} rows", allowed="one class per row")
    return pd.concat([frame, pd.Series(truth, name=_CLASSES).set_axis(frame.index)], axis=1), (_CLASSES,)
