"""How a CSV file is written: what is found out from its first rows, so that the rest can be read in parts."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from clusterbench.datasets.number_formats import find_number_format, number_formats
from clusterbench.datasets.text_encoding import decoded
from clusterbench.errors import RequestError

MISSING = ["", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "none"]
_SAMPLE = 2**18  # bytes
_DELIMITERS = ",;\t|"


@dataclass(frozen=True, slots=True)
class CsvHead:
    """The columns of a CSV file, and how it is written."""

    names: tuple[str, ...]
    delimiter: str
    decimal: str
    encoding: str


def read_head(path: Path, numbers: Sequence[str]) -> CsvHead:
    """Return how a file is written in which the columns `numbers` are numbers.

    The delimiter is the one that gives these columns, else the first one in the first line.

    Raises
    ------
    RequestError
        If the file is empty, is no text, has two columns of the same name, or has signs between thousands.
    """
    with path.open("rb") as file:
        sample = file.read(_SAMPLE)
    if len(sample) == _SAMPLE:
        sample = sample[: sample.rfind(b"\n") + 1]
    try:
        text, encoding = decoded(sample)
        if not text.strip():
            raise RequestError("is empty")
        rows = {sign: _rows(text, sign) for sign in _DELIMITERS}
        fitting = [sign for sign in _DELIMITERS if set(numbers) <= set(rows[sign][0])]
        delimiter = next((sign for sign in (*fitting, *_DELIMITERS) if len(rows[sign][0]) > 1), ",")
        names, *others = rows[delimiter]
        for name in names:
            if names.count(name) > 1:
                raise RequestError(f"two columns are called {name!r}")
        return CsvHead(tuple(names), delimiter, _decimal(names, others, numbers, delimiter), encoding)
    except RequestError as error:
        raise error.within(str(path)) from error
    except csv.Error as error:
        raise RequestError(f"is no CSV: {error}", where=str(path)) from error


def _rows(text: str, delimiter: str) -> list[list[str]]:
    return [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if row]


def _decimal(names: list[str], rows: list[list[str]], numbers: Sequence[str], delimiter: str) -> str:
    """Return the decimal sign of the first rows; see `find_number_format`."""
    frame = pd.DataFrame([row for row in rows if len(row) == len(names)], columns=names, dtype=object)
    frame = frame.mask(frame.isin(MISSING)).dropna(axis=1, how="all")
    texts = {name: frame[name] for name in numbers if name in frame}
    try:
        form = find_number_format(texts, number_formats(None, None), point_is_likely=delimiter != ";")
    except RequestError as error:
        raise RequestError(error.what, allowed="numbers that can be read in one way; Parquet") from error
    if form.thousands:
        raise RequestError(f"there is {form.thousands!r} between thousands", allowed="numbers without such a sign")
    return form.decimal
