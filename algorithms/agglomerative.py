"""Agglomerative clustering (fastcluster): one tree serves all k."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from clusterbench.plugins import (
    SCIPY_DISTANCES,
    Algorithm,
    Assignment,
    Cutter,
    Family,
    Floats,
    Params,
    Partition,
    require_choice,
)

LINKAGES = ("ward", "average", "complete", "single")


def tree_of(X: Floats, linkage: str, metric: str) -> NDArray[np.float64]:
    """Return the merges, shape (n - 1, 4): the two parts (rows first, then merges), height, rows."""
    import fastcluster

    from clusterbench.kernels import ward_tree

    if linkage == "ward" and (made := ward_tree(X)) is not None:
        return made
    rows = np.array(X)
    if linkage in ("ward", "single"):  # these need no distance matrix
        # linkage_vector has a spelling of its own for this one distance.
        name = SCIPY_DISTANCES[metric].replace("chebyshev", "chebychev")
        tree: NDArray[np.float64] = fastcluster.linkage_vector(rows, method=linkage, metric=name)
    else:
        tree = fastcluster.linkage(rows, method=linkage, metric=SCIPY_DISTANCES[metric])
    return tree


def cut_tree(tree: NDArray[np.float64], k: int) -> NDArray[np.int32]:
    """Return the k parts before the last k - 1 merges, as labels of shape (n,).

    The merges are counted, not their heights compared: equal heights cannot give another number of parts.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n = len(tree) + 1
    done = n - k
    parts = tree[:done, :2].astype(np.int64)
    merged = np.repeat(np.arange(n, n + done), 2)
    links = coo_array((np.ones(2 * done, dtype=np.int8), (merged, parts.ravel())), shape=(n + done, n + done))
    labels: NDArray[np.int32] = connected_components(links, directed=False)[1][:n]
    return labels


def build(X: Floats, seed: int, linkage: str = "ward", metric: str = "euclidean") -> Cutter:
    """Grow the tree once; each k gives the partition of scikit-learn's ``AgglomerativeClustering``.

    Parameters
    ----------
    linkage : str
        Distance of two clusters: ward, average, complete or single.
    metric : str
        Distance of two rows: euclidean, manhattan, chebyshev or cosine; ward needs euclidean.
    """
    tree = tree_of(X, linkage, metric)

    def cutter(**cut: Any) -> Partition:
        k = cut["k"]
        if k > len(X):
            raise ValueError(f"{len(X)} rows cannot be cut into {k} clusters")
        # Between these two heights the cut is this one: a wide gap supports k.
        info = {"height_below": float(tree[-k, 2]) if k < len(X) else 0.0, "height_above": float(tree[1 - k, 2])}
        return Partition(cut_tree(tree, k), info=info)

    return cutter


def check_params(params: Params) -> None:
    """Refuse unknown linkages and distances, and ward with a distance that is not Euclidean."""
    require_choice("linkage", params["linkage"], LINKAGES)
    require_choice("metric", params["metric"], SCIPY_DISTANCES)
    if params["linkage"] == "ward" and SCIPY_DISTANCES[params["metric"]] != "euclidean":
        raise ValueError(f"linkage = 'ward' is of Euclidean distances, not of metric = {params['metric']!r}")


def warm_up() -> None:
    """Compile, or load, the kernel of Ward's method, and what the cuts need."""
    build(np.arange(6.0).reshape(3, 2) ** 2, 0)(k=2)


ALGORITHM = Algorithm(
    name="agglomerative",
    family=Family.HIERARCHY,
    summary="merges the nearest two clusters until k are left",
    reference="Ward 1963, doi:10.1080/01621459.1963.10500845; Müllner 2013, doi:10.18637/jss.v053.i09",
    build=build,
    grid={"linkage": ("ward", "average")},
    deterministic=True,
    max_rows=20_000,
    packages={"fastcluster": "fastcluster", "scipy": "scipy"},
    assignment=Assignment.NEAREST_CENTROID,
    check_params=check_params,
    warm_up=warm_up,
)
