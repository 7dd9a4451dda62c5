"""How many clusters do inertia curves suggest? Elbow and gap statistic: drawn, never used to rank by default."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from clusterbench.errors import RequestError
from clusterbench.statuses import CellStatus
from clusterbench.tables import ENTRY_KEY, Floats, require_columns


@dataclass(frozen=True, slots=True, eq=False)
class GapStatistic:
    """The gap curve (columns k, gap, error) and the smallest k with ``gap(k) >= gap(k + 1) - error(k + 1)``, or None.

    The error is the standard error with the factor for a finite number of reference tables.
    """

    curve: pd.DataFrame
    k: int | None


def inertia_curves(cells: pd.DataFrame) -> pd.DataFrame:
    """Return the inertia of every entry against k, mean over seeds.

    Curves of different variants live in different spaces, so their heights are not to be compared.

    The cells have dataset, algorithm, params, variant, k, status and inertia; the result has dataset, algorithm,
    params, variant, k, inertia and elbow (whether k is the elbow of its curve).
    """
    require_columns(cells, [*ENTRY_KEY, "k", "status", "inertia"], "cells")
    inertia = cells["inertia"].to_numpy(dtype=np.float64, na_value=np.nan)
    k = cells["k"].to_numpy(dtype=np.float64, na_value=np.nan)
    computed = cells["status"].isin([CellStatus.OK, CellStatus.REJECTED]).to_numpy()
    used = cells[computed & np.isfinite(inertia) & np.isfinite(k)].astype({"k": int, "inertia": float})
    curves = used.groupby([*ENTRY_KEY, "k"], as_index=False, sort=True)["inertia"].mean()
    curves["elbow"] = False
    for _, curve in curves.groupby(ENTRY_KEY, sort=False):
        found = elbow_k(curve["k"].to_numpy(), curve["inertia"].to_numpy())
        curves.loc[curve.index, "elbow"] = curve["k"] == found
    return pd.DataFrame(curves)


def elbow_k(ks: ArrayLike, inertia: ArrayLike) -> int | None:
    """Return the k whose inertia lies farthest below the line from the first to the last point of the curve.

    None with fewer than three points, or if the curve never lies below that line (Satopaa et al. 2011,
    doi:10.1109/ICDCSW.2011.20). `ks` and `inertia` have shape (m,), in any order.

    Examples
    --------
    >>> elbow_k([2, 3, 4, 5, 6], [100.0, 50.0, 20.0, 18.0, 16.0])
    4
    """
    k, w = _curve(ks, inertia)
    if len(k) < 3 or w[0] == w[-1]:
        return None
    line = w[0] + (w[-1] - w[0]) * (k - k[0]) / (k[-1] - k[0])
    below = (line - w) / abs(w[0] - w[-1])
    return int(k[int(np.argmax(below))]) if below.max() > 1e-12 else None


def gap_statistic(ks: ArrayLike, inertia: ArrayLike, reference: ArrayLike) -> GapStatistic:
    """Compare the inertia with that of tables without clusters (Tibshirani et al. 2001, doi:10.1111/1467-9868.00293).

    ``gap(k) = mean over tables of log(reference inertia) - log(inertia)``; its error is the standard deviation of
    the logarithms times ``sqrt(1 + 1 / tables)``. `ks` and `inertia` have shape (m,); `reference`, inertia of the same
    algorithm on tables without clusters, (tables, m). Inertia is above 0.
    """
    k, w = _curve(ks, inertia)
    null = np.asarray(reference, dtype=np.float64)
    if null.ndim != 2 or null.shape[1] != len(k) or not len(null):
        raise RequestError(f"reference inertias have shape {null.shape}", where="gap", allowed=f"(tables, {len(k)})")
    null = null[:, np.argsort(np.asarray(ks), kind="stable")]
    if not ((w > 0).all() and (null > 0).all()):
        raise RequestError("an inertia is not above 0, so it has no logarithm", where="gap")
    logs = np.log(null)
    gap = logs.mean(axis=0) - np.log(w)
    error = logs.std(axis=0) * np.sqrt(1.0 + 1.0 / len(null))
    enough = np.flatnonzero(gap[:-1] >= gap[1:] - error[1:])
    found = int(k[enough[0]]) if len(enough) else None
    return GapStatistic(pd.DataFrame({"k": k.astype(np.int64), "gap": gap, "error": error}), found)


def _curve(ks: ArrayLike, inertia: ArrayLike) -> tuple[Floats, Floats]:
    k, w = np.asarray(ks, dtype=np.float64), np.asarray(inertia, dtype=np.float64)
    if k.shape != w.shape or k.ndim != 1:
        raise RequestError(f"k has shape {k.shape}, inertia {w.shape}", where="inertia", allowed="one value per k")
    if len(np.unique(k)) < len(k):
        raise RequestError("a k is repeated", where="inertia", allowed="one value per k")
    if not (np.isfinite(k).all() and np.isfinite(w).all()):
        raise RequestError("an inertia is missing", where="inertia", allowed="finite numbers")
    order = np.argsort(k, kind="stable")
    return k[order], w[order]
