"""Combinations of columns along which clusters separate."""

import numpy as np

from clusterbench.tables import Floats

_ROWS_PER_COLUMN = 10
"""With fewer rows, some combination of many columns has two modes by chance."""
_REPEATED = 0.01
_SMALL = 1e-8


def invariant_coordinates(table: Floats) -> Floats:
    """Return the uncorrelated combinations of columns (n, d) with extreme kurtosis, the smallest first, shape (n, c).

    A mixture of two normal clusters of one shape and similar size has its smallest kurtosis along the line on which
    they separate, however oblique it is; with a small cluster it is the largest. Linear maps of the columns change no
    coordinate (Tyler, Critchley, Duembgen & Oja 2009, doi:10.1111/j.1467-9868.2009.00706.x; fourth moments as in
    Cardoso 1989). c is the rank of the columns without a value that 1 % of the rows have, since sums of rounded numbers
    have many modes; 0 where there are fewer than 2 such columns, or than 10 rows for each.
    """
    limit = max(2.0, _REPEATED * len(table))
    continuous = [column for column in table.T if np.unique(column, return_counts=True)[1].max() < limit]
    if len(continuous) < 2 or len(table) < _ROWS_PER_COLUMN * len(continuous):
        return np.empty((len(table), 0))
    centred = np.stack([column - column.mean() for column in continuous], axis=1)
    directions, lengths, _ = np.linalg.svd(centred, full_matrices=False)
    white = directions[:, lengths > _SMALL * lengths[0]] * np.sqrt(len(table))
    _, axes = np.linalg.eigh((white * (white**2).sum(axis=1, keepdims=True)).T @ white)
    coordinates: Floats = white @ axes
    return coordinates
