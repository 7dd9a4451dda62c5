"""Files to raw tables: CSV, TSV, ARFF and Parquet."""

from __future__ import annotations

import gzip
import hashlib
import io
import stat
import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from clusterbench.datasets.arrow_tables import parquet_table
from clusterbench.datasets.dataset_spec import DatasetSpec
from clusterbench.datasets.raw_table import RawTable, check_names
from clusterbench.datasets.text_tables import arff_table, delimited_table
from clusterbench.errors import RequestError, did_you_mean

SUFFIXES: Final = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet", ".pq", ".arff")


def read_file(path: Path, spec: DatasetSpec) -> RawTable:
    """Read a table, by its suffix; `spec` gives ids, header and SHA-256.

    Raises
    ------
    RequestError
        If there is no such file, its suffix is unknown, or its content is not one rectangular table.
    """
    _check_is_file(path)
    suffix = _suffix(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RequestError(f"{path} cannot be read: {error.strerror or error}") from error
    if spec.sha256 is not None and (actual := hashlib.sha256(content).hexdigest()) != spec.sha256.lower():
        raise RequestError(f"{path}: SHA-256 is {actual}", allowed=spec.sha256.lower())
    max_bytes = None if spec.url is None else int(spec.max_mb * 1e6)
    return read_bytes(content, suffix, str(path), id_columns=spec.id_columns, header=spec.header, max_bytes=max_bytes)


def read_bytes(
    content: bytes,
    suffix: str,
    source: str,
    *,
    id_columns: Sequence[str] = (),
    header: bool | None = None,
    max_bytes: int | None = None,
) -> RawTable:
    """Read the content of a file.

    Parameters
    ----------
    content : bytes
    suffix : str
        One of `SUFFIXES`.
    source : str
    id_columns, header
        See `delimited_table`.
    max_bytes : int, optional
        Limit of the unpacked content of a gzip file.
    """
    try:
        if not content.strip():
            raise RequestError("is empty")
        if suffix in (".parquet", ".pq"):
            raw = parquet_table(content)
        elif suffix == ".arff":
            raw = arff_table(_decode(content), id_columns=id_columns)
        else:
            text = _decode(_unzip(content, max_bytes) if suffix.endswith(".gz") else content)
            delimiter = "\t" if suffix.startswith(".tsv") else ","
            raw = delimited_table(text, delimiter, id_columns=id_columns, header=header)
        check_names(raw.frame.columns)
        if raw.frame.empty:
            raise RequestError("has a header but no rows")
    except RequestError as error:
        raise error.within(source) from error
    return replace(raw, source=source)


def _suffix(path: Path) -> str:
    for suffix in sorted(SUFFIXES, key=len, reverse=True):
        if path.name.lower().endswith(suffix):
            return suffix
    raise RequestError(f"{path}: unknown kind of file {path.suffix or path.name!r}", allowed=", ".join(SUFFIXES))


def _check_is_file(path: Path) -> None:
    if not path.exists():
        if not path.parent.is_dir():
            raise RequestError(f"{path} does not exist: there is no folder {path.parent}")
        near = did_you_mean(path.name, (entry.name for entry in path.parent.iterdir()))
        raise RequestError(f"{path} does not exist{near}")
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        raise RequestError(f"{path} is a folder", allowed="a file in it")
    if not stat.S_ISREG(mode):  # reading a pipe would wait for a writer
        raise RequestError(f"{path} is no regular file")


def _unzip(content: bytes, max_bytes: int | None) -> bytes:
    try:
        unpacked = gzip.GzipFile(fileobj=io.BytesIO(content)).read(-1 if max_bytes is None else max_bytes + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise RequestError(f"is not a complete gzip file: {error}") from error
    if max_bytes is not None and len(unpacked) > max_bytes:
        raise RequestError(f"unpacks to more than {max_bytes / 1e6:g} MB", allowed="a larger max_mb")
    return unpacked


def _decode(content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise RequestError(
            f"byte {content[error.start]:#04x} in line {line} is not UTF-8", allowed="a UTF-8 text file"
        ) from error
    if "\0" in text:  # the rest of a crashed write, or UTF-16; it would be read as missing values
        line = text.count("\n", 0, text.index("\0")) + 1
        raise RequestError(f"a NUL byte in line {line}", allowed="a UTF-8 text file")
    return text
