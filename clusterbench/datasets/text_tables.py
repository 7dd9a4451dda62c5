"""Text tables to data frames: CSV, TSV and ARFF, refused with a reason rather than misread."""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any, Final

import numpy as np
import pandas as pd

from clusterbench.datasets.number_formats import PLAIN, NumberFormat, find_number_format, number_formats
from clusterbench.datasets.raw_table import RawTable, distinct_names
from clusterbench.errors import RequestError

_NUMBER: Final = re.compile(r"\s*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\s*")
_INTEGER: Final = re.compile(r"\s*[+-]?[0-9]{1,308}\s*")
_EXACT_DIGITS: Final = 15  # every integer of so many digits is a float64
_MANY_DIGITS: Final = re.compile(r"[0-9]{16}")
_DATA: Final = re.compile(r"^\s*@data\s*$", re.IGNORECASE | re.MULTILINE)
_ATTRIBUTE: Final = re.compile(r"^\s*@attribute\s+('[^']*'|\"[^\"]*\"|\S+)\s", re.IGNORECASE | re.MULTILINE)
_SEPARATORS: Final = (",", ";", "\t", "|")
_PIECE: Final = 65_536  # characters that are encoded at one time
_PART_ROWS: Final = 20_000  # that pandas parses at one time
_NUMBERS: Final = {np.dtype(np.int64), np.dtype(np.float64)}
_SAMPLE: Final = 200_000  # characters in which the separator is looked for
_SAMPLE_ROWS: Final = 200


@dataclass(frozen=True, slots=True)
class TextFormat:
    """What is declared of a text table; None is found out."""

    separator: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    header: bool | None = None  # whether the first line holds the column names
    id_columns: Sequence[str] = ()
    keep: Sequence[str] = ()  # the only columns whose numbers matter; none: all but `unused`
    unused: Sequence[str] = ()
    missing: Sequence[str] = ()  # words for missing values, beside the usual ones

    def uses(self, name: str) -> bool:
        """Whether the numbers of a column matter."""
        return name not in self.unused and (not self.keep or name in self.keep)


def delimited_table(text: str, given: TextFormat, *, usual: str) -> RawTable:
    """Read CSV or TSV; `usual` is the separator that the kind of file is named after.

    Ids are text, exactly as in the file: ``00123`` is not 123, ``NA`` is not missing. Unless declared, the first line
    holds the column names, and a line of numbers is refused.
    """
    separator = given.separator or (usual if usual == "\t" else _find_separator(text))
    first = next(_lines(text, separator, '"'), (1, []))[1]
    warnings = list(_number_names(first) if given.header is None else ())
    if given.header is False:
        names = [f"x{position}" for position in range(1, len(first) + 1)]
    else:
        names = distinct_names(first, warnings)
    header = None if given.header is False else 0
    frame, numbers = _parse(text, names, given, separator=separator, header=header)
    parts = [f"separator {separator!r}", f"decimal {numbers.decimal!r}"]
    parts += [f"thousands {numbers.thousands!r}"] if numbers.thousands else []
    is_usual = separator == usual and numbers == PLAIN
    return RawTable(frame, warnings=tuple(warnings), reading=() if is_usual else tuple(parts))


def _find_separator(text: str) -> str:
    """Return the sign that splits all of the first rows into equally many fields, several of them.

    If there is none, it is the first of the signs in the first line, else the comma.
    """
    counts = {separator: _field_counts(text, separator) for separator in _SEPARATORS}
    fitting = {sign: rows[0] for sign, rows in counts.items() if rows and len(set(rows)) == 1 and rows[0] > 1}
    if len(fitting) > 1:
        said = " and ".join(f"{sign!r} (into {count})" for sign, count in fitting.items())
        allowed = " or ".join(f"separator = {sign!r}".replace("'", '"') for sign in fitting)
        raise RequestError(f"{said} both split all rows evenly", allowed=allowed)
    head = text.lstrip("\r\n").split("\n", 1)[0]
    return next((sign for sign in fitting or _SEPARATORS if sign in head), ",")


def _field_counts(text: str, separator: str) -> list[int]:
    """Return the number of fields in each of the first rows."""
    sample = text[:_SAMPLE]
    reader = csv.reader(io.StringIO(sample, newline=None), delimiter=separator, strict=True)
    counts = []
    try:
        for fields in islice(reader, _SAMPLE_ROWS):
            counts += [len(fields)] if fields else []
    except csv.Error:
        return counts if len(text) > len(sample) else []
    return counts[:-1] if len(text) > len(sample) and len(counts) < _SAMPLE_ROWS else counts


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
    quote = "'" if "'" in body else '"'
    plain = TextFormat(decimal=PLAIN.decimal, thousands=PLAIN.thousands, id_columns=id_columns)
    return RawTable(_parse(body, names, plain, quote=quote, missing="?")[0])


def _lines(text: str, delimiter: str, quote: str) -> Iterator[tuple[int, list[str]]]:
    """Yield line number and fields of each line that is not blank."""
    reader = csv.reader(_stream(text), delimiter=delimiter, quotechar=quote, strict=True)
    try:
        for fields in reader:
            if fields:
                yield reader.line_num, fields
    except csv.Error as error:
        raise RequestError(f"line {reader.line_num}: {error}") from error


