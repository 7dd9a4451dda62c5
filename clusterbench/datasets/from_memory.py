"""Tables in memory to datasets: pandas, NumPy, Arrow, and what converts itself to one of them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import ValidationError

from clusterbench.datasets.dataset import Dataset
from clusterbench.datasets.dataset_building import build_dataset
from clusterbench.datasets.dataset_spec import DatasetSpec
from clusterbench.datasets.raw_table import RawTable, arrow_frame, column_name
from clusterbench.errors import RequestError


def dataset_from(table: object, spec: DatasetSpec | None = None) -> Dataset:
    """Make a dataset of a table in memory.

    Parameters
    ----------
    table : table of shape (n, columns)
        A pandas DataFrame, a two-dimensional or structured NumPy array, an Arrow table, or an object with
        ``__arrow_c_stream__``, ``to_pandas`` or ``__dataframe__`` (polars, for example). The row ids are the index of
        the frame. Columns of an array without names are ``x1``, ``x2``, ...
    spec : DatasetSpec, optional
        What is taken of it; its name in results is `memory`, by default ``table``.

    Raises
    ------
    RequestError
        If `table` is no table or cannot be used; the message names column and row.

    Examples
    --------
    >>> frame = pd.DataFrame({"x": [1, 2, 9], "kind": ["a", "a", "b"]}, index=["u", "v", "w"])
    >>> dataset = dataset_from(frame, DatasetSpec(memory="demo", truth="kind"))
    >>> dataset.columns, dataset.row_ids.tolist(), dataset.truth.tolist()
    (('x',), ['u', 'v', 'w'], [0, 0, 1])
    """
    spec = spec or DatasetSpec(memory="table")
    try:
        frame = frame_of(table)
        frame = frame.set_axis([column_name(label) for label in frame.columns], axis=1)
        raw = RawTable(frame, f"{type(table).__name__} in memory")
        return build_dataset(raw.with_missing(spec.missing, spec.id_columns), spec)
    except RequestError as error:
        raise error.within(f"dataset {spec.stable_name!r}") from error


def datasets_from(
    tables: object,
    *,
    drop: Sequence[str] = (),
    truth: str | Sequence[str] | None = None,
    roles: Mapping[str, str] | None = None,
) -> dict[str, Dataset]:
    """Make datasets of one table, called ``table``, or of a mapping of names to tables: see `dataset_from`.

    `drop` are columns to leave out, `truth` the columns of known classes and `roles` what columns are, of every table.
    """
    named = tables if isinstance(tables, Mapping) else {"table": tables}
    if not named:
        raise RequestError("no table is given", allowed="a table, or a mapping of names to tables")
    if isinstance(drop, str):
        raise RequestError("drop is a list of columns, not text", allowed='drop = ["CUST_ID"]')
    classes = (truth,) if isinstance(truth, str) else tuple(truth or ())
    try:
        chosen = {"drop": tuple(drop), "truth": classes, "roles": dict(roles or {})}
        specs = {str(name): DatasetSpec.model_validate({"memory": str(name), **chosen}) for name in named}
    except ValidationError as error:
        first = error.errors()[0]
        raise RequestError(first["msg"], where=".".join(map(str, first["loc"]))) from error
    return {name: dataset_from(table, spec) for (name, spec), table in zip(specs.items(), named.values(), strict=True)}


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
