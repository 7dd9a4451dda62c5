"""Files to raw tables: CSV, TSV, Excel, JSON lines, ARFF, Parquet, and tables of numbers with their label files."""

import hashlib
import io
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clusterbench.datasets.compressed_files import COMPRESSIONS, unpacked
from clusterbench.datasets.dataset_spec import DatasetSpec
from clusterbench.datasets.raw_table import RawTable, arrow_frame, column_name
from clusterbench.datasets.record_files import excel_table, json_lines_table
from clusterbench.datasets.text_encoding import UTF_8, decoded
from clusterbench.datasets.text_tables import TextFormat, arff_table, delimited_table
from clusterbench.errors import RequestError, did_you_mean
from clusterbench.text import printable

_DELIMITED: Final = {".csv": ",", ".tsv": "\t"}
_TEXTS: Final = (*_DELIMITED, ".jsonl", ".ndjson", ".arff", ".data")
SUFFIXES: Final = (*_TEXTS, ".xlsx", ".parquet", ".pq")
NUMBERS: Final = ".data"
_NOISE_LABEL: Final = "0"  # of label files
_KINDS_OF_KEY: Final = {
    **dict.fromkeys(("separator", "decimal", "thousands"), tuple(_DELIMITED)),
    "header": (*_DELIMITED, ".xlsx"),
    "encoding": _TEXTS,
    "sheet": (".xlsx",),
}


def read_file(path: Path, spec: DatasetSpec) -> RawTable:
    """Read a table, by its suffix; `spec` says how. Content that is no table is refused.

    Beside a table of numbers, ``NAME.data`` or ``NAME.data.gz``, the files ``NAME.labels0``, ``NAME.labels1.gz``, ...
    hold known classes, a whole number per row: columns ``labels0``, ``labels1``, ... of the result.
    """
    content = _content(path)
    if spec.sha256 is not None and (actual := hashlib.sha256(content).hexdigest()) != spec.sha256.lower():
        raise RequestError(f"{path}: SHA-256 is {actual}", allowed=spec.sha256.lower())
    try:
        content, name = unpacked(content, path.name, None if spec.url is None else spec.max_mb)
        suffix = next((suffix for suffix in SUFFIXES if name.lower().endswith(suffix)), None)
        if suffix is None:
            allowed = f"{', '.join(SUFFIXES)}; then also {', '.join(COMPRESSIONS)}"
            raise RequestError(f"unknown kind of file {Path(name).suffix or name!r}", allowed=allowed)
        for key, kinds in _KINDS_OF_KEY.items():
            if getattr(spec, key) is not None and suffix not in kinds:
                raise RequestError(f"{key} has no meaning here", allowed=f"{key} of {', '.join(kinds)}")
    except RequestError as error:
        raise error.within(str(path)) from error
    raw = read_bytes(content, suffix, str(path), spec)
    return _with_labels(raw, label_files(path)) if suffix == NUMBERS else raw


def is_table_file(name: str) -> bool:
    """Whether a file of this name is read as a table."""
    plain = name.lower().removesuffix(next((end for end in COMPRESSIONS if name.lower().endswith(end)), ""))
    return plain.endswith(SUFFIXES) or name.lower().endswith(".zip")


def label_files(path: Path) -> dict[str, Path]:
    """Return the label files beside a table of numbers by the name of their column, in the order of their numbers."""
    stem = re.sub(r"\.data(\.gz)?$", "", path.name, flags=re.IGNORECASE)
    numbered = {}
    for file in path.parent.iterdir():
        if name := re.fullmatch(re.escape(stem) + r"\.labels(\d+)(\.gz)?", file.name):
            numbered[int(name[1])] = file
    return {f"labels{number}": numbered[number] for number in sorted(numbered)}


def _with_labels(raw: RawTable, files: dict[str, Path]) -> RawTable:
    labels = {}
    for name, file in files.items():
        content = _content(file)
        try:
            values = _numbers(decoded(unpacked(content, file.name)[0])[0], np.int64)
            if values.shape != (len(raw.frame), 1):
                raise RequestError(f"{len(values)} labels", allowed=f"{len(raw.frame)}, one whole number per row")
        except RequestError as error:
            raise error.within(str(file)) from error
        labels[name] = values[:, 0]
    return replace(raw, frame=raw.frame.assign(**labels), truth_columns=tuple(labels), truth_noise=_NOISE_LABEL)