class _Encoded(io.RawIOBase):
    """A text as bytes, encoded piece by piece: a whole copy, or `StringIO`, would take up to four times its size."""

    def __init__(self, text: str) -> None:
        self._pieces = (text[at : at + _PIECE].encode("utf-8", "surrogatepass") for at in range(0, len(text), _PIECE))
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._rest = self._rest or next(self._pieces, b"")
        taken = min(len(buffer), len(self._rest))
        buffer[:taken], self._rest = self._rest[:taken], self._rest[taken:]
        return taken


def _stream(text: str) -> io.TextIOWrapper:
    """Return a text to be read in pieces."""
    return io.TextIOWrapper(io.BufferedReader(_Encoded(text), 4 * _PIECE), "utf-8", "surrogatepass", newline=None)


def _parse(
    text: str,
    names: Sequence[str],
    given: TextFormat,
    *,
    separator: str = ",",
    quote: str = '"',
    missing: str = "",
    header: int | None = None,
) -> tuple[pd.DataFrame, NumberFormat]:
    """Parse with pandas; keep ids as text and long integers exact. Return how numbers are written, too."""
    ids = {position for position, name in enumerate(names) if name in given.id_columns}
    used = [at for at, name in enumerate(names) if at not in ids and given.uses(name)]
    exact = _long_integers(text, separator, quote, len(names))

    width = len(names)
    options: dict[str, Any] = {
        "sep": separator,
        "quotechar": quote,
        "na_values": [missing, *given.missing],
        "header": header,
    }
    read = partial(_read, text.lstrip("\r\n"), ids, **options, names=range(width), skip_blank_lines=width > 1)
    try:
        frame = read(as_text=exact)
        numbers, converted = PLAIN, dict[int, pd.Series]()
        formats = number_formats(given.decimal, given.thousands)
        if separator == ";" or formats[0] != PLAIN or any(_is_number_text(frame[at], formats) for at in used):
            named = {at: names[at] for at in used}
            numbers, converted = _numbers_of(read(as_text=set(used)), named, formats, point_is_likely=separator != ";")
    except (ValueError, OverflowError) as error:
        if isinstance(error, RequestError):
            raise
        raise RequestError(f"cannot be parsed: {error}") from error
    for position in ids:
        frame[position] = frame[position].mask(frame[position].isin(["", missing]))
    for position in (exact | set(converted)) - ids:
        column = converted.get(position, frame[position])
        values = [_exact_number(field) if isinstance(field, str) else None for field in column]
        frame[position] = pd.Series(values, dtype=object)
    return frame.set_axis(list(names), axis=1), numbers


def _read(text: str, ids: set[int], *, as_text: set[int], **options: Any) -> pd.DataFrame:
    """Read the fields of the columns `ids` exactly as they are, those of `as_text` as texts or missing values."""
    options |= {"index_col": False, "float_precision": "round_trip", "low_memory": False}
    options |= {"dtype": dict.fromkeys(as_text - ids, "str"), "converters": dict.fromkeys(ids, str)}
    parts: list[pd.DataFrame] = list(pd.read_csv(_stream(text), chunksize=_PART_ROWS, **options))
    kinds = map(set, zip(*(part.dtypes for part in parts), strict=True))
    if all(len(of_column) == 1 or of_column <= _NUMBERS for of_column in kinds):
        return pd.concat(parts, ignore_index=True)
    parts.clear()  # what a column holds is decided by all of its rows
    whole: pd.DataFrame = pd.read_csv(_stream(text), **options)
    return whole


def _long_integers(text: str, separator: str, quote: str, width: int) -> set[int]:
    """Return the positions of columns with integers of many digits; refuse a line that is not `width` fields long."""
    long: set[int] = set()
    may_be_long = _MANY_DIGITS.search(text) is not None
    for line, fields in _lines(text, separator, quote):
        if len(fields) != width:  # pandas would fill the row with missing values
            raise RequestError(f"line {line} has {len(fields)} fields, the header has {width}")
        if may_be_long:
            long |= {at for at, field in enumerate(fields) if len(field) > _EXACT_DIGITS and _INTEGER.fullmatch(field)}
    return long


def _numbers_of(
    texts: pd.DataFrame, names: Mapping[int, str], formats: list[NumberFormat], *, point_is_likely: bool
) -> tuple[NumberFormat, dict[int, pd.Series]]:
    """Return the format of the numbers in columns of text, and in plain form those columns that need it."""
    named = {name: texts[at] for at, name in names.items()}
    numbers = find_number_format(named, formats, point_is_likely=point_is_likely)
    fitting = [at for at in names if numbers != PLAIN and numbers.fits(texts[at])]
    return numbers, {at: numbers.plain(texts[at]) for at in fitting}


def _is_number_text(column: pd.Series, formats: Sequence[NumberFormat]) -> bool:
    """Whether a column that pandas took for text holds numbers of one of the formats."""
    is_text = isinstance(column.dtype, pd.StringDtype)
    return is_text and any(form.fits(column) for form in formats if form != PLAIN)


def _exact_number(field: str) -> int | float | str:
    """Return an integer with all its digits, another number as a float, and text as it is."""
    if "_" in field:  # which Python accepts between digits
        return field
    try:
        return int(field) if _INTEGER.fullmatch(field) else float(field)
    except ValueError:
        return field
