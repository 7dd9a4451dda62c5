"""k-medoids (scikit-learn-extra): one distance matrix and one BUILD serve all k."""

from typing import Any
from unittest.mock import patch

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
    ShiftedModel,
    recorded_warnings,
    require_choice,
    require_number,
    without_offset,
)

BLOCK = 256
CACHED_ROWS = 8  # of distances, about what a processor keeps at hand
# Far above the rounding of a sum of 20,000 distances, far below a difference that matters.
ROUNDING = 1e-9


def costs_of(
    distances: NDArray[np.float64], members: NDArray[np.int64], candidates: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the sum of the distances of `members` from each candidate, to scikit-learn-extra's last bit."""
    costs = np.empty(len(candidates))
    for start in range(0, len(candidates), BLOCK):
        columns = candidates[start : start + BLOCK]
        costs[start : start + BLOCK] = np.ascontiguousarray(distances[members[:, np.newaxis], columns].T).sum(axis=1)
    return costs


def all_distances(rows: Floats, metric: str) -> NDArray[np.float64]:
    """Return what scikit-learn's ``pairwise_distances`` gives, to the last bit, in one pass over n x n numbers."""
    from sklearn.metrics import pairwise_distances

    if metric != "euclidean" or rows.dtype != np.float64:
        return np.asarray(pairwise_distances(rows, metric=metric))
    squares = np.einsum("ij,ij->i", rows, rows)
    distances: NDArray[np.float64] = rows @ rows.T
    for start in range(0, len(rows), CACHED_ROWS):
        block = distances[start : start + CACHED_ROWS]
        block *= -2.0
        block += squares[start : start + CACHED_ROWS, np.newaxis]
        block += squares
        np.maximum(block, 0.0, out=block)
        np.fill_diagonal(block[:, start:], 0.0)
        np.sqrt(block, out=block)
    return distances


class MedoidUpdate:
    """The update step of scikit-learn-extra's alternating method, with the same outcome in less time.

    For every row it keeps the sum of its distances from each cluster's members, and changes these sums only by
    the rows that moved. The sums have rounding errors, so they only choose candidates: every row that is
    within `ROUNDING` of the lowest cost. Among these the exact costs decide.
    """

    def __init__(self, distances: NDArray[np.float64], k: int) -> None:
        self._distances, self._k = distances, k
        self._labels = np.full(len(distances), -1)
        self._sums = np.zeros((k, len(distances)))

    def __call__(self, D: NDArray[np.float64], labels: NDArray[np.int64], medoids: NDArray[np.int64]) -> None:
        """Move each medoid, in place, to the member of its cluster with the lowest cost, where that is lower."""
        self._follow(labels)
        slack = ROUNDING * self._sums.max()
        for number in range(self._k):
            members = np.flatnonzero(labels == number)
            if len(members) == 0:  # a copy of this medoid comes earlier and took its rows
                continue
            rough = self._sums[number, members]
            candidates = members[rough <= rough.min() + slack]
            costs = costs_of(self._distances, members, candidates)
            best = np.argmin(costs)
            current = members[np.argmax(members == medoids[number])]
            if costs[best] < costs_of(self._distances, members, current[np.newaxis])[0]:
                medoids[number] = candidates[best]

    def _follow(self, labels: NDArray[np.int64]) -> None:
        moved = np.flatnonzero(labels != self._labels)
        if 4 * len(moved) > len(labels):
            self._sums = (labels == np.arange(self._k)[:, np.newaxis]).astype(np.float64) @ self._distances
        else:
            for number in range(self._k):
                self._sums[number] += self._distances[moved[labels[moved] == number]].sum(axis=0)
                self._sums[number] -= self._distances[moved[self._labels[moved] == number]].sum(axis=0)
        self._labels = labels.copy()


def build(
    X: Floats, seed: int, method: str = "alternate", init: str = "build", max_iter: int = 100, metric: str = "euclidean"
) -> Cutter:
    """Compute the distances once; each k then gives exactly what ``KMedoids(...).fit(X)`` gives.

    Rows far from the origin are fitted less their medians, which changes no distance but the cosine.

    Parameters
    ----------
    method : "alternate" or "pam"
        Update of the medoids: fast, or by swaps.
    init : str
        First medoids: build (greedy), heuristic, k-medoids++ or random.
    max_iter : int
        Most updates.
    metric : str
        Distance: euclidean, manhattan, chebyshev or cosine.
    """
    from sklearn import config_context
    from sklearn_extra.cluster import KMedoids, _k_medoids

    from clusterbench.kernels import GreedyMedoids

    rows, centre = without_offset(X) if metric != "cosine" else (X, None)
    distances = all_distances(rows, metric)
    start = GreedyMedoids(distances)

    def cutter(**cut: Any) -> Partition:
        k = cut["k"]
        model = KMedoids(k, metric="precomputed", method=method, init=init, max_iter=max_iter, random_state=seed)
        if init == "build":
            model._initialize_medoids = lambda D, n_clusters, random_state, X=None: start.first(n_clusters)
        model._update_medoid_idxs_in_place = MedoidUpdate(distances, k)
        # Looking through n x n distances for negative and infinite ones, for each k, takes most of the time.
        given = patch.object(_k_medoids, "pairwise_distances", lambda D, metric: D)
        with recorded_warnings() as seen, config_context(assume_finite=True), given:
            model.fit(distances)
        medoids = model.medoid_indices_
        # From here on the model is one that was fitted on the rows themselves.
        model.metric, model.cluster_centers_, model.n_features_in_ = metric, rows[medoids], rows.shape[1]
        for replaced in ("_initialize_medoids", "_update_medoid_idxs_in_place"):
            model.__dict__.pop(replaced, None)
        model.inertia_ = float(model.transform(rows).min(axis=1).sum())
        info: dict[str, Any] = {"medoids": [int(row) for row in medoids], "n_iter": model.n_iter_ + 1}
        if seen:
            info["warnings"] = seen
        fitted = model if centre is None else ShiftedModel(model, centre)
        return Partition(model.labels_, model.inertia_, info, fitted)

    return cutter


def check_params(params: Params) -> None:
    """Refuse values that scikit-learn-extra would refuse, or misread, only when it is fitted."""
    require_choice("method", params["method"], ("alternate", "pam"))
    require_choice("init", params["init"], ("build", "random", "heuristic", "k-medoids++"))
    require_choice("metric", params["metric"], SCIPY_DISTANCES)
    require_number("max_iter", params["max_iter"], integer=True, low=1)


def warm_up() -> None:
    """Compile, or load, the kernels of BUILD."""
    build(np.eye(3), 0)(k=2)


ALGORITHM = Algorithm(
    name="kmedoids",
    family=Family.MEDOID,
    summary="rows as centres that minimise the distances to them",
    reference="Park & Jun 2009, doi:10.1016/j.eswa.2008.01.039; Kaufman & Rousseeuw 1990",
    build=build,
    deterministic=lambda params: params["init"] in ("build", "heuristic"),
    max_rows=20_000,
    packages={"sklearn_extra": "scikit-learn-extra==0.3.0; python_version < '3.12'", "sklearn": "scikit-learn"},
    assignment=Assignment.PREDICT,
    check_params=check_params,
    warm_up=warm_up,
)
