"""Rows of requests: bodies of limited size, and strict JSON. What is refused is said without any given value."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from fastapi import HTTPException, Request
from pydantic import ValidationError
from pydantic_core import SchemaValidator, core_schema

from clusterbench.errors import did_you_mean
from clusterbench.segments.bundle import Bundle, ColumnFacts
from clusterbench.segments.operations import LARGEST, Floats

MOST_BYTES = 2**24
"""Of a body."""

MOST_ROWS = 10_000
"""Of a batch."""

_MESSAGES = {
    "dict_type": "must be a JSON object",
    "finite_number": "must be a finite number",
    "float_type": "must be a number",
    "greater_than_equal": f"must be a number up to {LARGEST:g} in magnitude",
    "json_invalid": "the body is no JSON in UTF-8",
    "less_than_equal": f"must be a number up to {LARGEST:g} in magnitude",
    "list_type": "must be a JSON list of objects",
    "missing": "is missing",
    "too_long": f"there are more than {MOST_ROWS} rows",
}


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with a field. It holds no given value, nor the name of a field that is not among the columns."""

    message: str
    field: str | None = None
    row: int | None = None  # the first is 1


class RefusedRows(Exception):
    """The rows of a request cannot be read or assigned."""

    def __init__(self, *errors: FieldError) -> None:
        super().__init__("the rows are refused")
        self.errors = errors


async def read_body(request: Request) -> bytes:
    """Return the body of a request; one that is too long is refused when that is seen, whatever its header says."""
    content = bytearray()
    async for part in request.stream():
        content += part
        if len(content) > MOST_BYTES:
            raise HTTPException(413, f"the body is longer than {MOST_BYTES} bytes")
    return bytes(content)


class RowReader:
    """Reads rows with the columns of a bundle from JSON: every column is there once, and nothing else."""

    def __init__(self, bundle: Bundle) -> None:
        self._names = bundle.program.columns
        row = core_schema.typed_dict_schema(
            {column.name: core_schema.typed_dict_field(_number(column)) for column in bundle.manifest.columns},
            extra_behavior="forbid",
        )
        self._row = SchemaValidator(row)
        self._batch = SchemaValidator(core_schema.list_schema(row, max_length=MOST_ROWS, fail_fast=True))

    def row(self, body: bytes) -> Floats:
        """Return the values of one row, shape (1, p), of a JSON object; NaN for null."""
        return self._values([self._read(body, self._row)])

    def rows(self, body: bytes) -> Floats:
        """Return the values of rows, shape (n, p), of a JSON list of objects."""
        return self._values(self._read(body, self._batch))

    def _values(self, rows: Sequence[dict[str, float | None]]) -> Floats:
        values = [[row[name] for name in self._names] for row in rows]
        return np.array(values, dtype=np.float64).reshape(len(rows), len(self._names))

    def _read(self, body: bytes, validator: SchemaValidator) -> Any:
        self._check_names(body)
        try:
            return validator.validate_json(body)
        except ValidationError as error:
            details = error.errors(include_url=False, include_context=False, include_input=False)
            raise RefusedRows(*map(self._field_error, details)) from None

    def _field_error(self, detail: Any) -> FieldError:
        place, kind = list(detail["loc"]), detail["type"]
        row = place.pop(0) + 1 if place and isinstance(place[0], int) else 1 if place else None
        name = place[0] if place else None
        if kind == "extra_forbidden":
            hint = did_you_mean(str(name)[:100], self._names)
            return FieldError(f"there is a field that is no column{hint}", None, row)
        return FieldError(_MESSAGES[kind], name, row)

    def _check_names(self, body: bytes) -> None:
        """Refuse what is no JSON in UTF-8, many objects, and objects with many fields or two of the same name."""
        n_objects = 0

        def check(pairs: list[tuple[str, object]]) -> None:
            nonlocal n_objects
            n_objects += 1
            if n_objects > MOST_ROWS:
                raise RefusedRows(FieldError(_MESSAGES["too_long"]))
            if len(pairs) > 2 * len(self._names):
                message = f"there are {len(pairs)} fields, not {len(self._names)}"
                raise RefusedRows(FieldError(message, None, n_objects))
            if len(dict(pairs)) < len(pairs):
                twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
                raise RefusedRows(FieldError("occurs twice", twice if twice in self._names else None, n_objects))

        try:
            json.loads(body.decode(), object_pairs_hook=check)
        except json.JSONDecodeError as error:
            message = f"the body is no JSON: {error.msg} at line {error.lineno}, column {error.colno}"
            raise RefusedRows(FieldError(message)) from None
        except (ValueError, RecursionError):
            raise RefusedRows(FieldError(_MESSAGES["json_invalid"])) from None


def _number(column: ColumnFacts) -> core_schema.CoreSchema:
    number = core_schema.float_schema(strict=True, allow_inf_nan=False, ge=-LARGEST, le=LARGEST)
    return core_schema.nullable_schema(number) if column.filled else number


def row_schema(bundle: Bundle) -> dict[str, Any]:
    """Return the JSON Schema of a row."""
    properties = {
        column.name: {
            "type": ["number", "null"] if column.filled else "number",
            "minimum": -LARGEST,
            "maximum": LARGEST,
            "description": f"{column.minimum:g} to {column.maximum:g} {column.unit}".strip(),
            "examples": [median],
        }
        for column, median in zip(bundle.manifest.columns, bundle.manifest.medians, strict=True)
    }
    names = list(properties)
    return {"type": "object", "properties": properties, "required": names, "additionalProperties": False}
