"""How numbers are written in a text table: the decimal sign and the sign between thousands."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Final

import pandas as pd

from clusterbench.errors import RequestError

THOUSANDS: Final = {"": "", ",": ",", ".": r"\.", " ": "[ \u00a0\u202f]", "'": "['\u2019]"}
"""The signs between thousands, and the patterns of what is read as each of them."""


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """A decimal sign, and a sign between thousands or none."""

    decimal: str = "."
    thousands: str = ""

    def fits(self, column: pd.Series) -> bool:
        """Whether every text of a column is a number in this format; its missing values do not count."""
        sign, whole = re.escape(self.decimal), "[0-9]+"
        if self.thousands:
            whole = f"(?:[0-9]+|[1-9][0-9]{{0,2}}(?:{THOUSANDS[self.thousands]}[0-9]{{3}})+)"
        pattern = rf"\s*[+-]?(?:{whole}(?:{sign}[0-9]*)?|{sign}[0-9]+)(?:[eE][+-]?[0-9]+)?\s*"
        return bool(column.dropna().str.fullmatch(pattern).all())

    def plain(self, column: pd.Series) -> pd.Series:
        """Return the texts of a column with a decimal point and nothing between thousands."""
        if self.thousands:
            column = column.str.replace(THOUSANDS[self.thousands], "", regex=True)
        return column.str.replace(self.decimal, ".", regex=False)


PLAIN: Final = NumberFormat()


def number_formats(decimal: str | None, thousands: str | None) -> list[NumberFormat]:
    """Return the formats that a declaration leaves, plain ones first."""
    pairs = product(THOUSANDS if thousands is None else (thousands,), ".," if decimal is None else decimal)
    return [NumberFormat(sign, between) for between, sign in pairs if sign != between]


def find_number_format(
    columns: Mapping[str, pd.Series], formats: list[NumberFormat], *, point_is_likely: bool
) -> NumberFormat:
    """Return the one of `formats` that all columns of numbers have.

    `columns` are texts by name; a column that is no number in any format does not count. If two formats fit and give
    other numbers, a RequestError says what to declare; where `point_is_likely`, a decimal point goes before points
    between thousands.
    """
    fits = {form: {name for name, column in columns.items() if form.fits(column)} for form in formats}
    numbers = set().union(*fits.values())
    told = [name for name in columns if name in numbers and any(name not in names for names in fits.values())]
    fitting = [form for form in formats if fits[form].issuperset(told)]
    if not fitting:
        return formats[0]
    first, *others = fitting
    for other in others:
        name = next((name for name in told if not first.plain(columns[name]).equals(other.plain(columns[name]))), None)
        if name is not None and not (first == PLAIN and point_is_likely):
            text = columns[name].dropna()
            shown = text[text.str.contains(r"[^0-9\s+-]", regex=True)].iloc[0].strip()
            raise RequestError(
                f"column {name!r}: {shown!r} may have a decimal sign or a sign between thousands",
                allowed=" or ".join(f'decimal = "{one.decimal}"' for one in (first, other)),
            )
    return first
