"""Tables without clusters: the columns and the rank correlations of a table, drawn from a Gaussian copula."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri
from scipy.stats import rankdata

from clusterbench.tables import Floats


def copula_table(values: ArrayLike, rng: np.random.Generator) -> Floats:
    """Return a table drawn from the Gaussian copula of another, shape (n, d).

    Every column has the values of the given one in another order; the order of all columns is that of rows of a normal
    distribution with the correlations of the normal scores of the given ranks (after Hennig & Lin 2015,
    doi:10.1007/s11222-015-9566-5). Dependence of any other form, clusters among it, is gone; a column with two modes
    keeps them. NaN stays where it is, and counts as a middle rank, which makes correlations smaller. n x n numbers are
    drawn.
    """
    table = np.array(values, dtype=np.float64)
    present = ~np.isnan(table)
    ranks = rankdata(table, axis=0, nan_policy="omit")
    scores = np.where(present, ndtri(ranks / (present.sum(axis=0) + 1.0)), 0.0)
    scores -= scores.mean(axis=0)
    # Random combinations of the rows are normal, and have the correlations of the rows.
    drawn = rng.standard_normal((len(table), len(table))) @ scores
    for column, rows, normal in zip(table.T, present.T, drawn.T, strict=True):
        column[rows] = np.sort(column[rows])[rankdata(normal[rows], method="ordinal") - 1]
    return table
