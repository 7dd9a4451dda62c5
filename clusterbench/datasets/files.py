"""Files to data frames: CSV, TSV, ARFF and Parquet, refused with a reason rather than read wrongly."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import re
import stat
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import pandas as pd

from clusterbench.errors import RequestError, did_you_mean

SUFFIXES: Final = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet", ".pq", ".arff")
_ATTRIBUTE: Final = re.compile(r"@attribute\s+('[^']*'|\"[^\"]*\"|\S+)\s+(.*)", re.IGNORECASE)


def read_file(path: Path, *, text_columns: Iterable[str] = (), sha256: str | None = None) -> pd.DataFrame:
    """Read a table, by its suffix.

    Parameters
    ----------
    path : Path
    text_columns : iterable of str
        Columns read as text even where they look like numbers (``00123`` stays as it is).
    sha256 : str, optional
        Checked against the bytes of the file.

    Returns
    -------
    DataFrame
        Unique column names, index 0..n-1.

    Raises
    ------
    RequestError
        If there is no such file, its suffix is unknown, or its content is not one rectangular table.
    """
    _check_there(path)
    suffix = _suffix(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RequestError(f"{path} cannot be read: {error.strerror or error}") from error
    if sha256 is not None and (found := hashlib.sha256(content).hexdigest()) != sha256.lower():
        raise RequestError(f"{path}: SHA-256 is {found}", allowed=sha256.lower())
    return read_bytes(content, suffix, text_columns=tuple(text_columns), where=str(path))


def read_bytes(content: bytes, suffix: str, *, text_columns: Sequence[str] = (), where: str) -> pd.DataFrame:
    """Read the content of a file; see `read_file`."""
    if not content.strip():
        raise RequestError("is empty", where=where)
    if suffix in (".parquet", ".pq"):
        frame = _parquet(content, where)
    elif suffix == ".arff":
        frame = _arff(_decode(content, where), text_columns, where)
    else:
        if suffix.endswith(".gz"):
            content = _unzip(content, where)
        delimiter = "\t" if suffix.startswith(".tsv") else ","
        frame = _delimited(_decode(content, where), delimiter, text_columns, where)
    _check_names([str(column) for column in frame.columns], where)
    if frame.empty:
        raise RequestError("has a header but no rows", where=where)
    return frame


def _suffix(path: Path) -> str:
    for suffix in sorted(SUFFIXES, key=len, reverse=True):
        if path.name.lower().endswith(suffix):
            return suffix
    raise RequestError(f"{path}: unknown kind of file {path.suffix or path.name!r}", allowed=", ".join(SUFFIXES))


def _check_there(path: Path) -> None:
    mode = path.stat().st_mode if path.exists() else None
    if mode is not None and stat.S_ISDIR(mode):
        raise RequestError(f"{path} is a folder", allowed="a file in it")
    if mode is not None and not stat.S_ISREG(mode):  # a pipe would be waited for
        raise RequestError(f"{path} is no regular file")
    if mode is None:
        folder = path.parent
        if not folder.is_dir():
            raise RequestError(f"{path} does not exist: there is no folder {folder}")
        near = {entry.name.lower(): entry.name for entry in folder.iterdir()}
        hint = did_you_mean(path.name, near)
        for lower, name in near.items():
            hint = hint.replace(repr(lower), repr(name))
        raise RequestError(f"{path} does not exist{hint}")


def _unzip(content: bytes, where: str) -> bytes:
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise RequestError(f"is not a complete gzip file: {error}", where=where) from error


def _decode(content: bytes, where: str) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise RequestError(
            f"byte {content[error.start]:#04x} in line {line} is not UTF-8", where=where, allowed="a UTF-8 text file"
        ) from error
    if "\0" in text:  # what a crash leaves of a file, or UTF-16; it would be read as missing values
        line = text.count("\n", 0, text.index("\0")) + 1
        raise RequestError(f"a NUL byte in line {line}", where=where, allowed="a UTF-8 text file")
    return text


def _check_names(names: Sequence[str], where: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise RequestError(f"two columns are called {name!r}", where=where, allowed="unique column names")
        seen.add(name)


def _delimited(text: str, delimiter: str, text_columns: Sequence[str], where: str) -> pd.DataFrame:
    head = text.lstrip("\r\n").split("\n", 1)[0]
    if delimiter == "," and "," not in head:
        delimiter = next((other for other in (";", "\t") if other in head), delimiter)
    rows = _cells(text, delimiter, '"', where)
    first = next(rows, (1, []))[1]
    header = [name or f"Unnamed: {position}" for position, name in enumerate(first)]
    _check_names(header, where)
    _check_widths(rows, len(header), where)
    return _parse(text, header, text_columns, where, delimiter=delimiter, skip_header=True)


def _cells(text: str, delimiter: str, quote: str, where: str) -> Iterator[tuple[int, list[str]]]:
    """Yield line number and fields of each line that is not blank."""
    reader = csv.reader(io.StringIO(text, newline=None), delimiter=delimiter, quotechar=quote, strict=True)
    try:
        for fields in reader:
            if fields:
                yield reader.line_num, fields
    except csv.Error as error:
        raise RequestError(f"line {reader.line_num}: {error}", where=where) from error


def _check_widths(rows: Iterable[tuple[int, list[str]]], width: int, where: str) -> None:
    """Refuse ragged rows: pandas fills short ones with missing values without a word."""
    for line, fields in rows:
        if len(fields) != width:
            raise RequestError(f"line {line} has {len(fields)} fields, the header has {width}", where=where)


def _parse(
    text: str,
    names: Sequence[str],
    text_columns: Sequence[str],
    where: str,
    *,
    delimiter: str = ",",
    quote: str = '"',
    missing: Sequence[str] = (),
    skip_header: bool = False,
) -> pd.DataFrame:
    try:
        return pd.read_csv(
            io.StringIO(text, newline=None),
            sep=delimiter,
            quotechar=quote,
            names=list(names),
            header=0 if skip_header else None,
            index_col=False,
            dtype={column: "str" for column in text_columns if column in names},
            na_values=list(missing),
            skip_blank_lines=len(names) > 1,
            float_precision="round_trip",
            low_memory=False,
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError, OverflowError) as error:
        raise RequestError(f"cannot be parsed: {error}", where=where) from error


def _arff(text: str, text_columns: Sequence[str], where: str) -> pd.DataFrame:
    """Read a dense ARFF file: attribute names, then comma-separated data with `?` for missing."""
    names: list[str] = []
    lines = text.splitlines()
    start = 0
    for start, line in enumerate(lines, start=1):  # noqa: B007 - the first line after @data
        if found := _ATTRIBUTE.match(line.strip()):
            names.append(found[1].strip("'\""))
        elif line.strip().lower() == "@data":
            break
    else:
        raise RequestError("has no @data line", where=where, allowed="an ARFF file")
    data = [line for line in lines[start:] if line.strip() and not line.startswith("%")]
    if any(line.lstrip().startswith("{") for line in data[:1]):
        raise RequestError("is a sparse ARFF file", where=where, allowed="dense data")
    _check_names(names, where)
    if not data:
        raise RequestError("has a header but no rows", where=where)
    body = "\n".join(data)
    quote = "'" if "'" in body else '"'
    _check_widths(_cells(body, ",", quote, where), len(names), where)
    return _parse(body, names, text_columns, where, quote=quote, missing=["?"])


def _parquet(content: bytes, where: str) -> pd.DataFrame:
    import pyarrow

    try:
        frame = pd.read_parquet(io.BytesIO(content), engine="pyarrow")
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise RequestError(f"is not a readable Parquet file: {error}", where=where) from error
    named = [name for name in frame.index.names if name is not None]
    # pandas stores a named index beside the columns: it is data, an unnamed one is a row number.
    frame = frame.reset_index(drop=not named)
    return frame.rename(columns=str)
