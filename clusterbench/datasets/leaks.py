"""Features that say who a row is or which class it has, instead of what it is like."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clusterbench.datasets.column_roles import is_class_name, is_id_name
from clusterbench.datasets.dataset import KnownClasses
from clusterbench.toml_writing import toml_value

_FEWEST_ROWS: Final = 20  # of fewer, features may look so by chance
_MOST_LEVELS: Final = 50
_ROWS_PER_LEVEL: Final = 5  # fewer, and a level has one class by chance
_MOST_GAPS: Final = 1.5  # numbers of rows that were counted, per row that is left


def leak_warnings(columns: Mapping[str, NDArray[np.float64]], classes: Sequence[KnownClasses]) -> Iterator[str]:
    """Yield a warning of each feature that looks like an id, a row number or known classes.

    `columns` are the values of the features, shape (n,), codes of categories included; `classes` have n rows, too.
    """
    for name, values in columns.items():
        advice = f"drop = {toml_value([name])} leaves it out"
        if name.startswith("Unnamed: ") or len(values) < _FEWEST_ROWS:  # the former have a warning
            continue
        if _counts_rows(values):
            yield f"column {name!r} looks like a row number: it orders the rows and says nothing of them; {advice}"
        elif is_id_name(name) and _differs_in_every_row(values):
            yield f"column {name!r} looks like an id: a whole number that differs in every row; {advice}"
        elif told := [known.name for known in classes if _tells(values, known.codes)]:
            yield f"column {name!r} tells the known classes {told[0]!r}: each of its values has one class; {advice}"
        elif is_class_name(name):
            yield f"column {name!r} is called like known classes; truth = {toml_value(name)} makes it such, {advice}"


def _differs_in_every_row(values: NDArray[np.float64]) -> bool:
    return _is_whole(values) and len(np.unique(values)) == len(values)


def _counts_rows(values: NDArray[np.float64]) -> bool:
    """Whether whole numbers rise, or fall, from row to row, with few gaps."""
    if not _is_whole(values):
        return False
    steps = np.diff(values)
    return bool((steps > 0).all() or (steps < 0).all()) and abs(values[-1] - values[0]) <= _MOST_GAPS * len(values)


def _is_whole(values: NDArray[np.float64]) -> bool:
    return bool((values == np.floor(values)).all())  # of no missing value


def _tells(values: NDArray[np.float64], codes: NDArray[np.int64]) -> bool:
    """Whether all rows of a value have one class, for few values of many rows each, and not all rows one class."""
    known = (codes >= 0) & ~np.isnan(values)
    if len(np.unique(values[known][: 20 * _MOST_LEVELS])) > _MOST_LEVELS:
        return False
    pairs = np.unique(np.column_stack([values[known], codes[known]]), axis=0)
    n_levels, n_classes = (len(np.unique(part)) for part in pairs.T)
    is_enough = n_levels <= min(_MOST_LEVELS, known.sum() / _ROWS_PER_LEVEL)
    return bool(n_classes > 1 and len(pairs) == n_levels and is_enough)
