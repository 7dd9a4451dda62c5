"""Files whose values have types, read row by row: Excel sheets and JSON lines."""

import io
import json
from collections.abc import Sequence
from typing import Any

import pandas as pd

from clusterbench.datasets.raw_table import RawTable, cell_text, distinct_names
from clusterbench.errors import RequestError, unknown


def json_lines_table(text: str, *, id_columns: Sequence[str]) -> RawTable:
    """Read JSON lines: an object per line, whose keys are the columns; a missing key and null are missing values."""
    rows = []
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            row = json.loads(line) if line.strip() else None
            json.dumps(row, ensure_ascii=False).encode()  # a surrogate alone is no text
        except (ValueError, RecursionError) as error:
            raise RequestError(f"line {number} is not JSON: {error}", allowed="a JSON object per line") from error
        if row is not None:
            if not isinstance(row, dict):
                raise RequestError(f"line {number} is {line.strip()[:40]!r}", allowed='an object such as {"x": 1}')
            rows.append({name: _as_cell(value, is_id=name in id_columns) for name, value in row.items()})
    names = list(dict.fromkeys(name for row in rows for name in row))
    if not names:
        raise RequestError("has no columns", allowed='objects such as {"x": 1}')
    warnings: list[str] = []
    frame = _frame([[row.get(name) for name in names] for row in rows], distinct_names(names, warnings))
    return RawTable(frame, warnings=tuple(warnings))


def excel_table(content: bytes, *, sheet: str | None, id_columns: Sequence[str], header: bool | None) -> RawTable:
    """Read a sheet of an Excel file: the named one, else the only one that is not empty."""
    try:
        import python_calamine
    except ImportError as error:
        raise RequestError("Excel files need python-calamine", allowed="pip install 'clusterbench[excel]'") from error
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        if sheet is not None and sheet not in book.sheet_names:
            raise unknown("sheet", sheet, book.sheet_names)
        wanted = book.sheet_names if sheet is None else [sheet]
        sheets = {name: rows for name in wanted if (rows := book.get_sheet_by_name(name).to_python())}
    except (python_calamine.CalamineError, OSError, UnicodeError) as error:
        raise RequestError(f"is not a readable Excel file: {error}") from error
    if len(sheets) != 1:
        allowed = " or ".join(f'sheet = "{name}"' for name in sheets) or "a sheet with a table"
        raise RequestError(f"{len(sheets)} sheets hold values", allowed=allowed)
    rows = [row for row in next(iter(sheets.values())) if any(value not in ("", None) for value in row)]
    warnings: list[str] = []
    if header is False:
        names = [f"x{position}" for position in range(1, len(rows[0]) + 1)]
    else:
        names = distinct_names([cell_text(value) for value in rows.pop(0)], warnings)
    cells = [
        [_as_cell(value, is_id=name in id_columns) for value, name in zip(row, names, strict=True)] for row in rows
    ]
    return RawTable(_frame(cells, names), warnings=tuple(warnings))


def _frame(rows: Sequence[Sequence[object]], names: Sequence[str]) -> pd.DataFrame:
    """Return a frame of objects: pandas would make floats of integers where some are missing."""
    return pd.DataFrame(rows, columns=list(names), dtype=object)


def _as_cell(value: Any, *, is_id: bool) -> object:
    """Return a value as a table holds it: None for missing, the text of a nested one and of an id."""
    if value is None or value == "":
        return None
    if isinstance(value, dict | list):
        return json.dumps(value)
    return cell_text(value) if is_id else value
