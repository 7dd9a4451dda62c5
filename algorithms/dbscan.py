"""DBSCAN: one neighbour list and one tree serve all eps, in memory that grows with n, not with n x n."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clusterbench.plugins import (
    SCIPY_DISTANCES,
    Algorithm,
    Assignment,
    CutRange,
    Cutter,
    Family,
    Floats,
    Params,
    Partition,
    number_complaint,
    require_choice,
    require_number,
    share_complaint,
)

BLOCK_ENTRIES = 4_000_000


@dataclass(frozen=True, slots=True)
class Structure:
    """The neighbours and tree of a table that serve any eps at one min_samples.

    A row is a core row when its min_samples-th nearest row, itself counted, lies within eps. Core rows within
    eps of each other are connected: these are the edges up to eps of the mutual reachability graph, whose
    components any minimum spanning tree gives. A row that is not core has fewer than min_samples rows
    within eps, so its list of nearest rows holds all of them.
    """

    nearest: NDArray[np.int64]  # (n, min_samples): the nearest rows of each row, itself among them, ascending
    distances: Floats  # (n, min_samples): how far they are
    tree: NDArray[np.int64]  # (n - 1, 2): minimum spanning tree of mutual reachability
    heights: Floats  # (n - 1,)

    @property
    def reach(self) -> Floats:
        """The smallest eps at which each row is a core row, shape (n,)."""
        return self.distances[:, -1]


def nearest_rows(X: Floats, count: int, metric: str) -> tuple[NDArray[np.int64], Floats]:
    """Return the `count` nearest rows of each row and their distances, ascending."""
    from scipy.spatial.distance import cdist

    nearest = np.empty((len(X), count), dtype=np.int64)
    distances = np.empty((len(X), count))
    step = max(1, BLOCK_ENTRIES // len(X))
    for start in range(0, len(X), step):
        block = cdist(X[start : start + step], X, metric)
        candidates = np.argpartition(block, count - 1, axis=1)[:, :count]
        far = np.take_along_axis(block, candidates, axis=1)
        order = np.argsort(far, axis=1, kind="stable")
        nearest[start : start + step] = np.take_along_axis(candidates, order, axis=1)
        distances[start : start + step] = np.take_along_axis(far, order, axis=1)
    return nearest, distances


def spanning_tree(X: Floats, reach: Floats, metric: str) -> tuple[NDArray[np.int64], Floats]:
    """Return a minimum spanning tree of mutual reachability, max(reach_i, reach_j, d_ij) (Prim: n rows of memory)."""
    from scipy.spatial.distance import cdist

    n = len(X)
    outside = np.arange(1, n)
    rows, reach_of = np.array(X[1:]), reach[1:].copy()
    best, source = np.full(n - 1, np.inf), np.zeros(n - 1, dtype=np.int64)
    tree, heights = np.empty((n - 1, 2), dtype=np.int64), np.empty(n - 1)
    current, point, own = 0, X[:1], reach[0]
    for step in range(n - 1):
        m = n - 1 - step
        far = np.maximum(cdist(point, rows[:m], metric)[0], reach_of[:m])
        np.maximum(far, own, out=far)
        closer = far < best[:m]
        best[:m][closer] = far[closer]
        source[:m][closer] = current
        at = int(np.argmin(best[:m]))
        tree[step], heights[step] = (source[at], outside[at]), best[at]
        current, point, own = int(outside[at]), rows[at : at + 1].copy(), reach_of[at]
        for column in (outside, rows, reach_of, best, source):  # the last one outside moves to the free position
            column[at] = column[m - 1]
    return tree, heights


def structure_of(X: Floats, min_samples: int, metric: str) -> Structure:
    """Return what all eps share; see `Structure`."""
    rows, count = np.array(X), min(min_samples, len(X))
    if metric == "euclidean":
        from clusterbench.kernels import neighbours_and_reachability

        return Structure(*neighbours_and_reachability(rows, count, min_samples))
    nearest, distances = nearest_rows(rows, count, metric)
    if min_samples > len(rows):
        distances[:, -1] = np.inf  # no row can be core
    return Structure(nearest, distances, *spanning_tree(rows, distances[:, -1], metric))


def labels_at(structure: Structure, eps: float) -> NDArray[np.int64]:
    """Return scikit-learn's DBSCAN labels: clusters in the order of their first core row, noise -1."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n = len(structure.reach)
    core = np.flatnonzero(structure.reach <= eps)
    edges = structure.tree[structure.heights <= eps]
    links = coo_array((np.ones(len(edges), dtype=np.int8), (edges[:, 0], edges[:, 1])), shape=(n, n))
    part = connected_components(links, directed=False)[1][core]
    _, first, which = np.unique(part, return_index=True, return_inverse=True)
    labels = np.full(n, -1, dtype=np.int64)
    labels[core] = np.argsort(np.argsort(first))[which.reshape(-1)]
    border = np.flatnonzero(structure.reach > eps)
    near = np.where(structure.distances[border] <= eps, labels[structure.nearest[border]], -1)
    # A border row belongs to the first cluster that reaches it; n means none.
    reached = np.where(near >= 0, near, n).min(axis=1, initial=n)
    labels[border] = np.where(reached < n, reached, -1)
    return labels


