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
from clusterbench.segments.bundle import Bundle
from clusterbench.segments.operations import LARGEST, Floats
from clusterbench.segments.raw_fields import RawField, RawValue, numbers_of_row, raw_fields

MOST_BYTES = 2**24
"""Of a body."""

MOST_ROWS = 10_000
"""Of a batch."""

_LONGEST_LEVEL = 2000  # characters

_ISO_DATE = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})?)?$"
_DATE = "must be a date such as 2024-03-02"
_MESSAGES = {
    "datetime_from_date_parsing": _DATE,
    "datetime_object_invalid": _DATE,
    "datetime_parsing": _DATE,
    "datetime_type": _DATE,
    "dict_type": "must be a JSON object",
    "finite_number": "must be a finite number",
    "float_type": "must be a number",
    "greater_than_equal": f"must be a number up to {LARGEST:g} in magnitude",
    "json_invalid": "the body is no JSON in UTF-8",
    "less_than_equal": f"must be a number up to {LARGEST:g} in magnitude",
    "list_type": "must be a JSON list of objects",
    "literal_error": "must be a level of the fitted table",
    "missing": "is missing",
    "string_pattern_mismatch": _DATE,
    "string_too_long": "is too long",
    "string_type": "must be a text",
    "string_unicode": "must be a text",
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


@dataclass(frozen=True, slots=True, eq=False)
class RequestRows:
    """The rows of a request."""

    values: Floats  # shape (n, p), NaN where missing
    unknown: tuple[tuple[str, ...], ...]  # of each row, the categories whose level the fitted table lacked


def request_rows(fields: tuple[RawField, ...], rows: Sequence[dict[str, RawValue]]) -> RequestRows:
    """Return rows with every field as the program takes them."""
    values = np.array([numbers_of_row(fields, row) for row in rows], dtype=np.float64)
    unknown = (tuple(field.name for field in fields if field.lacks(row[field.name])) for row in rows)
    return RequestRows(values.reshape(len(rows), sum(len(field.columns) for field in fields)), tuple(unknown))


class RowReader:
    """Reads rows with the columns of a bundle from JSON: every column is there once, and nothing else."""

    def __init__(self, bundle: Bundle) -> None:
        self._fields = raw_fields(bundle.manifest)
        self._names = tuple(field.name for field in self._fields)
        row = core_schema.typed_dict_schema(
            {field.name: core_schema.typed_dict_field(_value(field)) for field in self._fields},
            extra_behavior="forbid",
        )
        self._row = SchemaValidator(row)
        self._batch = SchemaValidator(core_schema.list_schema(row, max_length=MOST_ROWS, fail_fast=True))

    def row(self, body: bytes) -> RequestRows:
        """Return the one row of a JSON object."""
        return request_rows(self._fields, [self._read(body, self._row)])

    def rows(self, body: bytes) -> RequestRows:
        """Return the rows of a JSON list of objects."""
        return request_rows(self._fields, self._read(body, self._batch))

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


def _value(field: RawField) -> core_schema.CoreSchema:
    value: core_schema.CoreSchema
    if field.is_date:
        text = core_schema.str_schema(strict=True, pattern=_ISO_DATE)
        value = core_schema.chain_schema([text, core_schema.datetime_schema(strict=False)])
    elif field.levels and field.takes_others:
        value = core_schema.str_schema(strict=True, max_length=_LONGEST_LEVEL)
    elif field.levels:
        value = core_schema.literal_schema(list(field.levels))
    else:
        value = core_schema.float_schema(strict=True, allow_inf_nan=False, ge=-LARGEST, le=LARGEST)
    return core_schema.nullable_schema(value) if field.may_be_missing else value


def row_schema(bundle: Bundle) -> dict[str, Any]:
    """Return the JSON Schema of a row."""
    fields, median = raw_fields(bundle.manifest), bundle.manifest.levels.index(0.5)
    properties = {field.name: {**_property(field), "examples": [field.example(median)]} for field in fields}
    names = list(properties)
    return {"type": "object", "properties": properties, "required": names, "additionalProperties": False}


def _property(field: RawField) -> dict[str, Any]:
    nullable, [column, *_] = field.may_be_missing, field.columns
    if not column.source:
        description = f"{column.minimum:g} to {column.maximum:g} {column.unit}".strip()
        kind: Any = ["number", "null"] if nullable else "number"
        return {"type": kind, "minimum": -LARGEST, "maximum": LARGEST, "description": description}
    if field.levels and not field.takes_others:
        return {"enum": [*field.levels, *([None] if nullable else [])]}
    text = {"type": ["string", "null"] if nullable else "string"}
    if field.is_date:
        return {**text, "description": "an ISO date, such as 2024-03-02, with a time or not"}
    return {**text, "maxLength": _LONGEST_LEVEL, "description": f"such as {', '.join(field.levels[:10])}"}
