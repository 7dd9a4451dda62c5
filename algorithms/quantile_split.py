"""Control: one column cut at its quantiles, as a bank's rule does."""

from typing import Any

import numpy as np

from clusterbench.plugins import Algorithm, Assignment, Cutter, Family, Floats, Params, Partition, require_number

MOST_AXES = 200  # that are all computed, at the cost of the cube of the columns


def leading_column(X: Floats) -> int:
    """Return the column with the largest weight in the first principal axis: the table's main direction."""
    if min(X.shape) <= MOST_AXES:
        covariance = np.atleast_2d(np.cov(X, rowvar=False))
        return int(np.argmax(np.abs(np.linalg.eigh(covariance)[1][:, -1])))
    from scipy.sparse.linalg import svds

    start = np.random.default_rng(0).standard_normal(min(X.shape))
    return int(np.argmax(np.abs(svds(X - X.mean(axis=0), k=1, v0=start)[2][0])))


def build(X: Floats, seed: int, column: int | None = None) -> Cutter:
    """Cut column number `column` of the space (from 0; default: `leading_column`) into k groups of like size.

    A value that fills more than one group (many zeros) keeps its rows together, so there may be fewer than k.

    Parameters
    ----------
    column : int, optional
        Number of the column of the space, from 0; by default the leading one.
    """
    chosen = leading_column(X) if column is None else column
    if not 0 <= chosen < X.shape[1]:
        raise ValueError(f"column = {chosen}, but the space has columns 0 to {X.shape[1] - 1}")
    values = np.array(X[:, chosen])

    def cutter(**cut: Any) -> Partition:
        k = cut["k"]
        edges = np.quantile(values, np.arange(1, k) / k)
        return Partition(np.searchsorted(edges, values, side="left"), info={"column": chosen})

    return cutter


def check_params(params: Params) -> None:
    """Refuse a column that is not an integer of at least 0."""
    if params["column"] is not None:
        require_number("column", params["column"], integer=True, low=0)


ALGORITHM = Algorithm(
    name="quantile_split",
    family=Family.CONTROL,
    summary="control: one column cut at its quantiles, as a bank's rule does",
    reference="what a segmentation must beat to be worth its name",
    build=build,
    deterministic=True,
    packages={"numpy": "numpy", "scipy": "scipy"},
    assignment=Assignment.NEAREST_NEIGHBORS,
    control=True,
    check_params=check_params,
)
