"""The form: its fields, and what was written into them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl

import numpy as np

from clusterbench.report.number_text import amount
from clusterbench.segments.bundle import Bundle, ColumnFacts
from clusterbench.segments.operations import LARGEST, Floats
from clusterbench.segments.raw_fields import RawField, RawValue, numbers_of_row, raw_fields
from clusterbench.text import printable

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2})?)?", re.ASCII)
_LONGEST = 200  # characters of a text that are shown again


@dataclass(frozen=True, slots=True)
class Form:
    """What was written into the form, by column, and what is wrong: of columns, and of the form as a whole."""

    texts: Mapping[str, str]
    errors: Mapping[str, str]
    problems: tuple[str, ...] = ()

    @property
    def is_right(self) -> bool:
        return not self.errors and not self.problems

    def values(self, bundle: Bundle) -> Floats:
        """Return the values, shape (1, p), of a form that is right; NaN where nothing was written."""
        fields = raw_fields(bundle.manifest)
        row = {field.name: _raw_value(field, self.texts[field.name]) for field in fields}
        return np.array([numbers_of_row(fields, row)])


EMPTY = Form({}, {})


@dataclass(frozen=True, slots=True)
class FormField:
    """A field as it is shown."""

    name: str
    label: str
    unit: str
    hint: str
    example: str
    text: str
    error: str | None
    required: bool
    levels: tuple[str, ...] = ()  # to choose from
    kind: str = "text"  # of the input


def read_form(bundle: Bundle, body: bytes) -> Form:
    """Read what a browser sends of the form; texts keep what was written, without blanks around it."""
    names = [field.name for field in raw_fields(bundle.manifest)]
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=2 * len(names))
    except ValueError:
        return Form({}, {}, ("The form cannot be read.",))
    texts = {name: text.strip() for name, text in pairs if name in names}
    problems = ("The form has a field that is no column.",) if any(name not in names for name, _ in pairs) else ()
    return Form(texts, dict(_errors(bundle, texts, Counter(name for name, _ in pairs))), problems)


def _errors(bundle: Bundle, texts: Mapping[str, str], counts: Counter[str]) -> Iterator[tuple[str, str]]:
    for field in raw_fields(bundle.manifest):
        text = texts.get(field.name)
        if text is None or counts[field.name] > 1:
            yield field.name, "This field must be sent once."
        elif not text:
            if not field.may_be_missing:
                what = "date" if field.is_date else "level" if field.levels else "number"
                yield field.name, f"A {what} is needed here."
        elif field.is_date:
            if not _DATE.fullmatch(text) or _raw_value(field, text) is None:
                yield field.name, "Write a date such as 2024-03-02."
        elif field.levels:
            if text not in field.levels and not field.takes_others:
                yield field.name, "Choose one of the levels."
        elif not _NUMBER.fullmatch(text):
            yield field.name, "Write a number such as 1234.5, without separators of thousands."
        elif not abs(float(text)) <= LARGEST:
            yield field.name, f"The number is larger than {LARGEST:g}."


def _raw_value(field: RawField, text: str) -> RawValue:
    """Return what was written, None for nothing, and for what is no date."""
    if field.is_date:
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            return None
    return (text if field.levels else float(text)) if text else None


def form_fields(bundle: Bundle, form: Form) -> list[FormField]:
    """Return the fields of the form, one per field of a row."""
    median = bundle.manifest.levels.index(0.5)
    return [
        FormField(
            field.name,
            printable(field.name),
            printable(field.columns[0].unit),
            _hint(field),
            _example(field.example(median)),
            form.texts.get(field.name, "")[:_LONGEST],
            form.errors.get(field.name),
            not field.may_be_missing,
            field.levels,
            "date" if field.is_date else "text",
        )
        for field in raw_fields(bundle.manifest)
    ]


def _hint(field: RawField) -> str:
    known = f"{len(field.levels)} levels" if field.levels else "" if field.is_date else range_text(field.columns[0])
    return "; ".join(filter(None, (known, "may be empty" if field.may_be_missing else "")))


def _example(value: float | str) -> str:
    return f"such as {value if isinstance(value, str) else amount(value).replace(',', '')}"


def range_text(column: ColumnFacts) -> str:
    """Return the range of a column in the fitted table."""
    return f"{amount(column.minimum)} to {amount(column.maximum)}"
