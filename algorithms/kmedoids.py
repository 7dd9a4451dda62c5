"""k-medoids (scikit-learn-extra): one distance matrix and one BUILD serve all k."""

from typing import Any
from unittest.mock import patch

import numpy as np

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
    from sklearn.metrics import pairwise_distances
    from sklearn_extra.cluster import KMedoids, _k_medoids

    from clusterbench.kernels import GreedyMedoids, MedoidUpdate, euclidean_distances

    X = X.astype(np.float64, copy=False)
    rows, centre = without_offset(X) if metric != "cosine" else (X, None)
    if metric == "euclidean":
        distances, asymmetry = euclidean_distances(rows)
    else:
        distances, asymmetry = pairwise_distances(rows, metric=metric), 0.0
    start = GreedyMedoids(distances)
    update = MedoidUpdate(distances, start.totals, asymmetry)

    def cutter(**cut: Any) -> Partition:
        k = cut["k"]
        model = KMedoids(k, metric="precomputed", method=method, init=init, max_iter=max_iter, random_state=seed)
        if init == "build":
            model._initialize_medoids = lambda D, n_clusters, random_state, X=None: start.first(n_clusters)
        model._update_medoid_idxs_in_place = update
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
    """Compile, or load, the kernels."""
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
