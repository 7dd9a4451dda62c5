"""The columns of features: numbers, and codes of what is declared a category or a date."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clusterbench.datasets.column_roles import ColumnRole, coded_levels, date_column, detect_role
from clusterbench.datasets.dataset import CodedColumn
from clusterbench.datasets.numeric_columns import numeric_column
from clusterbench.errors import RequestError
from clusterbench.text import shortened
from clusterbench.toml_writing import toml_value

_MOST_COMPLAINTS = 12


def read_features(
    frame: pd.DataFrame, names: Sequence[str], roles: Mapping[str, ColumnRole], warnings: list[str]
) -> tuple[dict[str, NDArray[np.float64]], dict[str, CodedColumn]]:
    """Return the values of the columns `names`, shape (n,) each, NaN where missing, and what the coded ones stand for.

    If columns cannot be used, one RequestError names all of them, and the keys that settle them.
    """
    columns, coded, complaints = {}, {}, {}
    for name in names:
        role = roles.get(name)
        try:
            if role is ColumnRole.CATEGORY:
                codes, levels = coded_levels(frame[name])
                columns[name] = np.where(codes < 0, np.nan, codes.astype(np.float64))
                coded[name] = CodedColumn(role, levels)
            elif role is ColumnRole.DATE:
                columns[name] = date_column(frame[name])
                coded[name] = CodedColumn(role)
            else:
                columns[name] = numeric_column(frame[name], warnings)
        except RequestError as error:
            complaints[name] = error
    if len(complaints) == 1:
        raise next(iter(complaints.values()))
    if complaints:
        raise _together(complaints, frame)
    return columns, coded


def _together(complaints: Mapping[str, RequestError], frame: pd.DataFrame) -> RequestError:
    """Return one error for several columns."""
    shown = [shortened(error.what, 100) for error in list(complaints.values())[:_MOST_COMPLAINTS]]
    more = len(complaints) - len(shown)
    usable = {ColumnRole.CATEGORY, ColumnRole.DATE}
    found = {name: detect_role(frame[name], name=name) for name in complaints}
    roles = {name: str(role) for name, role in found.items() if role in usable}
    dropped = [name for name in complaints if name not in roles]
    lines = ([f"roles = {toml_value(roles)}"] if roles else []) + ([f"drop = {toml_value(dropped)}"] if dropped else [])
    return RequestError(
        f"{len(complaints)} columns are no numbers: {'; '.join(shown)}{f'; and {more} more' if more else ''}",
        allowed=" and ".join(lines) + (", or all of them in drop" if roles else ""),
    )
