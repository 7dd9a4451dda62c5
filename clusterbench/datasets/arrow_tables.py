"""Arrow tables and Parquet files to data frames, without loss of digits."""

from __future__ import annotations

import io
from functools import cache
from typing import TYPE_CHECKING

import pandas as pd

from clusterbench.datasets.raw_table import RawTable, column_name
from clusterbench.errors import RequestError

if TYPE_CHECKING:
    import pyarrow as pa
    from pandas.api.extensions import ExtensionDtype


def arrow_frame(table: pa.Table) -> pd.DataFrame:
    """Return an Arrow table as a data frame; integers and booleans stay such where some are missing.

    Raises
    ------
    RequestError
        If a column cannot be converted.
    """
    import pyarrow as pa

    try:
        frame: pd.DataFrame = table.to_pandas(types_mapper=_nullable_types().get)
    except (pa.ArrowException, ValueError, TypeError) as error:
        raise RequestError(f"the Arrow table cannot be read: {error}") from error
    return frame


@cache
def _nullable_types() -> dict[pa.DataType, ExtensionDtype]:
    import pyarrow as pa

    integers = (pd.Int8Dtype, pd.Int16Dtype, pd.Int32Dtype, pd.Int64Dtype)
    unsigned = (pd.UInt8Dtype, pd.UInt16Dtype, pd.UInt32Dtype, pd.UInt64Dtype)
    types = (pa.int8, pa.int16, pa.int32, pa.int64, pa.uint8, pa.uint16, pa.uint32, pa.uint64, pa.bool_)
    return {arrow(): made() for arrow, made in zip(types, (*integers, *unsigned, pd.BooleanDtype), strict=True)}


def parquet_table(content: bytes) -> RawTable:
    """Read a Parquet file.

    A named index that pandas stored is a column; one that is not numeric and unique gives the row ids, and so does an
    unnamed index.

    Raises
    ------
    RequestError
        If it is no Parquet file, or an index and a column have one name and different values.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        frame = arrow_frame(pq.read_table(io.BytesIO(content)))
    except (pa.ArrowException, OSError) as error:
        raise RequestError(f"is not a readable Parquet file: {error}") from error
    frame = _without_repeated_index(frame.set_axis([column_name(label) for label in frame.columns], axis=1))
    index = frame.index
    if all(name is None for name in index.names):
        frame = frame.reset_index(drop=True)
        if index.is_unique:
            return RawTable(frame, "", row_ids=index)
        return RawTable(frame, "", warnings=("the index has duplicates: rows are identified by their numbers",))
    is_id = index.nlevels == 1 and index.is_unique and not pd.api.types.is_numeric_dtype(index.dtype)
    frame = frame.reset_index().rename(columns=column_name)
    return RawTable(frame, "", id_column=str(frame.columns[0]) if is_id else None)


def _without_repeated_index(frame: pd.DataFrame) -> pd.DataFrame:
    """Leave out index levels that repeat a column, as after ``set_index(..., drop=False)``."""
    for level, name in reversed(list(enumerate(frame.index.names))):
        if name is None or column_name(name) not in frame.columns:
            continue
        if frame[column_name(name)].tolist() != frame.index.get_level_values(level).tolist():
            raise RequestError(f"an index and a column are both called {name!r}", allowed="another name for the index")
        frame = frame.reset_index(drop=True) if frame.index.nlevels == 1 else frame.droplevel(level)
    return frame
