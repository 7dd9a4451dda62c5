"""Text tables to data frames: CSV, TSV and ARFF, refused with a reason rather than misread."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import pandas as pd

from clusterbench.datasets.raw_table import RawTable, check_names
from clusterbench.errors import RequestError

# Fields that are missing values, as in pandas; in a column of ids only the empty field is missing.
MISSING: Final = (
    *("", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>"),
    *("N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"),
)
_NUMBER: Final = re.compile(r"\s*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\s*")
_INTEGER: Final = re.compile(r"\s*[+-]?[0-9]{1,308}\s*")
_EXACT_DIGITS: Final = 15  # every integer of so many digits is a float64
_ATTRIBUTE: Final = re.compile(r"@attribute\s+('[^']*'|\"[^\"]*\"|\S+)\s+(.*)", re.IGNORECASE)


def delimited_table(text: str, delimiter: str, *, id_columns: Sequence[str], header: bool | None) -> RawTable:
    """Read CSV or TSV; in a CSV without commas, semicolons or tabs delimit.

    Parameters
    ----------
    text, delimiter : str
    id_columns : sequence of str
        Columns read as text, exactly as they are in the file: ``00123`` is not 123, ``NA`` is not missing.
    header : bool, optional
        Whether the first line holds the column names. By default it does, and a line of numbers is refused.
    """
    head = text.lstrip("\r\n").split("\n", 1)[0]
    if delimiter == "," and "," not in head:
        delimiter = next((other for other in (";", "\t") if other in head), delimiter)
    lines = _lines(text, delimiter, '"')
    first = next(lines, (1, []))[1]
    warnings = _number_names(first) if header is None else ()
    if header is False:
        names = [f"x{position}" for position in range(1, len(first) + 1)]
        lines = _lines(text, delimiter, '"')
    else:
        names = [name or f"Unnamed: {position}" for position, name in enumerate(first)]
    check_names(names)
    frame = _parse(text.lstrip("\r\n"), names, lines, id_columns, delimiter=delimiter, skip_first=header is not False)
    return RawTable(frame, "", warnings=warnings)


def _number_names(first: Sequence[str]) -> tuple[str, ...]:
    """Refuse a first line of numbers; return a warning where some of the column names are numbers."""
    numbers = [field.strip() for field in first if _NUMBER.fullmatch(field)]
    shown = ", ".join(numbers[:5])
    if numbers and all(_NUMBER.fullmatch(field) or field.strip() in MISSING for field in first):
        raise RequestError(
            f"the first line holds numbers instead of column names: {shown}",
            allowed="a first line of names; header = false (it is a row; columns x1, x2, ...); header = true (names)",
        )
    said = f"column names are numbers: {shown}; if the first line is a row, declare header = false, else header = true"
    return (said,) if numbers else ()


def arff_table(text: str, *, id_columns: Sequence[str]) -> RawTable:
    """Read a dense ARFF file: attribute names, then comma-separated data with `?` for missing."""
    names: list[str] = []
    lines = text.splitlines()
    start = 0
    for start, line in enumerate(lines, start=1):  # noqa: B007 - the first line after @data
        if attribute := _ATTRIBUTE.match(line.strip()):
            names.append(attribute[1].strip("'\""))
        elif line.strip().lower() == "@data":
            break
    else:
        raise RequestError("has no @data line", allowed="an ARFF file")
    data = [line for line in lines[start:] if line.strip() and not line.startswith("%")]
    if any(line.lstrip().startswith("{") for line in data[:1]):
        raise RequestError("is a sparse ARFF file", allowed="dense data")
    check_names(names)
    if not data:
        raise RequestError("has a header but no rows")
    body = "\n".join(data)
    quote = "'" if "'" in body else '"'
    return RawTable(_parse(body, names, _lines(body, ",", quote), id_columns, quote=quote, missing=("?",)), "")


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
    lines: Iterable[tuple[int, list[str]]],
    id_columns: Sequence[str],
    *,
    delimiter: str = ",",
    quote: str = '"',
    missing: tuple[str, ...] = (),
    skip_first: bool = False,
) -> pd.DataFrame:
    ids = [name for name in id_columns if name in names]
    exact = [names[position] for position in sorted(_checked_lines(lines, len(names))) if names[position] not in ids]
    try:
        frame = pd.read_csv(
            io.StringIO(text, newline=None),
            sep=delimiter,
            quotechar=quote,
            names=list(names),
            header=0 if skip_first else None,
            index_col=False,
            dtype=dict.fromkeys([*ids, *exact], "str"),
            keep_default_na=False,
            na_values={name: ("", *missing) if name in ids else (*MISSING, *missing) for name in names},
            skip_blank_lines=len(names) > 1,
            float_precision="round_trip",
            low_memory=False,
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError, OverflowError) as error:
        raise RequestError(f"cannot be parsed: {error}") from error
    for name in exact:
        values = [_exact_number(field) if isinstance(field, str) else None for field in frame[name]]
        frame[name] = pd.Series(values, dtype=object)
    return frame


def _checked_lines(lines: Iterable[tuple[int, list[str]]], width: int) -> set[int]:
    """Refuse ragged rows, which pandas fills with missing values; return the positions of long integers."""
    long: set[int] = set()
    for line, fields in lines:
        if len(fields) != width:
            raise RequestError(f"line {line} has {len(fields)} fields, the header has {width}")
        long.update(at for at, field in enumerate(fields) if len(field) > _EXACT_DIGITS and _INTEGER.fullmatch(field))
    return long


def _exact_number(field: str) -> int | float | str:
    """Return an integer with all its digits, another number as a float, and text as it is."""
    if _INTEGER.fullmatch(field):
        return int(field)
    is_number = _NUMBER.fullmatch(field) or field.strip().lower().lstrip("+-") in ("inf", "infinity")
    return float(field) if is_number else field
