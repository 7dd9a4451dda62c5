"""BIRCH with a bounded tree: the rows become at most so many sub-clusters, which Ward's rule merges to k clusters."""

from copy import copy
from typing import Any

from clusterbench.plugins import (
    Algorithm,
    Assignment,
    Cutter,
    Family,
    Floats,
    Params,
    Partition,
    ShiftedModel,
    require_number,
    warm_imports,
    without_offset,
)

BATCH = 10_000
GROWTH = 1.5


def tree_of(X: Floats, threshold: float, branching_factor: int, max_leaves: int) -> Any:
    """Return a `sklearn.cluster.Birch` with at most `max_leaves` sub-clusters.

    Where a batch of rows makes more, the threshold is raised by half, and a new tree is made of the sub-clusters.
    """
    from sklearn.cluster import Birch

    settings: dict[str, Any] = {"branching_factor": branching_factor, "n_clusters": None, "compute_labels": False}
    tree = Birch(threshold=threshold, **settings)
    for start in range(0, len(X), BATCH):
        tree.partial_fit(X[start : start + BATCH])
        while len(tree.subcluster_centers_) > max_leaves:
            threshold *= GROWTH
            tree = Birch(threshold=threshold, **settings).fit(tree.subcluster_centers_)
    return tree


def build(X: Floats, seed: int, threshold: float = 0.5, branching_factor: int = 50, max_leaves: int = 2000) -> Cutter:
    """Grow the tree once; each k merges its sub-clusters, and a row joins the cluster of the nearest one.

    Parameters
    ----------
    threshold : float
        Largest radius of a sub-cluster, raised where there are too many.
    branching_factor : int
        Most sub-clusters of a node of the tree.
    max_leaves : int
        Most sub-clusters.
    """
    from sklearn.cluster import AgglomerativeClustering

    rows, centre = without_offset(X)
    tree = tree_of(rows, threshold, branching_factor, max_leaves)
    leaves = tree.subcluster_centers_
    leaf_of = tree.predict(rows)  # of the sub-clusters, which are numbered 0.. here

    def cutter(**cut: Any) -> Partition:
        k = cut["k"]
        if k > len(leaves):
            raise ValueError(
                f"{len(leaves)} sub-clusters cannot be merged to {k} clusters: a lower threshold is needed"
            )
        model = copy(tree)
        model.subcluster_labels_ = AgglomerativeClustering(k).fit_predict(leaves)
        info = {"sub_clusters": len(leaves), "threshold": tree.threshold}
        fitted = model if centre is None else ShiftedModel(model, centre)
        return Partition(model.subcluster_labels_[leaf_of], info=info, model=fitted)

    return cutter


def check_params(params: Params) -> None:
    """Refuse values that scikit-learn would refuse only when it is fitted."""
    require_number("threshold", params["threshold"], low=0, open_low=True)
    require_number("branching_factor", params["branching_factor"], integer=True, low=2)
    require_number("max_leaves", params["max_leaves"], integer=True, low=2)


ALGORITHM = Algorithm(
    name="birch",
    family=Family.HIERARCHY,
    summary="sub-clusters of a tree of bounded size, merged by Ward's rule",
    reference="Zhang, Ramakrishnan & Livny 1996, doi:10.1145/233269.233324",
    build=build,
    deterministic=True,
    assignment=Assignment.PREDICT,
    check_params=check_params,
    warm_up=warm_imports("sklearn.cluster"),
)
