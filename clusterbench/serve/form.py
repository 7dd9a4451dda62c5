"""The form: its fields, and what was written into them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

import numpy as np

from clusterbench.report.number_text import amount
from clusterbench.segments.bundle import Bundle, ColumnFacts
from clusterbench.segments.operations import LARGEST, Floats
from clusterbench.text import printable

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
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
        return np.array([[float(self.texts[name] or "nan") for name in bundle.program.columns]])


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


def read_form(bundle: Bundle, body: bytes) -> Form:
    """Read what a browser sends of the form; texts keep what was written, without blanks around it."""
    names = bundle.program.columns
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=2 * len(names))
    except ValueError:
        return Form({}, {}, ("The form cannot be read.",))
    texts = {name: text.strip() for name, text in pairs if name in names}
    problems = ("The form has a field that is no column.",) if any(name not in names for name, _ in pairs) else ()
    return Form(texts, dict(_errors(bundle, texts, Counter(name for name, _ in pairs))), problems)


def _errors(bundle: Bundle, texts: Mapping[str, str], counts: Counter[str]) -> Iterator[tuple[str, str]]:
    for column in bundle.manifest.columns:
        text = texts.get(column.name)
        if text is None or counts[column.name] > 1:
            yield column.name, "This field must be sent once."
        elif not text and not column.filled:
            yield column.name, "A number is needed here."
        elif text and not _NUMBER.fullmatch(text):
            yield column.name, "Write a number such as 1234.5, without separators of thousands."
        elif text and not abs(float(text)) <= LARGEST:
            yield column.name, f"The number is larger than {LARGEST:g}."


def form_fields(bundle: Bundle, form: Form) -> list[FormField]:
    """Return the fields of the form, one per column."""
    return [
        FormField(
            column.name,
            printable(column.name),
            printable(column.unit),
            f"{range_text(column)}{'; may be empty' if column.filled else ''}",
            f"such as {amount(median).replace(',', '')}",
            form.texts.get(column.name, "")[:_LONGEST],
            form.errors.get(column.name),
            not column.filled,
        )
        for column, median in zip(bundle.manifest.columns, bundle.manifest.medians, strict=True)
    ]


def range_text(column: ColumnFacts) -> str:
    """Return the range of a column in the fitted table."""
    return f"{amount(column.minimum)} to {amount(column.maximum)}"
