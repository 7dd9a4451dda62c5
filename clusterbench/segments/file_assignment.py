"""Assign the rows of a CSV or Parquet file, part by part, so that its size does not matter."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from clusterbench.datasets import is_table_file, no_file
from clusterbench.errors import RequestError, did_you_mean
from clusterbench.segments.bundle import Bundle, ColumnFacts
from clusterbench.segments.csv_head import MISSING, read_head
from clusterbench.segments.encoded_columns import numbers_of
from clusterbench.segments.program import Assigned
from clusterbench.segments.raw_fields import RawField, categories
from clusterbench.segments.unknown_levels import LevelCounts, UnknownLevels
from clusterbench.text import printable

_CONVERSION = re.compile(
    r"column #(?P<column>\d+): (?:Row #(?P<row>\d+): )?CSV conversion error to \w+: invalid value (?P<value>.*)"
)
_CSV_BYTES = 2**22  # of a part of a CSV file
_PARQUET_ROWS = 65_536
_NUMERIC = (
    *(pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal),
    *(pa.types.is_boolean, pa.types.is_null),
)

SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("segment", pa.int64()),
        ("name", pa.string()),
        ("distance", pa.float64()),
        ("margin", pa.float64()),
        ("second_segment", pa.int64()),
        ("imputed", pa.string()),
        ("out_of_range", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """What was assigned."""

    n_rows: int
    unknown: tuple[UnknownLevels, ...]


def assign_file(bundle: Bundle, path: Path, sink: Path | IO[bytes], *, id_column: str | None = None) -> FileOutcome:
    """Assign every row of a file.

    The memory that this takes does not grow with the file. What is written has the columns of `SCHEMA`: ``segment`` and
    ``name`` are empty where a row has no segment; ``imputed`` and ``out_of_range`` list columns, separated by ``;``. A
    category is out of range where the fitted table lacked its level.

    Parameters
    ----------
    bundle : Bundle
    path : Path
        ``.parquet`` or ``.pq``, else CSV, whose separator, decimal sign and encoding are found out; the columns of the
        program, in any order, among others.
    sink : Path or binary file
        Where the outcome is written: Parquet by its suffix, else CSV. Nothing is left there if a row is refused.
    id_column : str, optional
        Column that identifies a row; default: the first one that the program does not use, else row numbers from 1.

    Raises
    ------
    RequestError
        If the file cannot be read, a column is missing or is not numeric, or a row cannot be assigned.
    """
    n_rows, levels = 0, LevelCounts(bundle.manifest)
    with _writer(sink) as write:
        for part in assigned_parts(bundle, path, id_column):
            write(_outcome(bundle, part, n_rows + 1))
            n_rows += len(part.values)
            levels.add(part.unknown)
    return FileOutcome(n_rows, levels.unknown())


@dataclass(frozen=True, slots=True, eq=False)
class FilePart:
    """Some rows of a file."""

    ids: Any | None  # an Arrow array of the column of ids; None where there is no such column
    values: NDArray[np.float64]  # shape (n, p), NaN where missing
    given: Assigned
    unknown: tuple[pd.Series, ...]  # of each category, the texts that are no level of the fitted table, else missing


def assigned_parts(bundle: Bundle, path: Path, id_column: str | None = None) -> Iterator[FilePart]:
    """Yield the rows of a file, part by part, with what the program gives for them; see `assign_file`."""
    with _reader(path, bundle, id_column) as (chosen, parts):
        before = 0
        for part in parts:
            values = _values(bundle, part, before + 1, path)
            try:
                given = bundle.assign(values, first_row=before + 1)
            except RequestError as error:
                raise error.within(str(path)) from error
            unknown = tuple(_unknown(field, part) for field in categories(bundle.manifest))
            yield FilePart(None if chosen is None else part.column(chosen), values, given, unknown)
            before += part.num_rows


def read_row(bundle: Bundle, path: Path, number: int) -> NDArray[np.float64]:
    """Return the values, shape (p,), of a row of a file, the first being 1; see `assign_file`."""
    before = 0
    with _reader(path, bundle, None) as (_, parts):
        for part in parts:
            if 1 <= number - before <= part.num_rows:
                return np.asarray(_values(bundle, part.slice(number - before - 1, 1), number, path)[0])
            before += part.num_rows
    raise RequestError(f"there is no row {number} in {path}", allowed=f"1 to {before}")


@contextmanager
def _reader(path: Path, bundle: Bundle, id_column: str | None) -> Iterator[tuple[str | None, Iterator[Any]]]:
    """Give the column of the ids of a file, None for row numbers, and its parts as record batches."""
    if not path.is_file():
        raise no_file(path)
    is_parquet = path.suffix.lower() in (".parquet", ".pq")
    if not is_parquet and is_table_file(path.name) and path.suffix.lower() not in (".csv", ".tsv"):
        raise RequestError(f"{path} cannot be read in parts", allowed="CSV or Parquet")
    names: list[str] = []
    try:
        if is_parquet:
            with pq.ParquetFile(path) as file:
                names = file.schema_arrow.names
                chosen = _id_column(names, bundle, id_column, path)
                wanted = [name for name in names if name in (*_used(bundle), chosen)]
                yield chosen, file.iter_batches(_PARQUET_ROWS, columns=wanted)
        else:
            text = read_head(path, [column.name for column in bundle.manifest.columns if not column.source])
            names = list(text.names)
            chosen = _id_column(names, bundle, id_column, path)
            numbers = {column.name for column in bundle.manifest.columns if not _is_text(column, names)}
            kinds = {name: pa.float64() if name in numbers else pa.string() for name in names}
            options = pa_csv.ConvertOptions(
                column_types=kinds, null_values=MISSING, strings_can_be_null=False, decimal_point=text.decimal
            )
            reading = pa_csv.ReadOptions(block_size=_CSV_BYTES, encoding=text.encoding)
            with pa_csv.open_csv(path, reading, pa_csv.ParseOptions(delimiter=text.delimiter), options) as file:
                yield chosen, iter(file)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise _unreadable(path, names, str(error).splitlines()[0]) from error


def _unreadable(path: Path, names: list[str], message: str) -> RequestError:
    """Return the error for a file that Arrow cannot read; its message counts columns from 0, and the head as a row."""
    if found := _CONVERSION.search(message):
        row = f", row {int(found['row']) - 1}" if found["row"] else ""
        what = f"column {names[int(found['column'])]!r}{row}: {found['value']} is not a number"
        return RequestError(printable(what), where=str(path), allowed="numbers alike in the whole column, or empty")
    return RequestError(f"{path} cannot be read: {printable(message)}", allowed="CSV or Parquet")


def _id_of(names: list[str], bundle: Bundle, wanted: str | None) -> str | None:
    return wanted or next((name for name in names if name not in _used(bundle)), None)


def _used(bundle: Bundle) -> tuple[str, ...]:
    """Return the columns of a file that a program can use: its own, and those that some of its own are made of."""
    sources = (column.source.column for column in bundle.manifest.columns if column.source)
    return tuple(dict.fromkeys((*bundle.program.columns, *sources)))


def _is_text(column: ColumnFacts, names: Sequence[str]) -> bool:
    """Whether a column of the program is made of a category or a date of a file; it may also be given as numbers."""
    return column.source is not None and (column.name not in names or column.name == column.source.column)


def _raw_name(column: ColumnFacts, names: Sequence[str]) -> str:
    """Return the column of a file that gives a column of the program."""
    return column.source.column if column.source and column.name not in names else column.name


def _id_column(names: list[str], bundle: Bundle, wanted: str | None, path: Path) -> str | None:
    """Return the column of the ids, None for row numbers; refuse a file that lacks a column."""
    needed = [*(_raw_name(column, names) for column in bundle.manifest.columns), *([wanted] if wanted else [])]
    missing = [name for name in needed if name not in names]
    if missing:
        hint = did_you_mean(missing[0], names)
        allowed = names if missing[0] == wanted else list(dict.fromkeys(needed))
        raise RequestError(f"{path} has no column {missing[0]!r}{hint}", allowed=", ".join(allowed))
    return _id_of(names, bundle, wanted)


def _values(bundle: Bundle, part: Any, first_row: int, path: Path) -> NDArray[np.float64]:
    """Return the values of a part, shape (n, p), NaN where missing."""
    columns, names = [], part.schema.names
    for facts in bundle.manifest.columns:
        name = _raw_name(facts, names)
        column = part.column(name)
        if facts.source and _is_text(facts, names):
            texts = column if pa.types.is_temporal(column.type) else pc.cast(column, pa.string())
            try:
                columns.append(numbers_of(facts.source, texts.to_pandas(), MISSING))
            except RequestError as error:
                raise error.within(str(path)) from error
            continue
        if not any(is_kind(column.type) for is_kind in _NUMERIC):
            raise RequestError(f"{path}: column {name!r} holds {column.type}", allowed="numbers")
        columns.append(pc.cast(column, pa.float64(), safe=False).to_numpy(zero_copy_only=False))
    return np.column_stack(columns)


def _unknown(field: RawField, part: Any) -> pd.Series:
    """Return the texts of a category that are no level of the fitted table, missing in other rows, shape (n,)."""
    names = part.schema.names
    if not any(_is_text(column, names) for column in field.columns):
        return pd.Series([None] * part.num_rows, dtype=object)
    texts: pd.Series = pc.cast(part.column(field.name), pa.string()).to_pandas().astype(object)
    return texts.mask(texts.isin([*field.levels, *MISSING]))


def _outcome(bundle: Bundle, part: FilePart, first_row: int) -> Any:
    """Return the outcome for a part as a record batch."""
    values, given = part.values, part.given
    ids = pa.array(np.arange(first_row, first_row + len(values))) if part.ids is None else part.ids
    none = given.segment == 0
    called = pa.array([bundle.names.get(number) for number in range(max(bundle.names) + 1)], pa.string())
    names = (*bundle.program.columns, *(field.name for field in categories(bundle.manifest)))
    outside = bundle.out_of_range(values)
    columns = [
        pc.cast(ids, pa.string()),
        pa.array(given.segment, mask=none),
        called.take(pa.array(given.segment)),
        pa.array(given.distance),
        pa.array(given.margin),
        pa.array(given.second, mask=given.second == 0),
        _listed(bundle.imputed(values), bundle.program.columns),
        _listed(np.column_stack([outside, *(texts.notna() for texts in part.unknown)]), names),
    ]
    return pa.record_batch(columns, schema=SCHEMA)


def _listed(marked: NDArray[np.bool_], names: tuple[str, ...]) -> Any:
    """Return the names of the marked columns of each row, joined; few different sets of them occur."""
    packed = np.packbits(marked, axis=1)
    _, first, place = np.unique(packed, axis=0, return_index=True, return_inverse=True)
    texts = [";".join(name for name, is_marked in zip(names, marked[row], strict=True) if is_marked) for row in first]
    return pa.array(texts, pa.string()).take(pa.array(place.reshape(-1)))


@contextmanager
def _writer(sink: Path | IO[bytes]) -> Iterator[Any]:
    """Give a function that writes a record batch; a file is put in place when everything is written."""
    if not isinstance(sink, Path):
        with pa_csv.CSVWriter(sink, SCHEMA) as writer:
            yield writer.write_batch
        return
    temporary = sink.with_name(f".{sink.name}.tmp")
    try:
        kind = pq.ParquetWriter if sink.suffix.lower() in (".parquet", ".pq") else pa_csv.CSVWriter
        with kind(str(temporary), SCHEMA) as writer:
            yield writer.write_batch
        temporary.replace(sink)
    except OSError as error:
        raise RequestError(f"{sink} cannot be written: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)