def eps_at(reach: Floats, quantile: float) -> float:
    """Return a quantile of the k-distances, rounded up to 6 digits so that the printed value gives the same rows."""
    value = float(np.quantile(reach[np.isfinite(reach)], quantile)) if np.isfinite(reach).any() else 0.0
    if value <= 0.0:
        return float(np.finfo(np.float64).tiny)  # only exact copies are neighbours
    unit = 10.0 ** (np.floor(np.log10(value)) - 5)
    return max(float(f"{np.ceil(value / unit) * unit:.6g}"), value)


def build(X: Floats, seed: int, min_samples: int = 10, metric: str = "euclidean") -> Cutter:
    """Find neighbours and tree once; each eps gives the labels of scikit-learn's ``DBSCAN``.

    Parameters
    ----------
    min_samples : int
        Rows within eps of a core row, itself counted.
    metric : str
        Distance: euclidean, manhattan, chebyshev or cosine.
    """
    structure = structure_of(X, min_samples, SCIPY_DISTANCES[metric])

    def cutter(**cut: Any) -> Partition:
        eps = float(cut["eps"]) if "eps" in cut else eps_at(structure.reach, cut["eps_quantile"])
        info = {"eps": eps, "core_rows": int(np.sum(structure.reach <= eps))}
        return Partition(labels_at(structure, eps), info=info)

    return cutter


def check_params(params: Params) -> None:
    """Refuse values that scikit-learn's DBSCAN would refuse."""
    require_number("min_samples", params["min_samples"], integer=True, low=1)
    require_choice("metric", params["metric"], SCIPY_DISTANCES)


def warm_up() -> None:
    """Compile, or load, the kernels of neighbours and trees."""
    build(np.eye(3), 0, min_samples=2)(eps=1.0)


ALGORITHM = Algorithm(
    name="dbscan",
    family=Family.DENSITY,
    summary="connected dense regions; rows in sparse regions are noise",
    reference="Ester et al. 1996; Schubert et al. 2017, doi:10.1145/3068335",
    build=build,
    cuts=(
        CutRange("eps_quantile", (0.5, 0.7, 0.8, 0.9, 0.95, 0.99), share_complaint),
        CutRange("eps", check=partial(number_complaint, low=0, open_low=True)),
    ),
    deterministic=True,
    noise=True,
    max_rows=50_000,
    packages={"scipy": "scipy", "numpy": "numpy"},
    assignment=Assignment.NEAREST_NEIGHBORS,
    check_params=check_params,
    warm_up=warm_up,
)