def _numbers(text: str, dtype: type[np.float64 | np.int64]) -> NDArray[Any]:
    """Return the numbers of a text, shape (lines, numbers per line)."""
    if not text.strip():
        raise RequestError("is empty")
    try:
        return np.loadtxt(io.StringIO(text), dtype=dtype, ndmin=2, comments=None)
    except ValueError as error:
        raise RequestError(str(error), allowed="numbers, separated by blanks") from error


def _content(path: Path) -> bytes:
    try:
        if not path.is_file():  # a pipe, for example: reading it would wait for a writer
            raise no_file(path)
        return path.read_bytes()
    except OSError as error:
        raise RequestError(f"{path} cannot be read: {error.strerror or error}") from error


def read_bytes(content: bytes, suffix: str, source: str, spec: DatasetSpec | None = None) -> RawTable:
    """Read the content of a file that is not compressed; `spec` says how."""
    try:
        if not content.strip():
            raise RequestError("is empty")
        id_columns = () if spec is None else spec.id_columns
        if suffix in (".parquet", ".pq"):
            raw = _parquet_table(content)
        elif suffix == ".xlsx":
            sheet, header = (None, None) if spec is None else (spec.sheet, spec.header)
            raw = excel_table(content, sheet=sheet, id_columns=id_columns, header=header)
        else:
            raw = _text_table(content, suffix, spec)
        if raw.frame.empty:
            raise RequestError("has a header but no rows")
    except RequestError as error:
        raise error.within(source) from error
    return replace(raw, source=source)


def _text_table(content: bytes, suffix: str, spec: DatasetSpec | None) -> RawTable:
    text, encoding = decoded(content, None if spec is None else spec.encoding)
    id_columns = () if spec is None else spec.id_columns
    if suffix == NUMBERS:
        values = _numbers(text, np.float64)
        raw = RawTable(pd.DataFrame(values, columns=[f"x{at}" for at in range(1, values.shape[1] + 1)]))
    elif suffix == ".arff":
        raw = arff_table(text, id_columns=id_columns)
    elif suffix in _DELIMITED:
        raw = delimited_table(text, TextFormat() if spec is None else _format(spec), usual=_DELIMITED[suffix])
    else:
        raw = json_lines_table(text, id_columns=id_columns)
    is_usual = encoding == UTF_8
    return raw if is_usual else replace(raw, reading=(*raw.reading, f"encoding {encoding}"))


def _format(spec: DatasetSpec) -> TextFormat:
    columns = (spec.id_columns, spec.keep or (), (*spec.drop, *spec.truth))
    return TextFormat(spec.separator, spec.decimal, spec.thousands, spec.header, *columns, spec.missing)


def _parquet_table(content: bytes) -> RawTable:
    """Read a Parquet file with the index that pandas stored.

    A named index is a column; one that is not numeric and unique gives the row ids, and so does an unnamed index. Index
    levels that repeat a column, as after ``set_index(..., drop=False)``, are left out.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        frame = arrow_frame(pq.read_table(io.BytesIO(content)))
    except (pa.ArrowException, OSError, ValueError, TypeError) as error:
        raise RequestError(f"is not a readable Parquet file: {printable(str(error).strip())}") from error
    frame = frame.set_axis([column_name(label) for label in frame.columns], axis=1)
    frame.index.names = [None if name is None else column_name(name) for name in frame.index.names]
    repeated = [str(name) for name in frame.index.names if name in frame.columns]
    for name in repeated:
        if frame[name].tolist() != frame.index.get_level_values(name).tolist():
            raise RequestError(f"an index and a column are both called {name!r}", allowed="another name for the index")
    frame = frame.reset_index(level=repeated, drop=True)
    index = frame.index
    if any(name is not None for name in index.names):
        is_id = index.nlevels == 1 and index.is_unique and not pd.api.types.is_numeric_dtype(index.dtype)
        return RawTable(frame.reset_index(), id_column=str(index.name) if is_id else None)
    if index.is_unique:
        return RawTable(frame)
    warning = "the index has duplicates: rows are identified by their numbers"
    return RawTable(frame.reset_index(drop=True), warnings=(warning,))


def no_file(path: Path) -> RequestError:
    """Return the error for a path that is no file, with the nearest name."""
    if path.is_dir():
        return RequestError(f"{path} is a folder", allowed="a file in it")
    if path.exists():
        return RequestError(f"{path} is no regular file")
    if not path.parent.is_dir():
        return RequestError(f"{path} does not exist: there is no folder {path.parent}")
    return RequestError(f"{path} does not exist{did_you_mean(path.name, map(str, os.listdir(path.parent)))}")
