"""HDBSCAN (the hdbscan package): one single-linkage tree serves all minimum cluster sizes."""

from collections.abc import Callable
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
    recorded_warnings,
    require_choice,
    require_number,
    share_complaint,
    warm_imports,
)

METRICS = tuple(name for name in SCIPY_DISTANCES if name != "cosine")
AS_SIZE = "min_cluster_size"


def in_order(edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the edges (row, row, length) of a spanning tree by length, those of one length by their rows.

    Mutual reachability makes many edges equally long. hdbscan leaves their order to numpy's unstable sort, which has
    another outcome on a processor with AVX-512, and some rows then change their cluster.
    """
    ends = np.sort(edges[:, :2], axis=1)
    ordered: NDArray[np.float64] = edges[np.lexsort((ends[:, 1], ends[:, 0], edges[:, 2]))]
    return ordered


class TreeMemory:
    """A cache of the tree between fits, passed to hdbscan as its joblib ``Memory``.

    The fits of a job differ in `min_cluster_size`, which the tree does not depend on, and with it in `min_samples`
    where that follows it; so no other argument needs comparing. The tree is built from the edges `in_order`.
    """

    def __init__(self) -> None:
        self._results: dict[tuple[str, int], Any] = {}

    def cache(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return `function`, called only once for each `min_samples`."""
        from hdbscan._hdbscan_linkage import label

        def once(X: Floats, min_samples: int, *args: Any, **kwargs: Any) -> Any:
            key = (function.__name__, min_samples)
            if key not in self._results:
                edges = in_order(function(X, min_samples, *args, **kwargs)[1])
                self._results[key] = label(edges), edges
            return self._results[key]

        return once


def size_of(value: float, n_rows: int) -> int:
    """Return the number of rows of a cut value: a share of the rows below 1, else the number itself."""
    return max(2, round(value * n_rows)) if value < 1 else int(value)


def check_size(value: Any) -> str | None:
    """Return what a cut value should have been, or None."""
    wrong = share_complaint(value) and number_complaint(value, integer=True, low=2)
    return "a share of the rows above 0 and below 1, or an integer of rows of at least 2" if wrong else None


def build(
    X: Floats,
    seed: int,
    min_samples: int | str = 10,
    allow_single_cluster: bool = False,
    max_cluster_size: int = 0,
    cluster_selection_method: str = "eom",
    cluster_selection_epsilon: float = 0.0,
    alpha: float = 1.0,
    metric: str = "euclidean",
) -> Cutter:
    """Share the tree between the cuts; each gives what ``HDBSCAN(...).fit(X)`` gives, but for ties: see `in_order`.

    Parameters
    ----------
    min_samples : int or "min_cluster_size"
        Neighbours that make a core row; more of them make more noise.
    allow_single_cluster : bool
        Whether all rows may be one cluster.
    max_cluster_size : int
        Most rows of a cluster; 0 for no limit.
    cluster_selection_method : "eom" or "leaf"
        The most persistent clusters, or the finest.
    cluster_selection_epsilon : float
        Clusters nearer than this are merged.
    alpha : float
        Divisor of distances in the linkage; larger is more conservative.
    metric : str
        Distance: euclidean, manhattan or chebyshev.
    """
    from hdbscan import HDBSCAN

    rows, memory = np.array(X), TreeMemory()

    def cutter(**cut: Any) -> Partition:
        size = size_of(cut["min_cluster_size"], len(rows))
        model = HDBSCAN(
            min_cluster_size=size,
            min_samples=None if min_samples == AS_SIZE else min_samples,
            allow_single_cluster=allow_single_cluster,
            max_cluster_size=max_cluster_size,
            cluster_selection_method=cluster_selection_method,
            cluster_selection_epsilon=float(cluster_selection_epsilon),
            alpha=float(alpha),
            metric=metric,
            memory=memory,
            gen_min_span_tree=True,
            core_dist_n_jobs=1,
        )
        with recorded_warnings() as seen:
            model.fit(rows)
        info: dict[str, Any] = {
            "min_cluster_size": size,
            "persistence": [round(float(value), 6) for value in model.cluster_persistence_],
        }
        if seen:
            info["warnings"] = seen
        return Partition(model.labels_, info=info, model=model)

    return cutter


def check_params(params: Params) -> None:
    """Refuse values that hdbscan would refuse only when it is fitted."""
    min_samples = params["min_samples"]
    complaint = number_complaint(min_samples, integer=True, low=1)
    if complaint and min_samples != AS_SIZE:  # the package's own default
        raise ValueError(f"min_samples = {min_samples!r} is not {complaint}, or {AS_SIZE!r}")
    if not isinstance(params["allow_single_cluster"], bool):
        raise ValueError(f"allow_single_cluster = {params['allow_single_cluster']!r} is not true or false")
    require_number("max_cluster_size", params["max_cluster_size"], integer=True, low=0)
    require_choice("cluster_selection_method", params["cluster_selection_method"], ("eom", "leaf"))
    require_number("cluster_selection_epsilon", params["cluster_selection_epsilon"], low=0)
    require_number("alpha", params["alpha"], low=0, open_low=True)
    require_choice("metric", params["metric"], METRICS)


ALGORITHM = Algorithm(
    name="hdbscan",
    version=2,
    family=Family.DENSITY,
    summary="the most persistent dense regions over all density levels; the rest is noise",
    reference="Campello, Moulavi & Sander 2013, doi:10.1007/978-3-642-37456-2_14; McInnes et al. 2017",
    build=build,
    cuts=(CutRange("min_cluster_size", (0.005, 0.01, 0.02, 0.05), check_size),),
    deterministic=True,
    noise=True,
    max_rows=50_000,
    packages={"hdbscan": "hdbscan", "numpy": "numpy"},
    assignment=Assignment.NEAREST_NEIGHBORS,
    check_params=check_params,
    warm_up=warm_imports("hdbscan"),
)
