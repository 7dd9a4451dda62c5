"""The columns of features: numbers, and codes of what is declared a category or a date."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clusterbench.datasets.column_roles import ColumnRole, coded_levels, detect_role
from clusterbench.datasets.dataset import CodedColumn
from clusterbench.datasets.dataset_spec import DatasetSpec
from clusterbench.datasets.date_columns import common_order, date_column, date_readings
from clusterbench.datasets.numeric_columns import numeric_column, words_among_numbers
from clusterbench.datasets.raw_table import RawTable
from clusterbench.errors import RequestError
from clusterbench.text import shortened
from clusterbench.toml_writing import toml_value

_MOST_COMPLAINTS = 12
_ORDERS = {True: "dates day first", False: "dates month first"}


def read_features(
    raw: RawTable, names: Sequence[str], spec: DatasetSpec, warnings: list[str], reading: list[str]
) -> tuple[dict[str, NDArray[np.float64]], dict[str, CodedColumn]]:
    """Return the values of the columns `names`, shape (n,) each, NaN where missing, and what the coded ones stand for.

    If columns cannot be used, one RequestError names all of them, and the keys that settle them. `reading` is extended
    by how dates were read, where that is a question.
    """
    frame, columns, coded, complaints = raw.frame, {}, {}, {}
    dates = {name: date_readings(frame[name]) for name in names if spec.roles.get(name) is ColumnRole.DATE}
    day_first = common_order(dates.values()) if spec.day_first is None else spec.day_first
    orders: set[bool | None] = set()
    for name in names:
        role = spec.roles.get(name)
        try:
            if role is ColumnRole.CATEGORY:
                codes, levels = coded_levels(frame[name])
                columns[name] = np.where(codes < 0, np.nan, codes.astype(np.float64))
                coded[name] = CodedColumn(role, levels)
            elif role is ColumnRole.DATE:
                chosen = date_column(frame[name], dates[name], day_first)
                columns[name] = chosen.days
                coded[name] = CodedColumn(role)
                orders.add(chosen.day_first)
            else:
                columns[name] = numeric_column(frame[name], warnings)
        except RequestError as error:
            complaints[name] = error
    if len(complaints) == 1:
        raise next(iter(complaints.values()))
    if complaints:
        raise _together(complaints, frame)
    reading += [words for order, words in _ORDERS.items() if order in orders]
    return columns, coded


def _together(complaints: Mapping[str, RequestError], frame: pd.DataFrame) -> RequestError:
    """Return one error for several columns."""
    shown = [shortened(error.what, 100) for error in list(complaints.values())[:_MOST_COMPLAINTS]]
    more = len(complaints) - len(shown)
    usable = {ColumnRole.CATEGORY, ColumnRole.DATE}
    found = {name: detect_role(frame[name], name=name) for name in complaints}
    roles = {name: str(role) for name, role in found.items() if role in usable}
    dropped = [name for name in complaints if name not in roles]
    words = sorted({word for name in dropped for word in words_among_numbers(frame[name])})
    dropped = [name for name in dropped if not words_among_numbers(frame[name])]
    keys = {"roles": roles, "missing": words, "drop": dropped}
    lines = [f"{key} = {toml_value(value)}" for key, value in keys.items() if value]
    return RequestError(
        f"{len(complaints)} columns are no numbers: {'; '.join(shown)}{f'; and {more} more' if more else ''}",
        allowed=" and ".join(lines) + (", or all of them in drop" if roles or words else ""),
    )
