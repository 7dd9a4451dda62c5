"""Text tables to data frames: CSV, TSV and ARFF, refused with a reason rather than misread."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from typing import Final

import pandas as pd

from clusterbench.datasets.raw_table import RawTable
from clusterbench.errors import RequestError

_NUMBER: Final = re.compile(r"\s*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\s*")
_INTEGER: Final = re.compile(r"\s*[+-]?[0-9]{1,308}\s*")
_EXACT_DIGITS: Final = 15  # every integer of so many digits is a float64
_DATA: Final = re.compile(r"^\s*@data\s*$", re.IGNORECASE | re.MULTILINE)
_ATTRIBUTE: Final = re.compile(r"^\s*@attribute\s+('[^']*'|\"[^\"]*\"|\S+)\s", re.IGNORECASE | re.MULTILINE)


def delimited_table(text: str, delimiter: str, *, id_columns: Sequence[str], header: bool | None) -> RawTable:
    """Read CSV or TSV; in a CSV without commas, semicolons or tabs delimit.

    Ids are text, exactly as in the file: ``00123`` is not 123, ``NA`` is not missing. `header` says whether the first
    line holds the column names; by default it does, and a line of numbers is refused.
    """
    head = text.lstrip("\r\n").split("\n", 1)[0]
    if delimiter == "," and "," not in head:
        delimiter = next((other for other in (";", "\t") if other in head), delimiter)
    first = next(_lines(text, delimiter, '"'), (1, []))[1]
    warnings = _number_names(first) if header is None else ()
    if header is False:
        names = [f"x{position}" for position in range(1, len(first) + 1)]
    else:
        names = [name or f"Unnamed: {position}" for position, name in enumerate(first)]
    frame = _parse(text, names, id_columns, delimiter=delimiter, header=None if header is False else 0)
    return RawTable(frame, warnings=warnings)


def _number_names(first: Sequence[str]) -> tuple[str, ...]:
    """Refuse a first line of numbers; return a warning where some of the column names are numbers."""
    numbers = [field.strip() for field in first if _NUMBER.fullmatch(field)]
    shown = ", ".join(numbers[:5])
    others = {field.strip().lower() for field in first if not _NUMBER.fullmatch(field)}
    if numbers and others <= {"", "na", "n/a", "nan", "null", "none"}:
        raise RequestError(
            f"the first line holds numbers instead of column names: {shown}",
            allowed="a first line of names; header = false (it is a row; columns x1, x2, ...); header = true (names)",
        )
    said = f"column names are numbers: {shown}; if the first line is a row, declare header = false, else header = true"
    return (said,) if numbers else ()


def arff_table(text: str, *, id_columns: Sequence[str]) -> RawTable:
    """Read a dense ARFF file: attribute names, then comma-separated data with `?` for missing."""
    header, *rest = _DATA.split("\n".join(text.splitlines()), maxsplit=1)
    if not rest:
        raise RequestError("has no @data line", allowed="an ARFF file")
    names = [attribute.strip("'\"") for attribute in _ATTRIBUTE.findall(header)]
    data = [line for line in rest[0].split("\n") if line.strip() and not line.startswith("%")]
    if not data:
        raise RequestError("has a header but no rows")
    if data[0].lstrip().startswith("{"):
        raise RequestError("is a sparse ARFF file", allowed="dense data")
    body = "\n".join(data)
    return RawTable(_parse(body, names, id_columns, quote="'" if "'" in body else '"', missing="?"))


def _lines(text: str, delimiter: str, quote: str) -> Iterator[tuple[int, list[str]]]:
    """Yield line number and fields of each line that is not blank."""
    reader = csv.reader(io.StringIO(text, newline=None), delimiter=delimiter, quotechar=quote, strict=True)
    try:
        for fields in reader:
            if fields:
                yield reader.line_num, fields
    except csv.Error as error:
        raise RequestError(f"line {reader.line_num}: {error}") from error


def _parse(
    text: str,
    names: Sequence[str],
    id_columns: Sequence[str],
    *,
    delimiter: str = ",",
    quote: str = '"',
    missing: str = "",
    header: int | None = None,
) -> pd.DataFrame:
    """Parse with pandas; keep ids as text and long integers exact."""
    ids = {position for position, name in enumerate(names) if name in id_columns}
    exact: set[int] = set()
    for line, fields in _lines(text, delimiter, quote):
        if len(fields) != len(names):  # pandas would fill the row with missing values
            raise RequestError(f"line {line} has {len(fields)} fields, the header has {len(names)}")
        exact |= {at for at, field in enumerate(fields) if len(field) > _EXACT_DIGITS and _INTEGER.fullmatch(field)}
    try:
        frame = pd.read_csv(
            io.StringIO(text.lstrip("\r\n"), newline=None),
            sep=delimiter,
            quotechar=quote,
            names=range(len(names)),
            header=header,
            index_col=False,
            dtype=dict.fromkeys(exact - ids, "str"),
            converters=dict.fromkeys(ids, str),
            na_values=[missing],
            skip_blank_lines=len(names) > 1,
            float_precision="round_trip",
            low_memory=False,
        )
    except (ValueError, OverflowError) as error:
        raise RequestError(f"cannot be parsed: {error}") from error
    for position in ids:
        frame[position] = frame[position].mask(frame[position].isin(["", missing]))
    for position in exact - ids:
        values = [_exact_number(field) if isinstance(field, str) else None for field in frame[position]]
        frame[position] = pd.Series(values, dtype=object)
    return frame.set_axis(list(names), axis=1)


def _exact_number(field: str) -> int | float | str:
    """Return an integer with all its digits, another number as a float, and text as it is."""
    if "_" in field:  # which Python accepts between digits
        return field
    try:
        return int(field) if _INTEGER.fullmatch(field) else float(field)
    except ValueError:
        return field
