"""FasterPAM: k-medoids by swaps, one distance matrix and one BUILD for all k."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

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
    require_number,
)


@dataclass(frozen=True, slots=True, eq=False)
class Medoids:
    """Rows as centres, shape (k, d), with the distance by which a row joins the nearest one."""

    cluster_centers_: Floats
    metric: str

    def predict(self, X: ArrayLike) -> NDArray[np.int64]:
        """Return the number of the nearest medoid of each row, shape (m,)."""
        from scipy.spatial.distance import cdist

        nearest: NDArray[np.int64] = cdist(X, self.cluster_centers_, SCIPY_DISTANCES[self.metric]).argmin(axis=1)
        return nearest


def build(X: Floats, seed: int, max_iter: int = 100, metric: str = "euclidean") -> Cutter:
    """Compute the distances and the greedy start once; each k is improved by swaps from there.

    Parameters
    ----------
    max_iter : int
        Most passes over all rows.
    metric : str
        Distance: euclidean, manhattan, chebyshev or cosine.
    """
    from scipy.spatial.distance import cdist

    from clusterbench.kernels import GreedyMedoids, swapped_medoids

    distances = cdist(X, X, SCIPY_DISTANCES[metric])
    start = GreedyMedoids(distances)

    def cutter(**cut: Any) -> Partition:
        if cut["k"] > len(X):
            raise ValueError(f"{len(X)} rows have no {cut['k']} medoids")
        medoids, n_iter = swapped_medoids(distances, start.first(cut["k"]), max_iter)
        near = distances[medoids]
        info: dict[str, Any] = {"medoids": medoids.tolist(), "n_iter": min(n_iter, max_iter)}
        if n_iter > max_iter:
            info["warnings"] = [f"after {max_iter} passes some swaps still improve the medoids"]
        return Partition(near.argmin(axis=0), float(near.min(axis=0).sum()), info, Medoids(X[medoids], metric))

    return cutter


def check_params(params: Params) -> None:
    """Refuse an unknown distance and less than one pass."""
    require_choice("metric", params["metric"], SCIPY_DISTANCES)
    require_number("max_iter", params["max_iter"], integer=True, low=1)


def warm_up() -> None:
    """Compile, or load, the kernels of start and swaps."""
    build(np.eye(3), 0)(k=2)


ALGORITHM = Algorithm(
    name="fasterpam",
    family=Family.MEDOID,
    summary="rows as centres that minimise the distances to them, improved until no swap of one helps",
    reference="Schubert & Rousseeuw 2021, doi:10.1016/j.is.2021.101804",
    build=build,
    deterministic=True,
    max_rows=20_000,
    packages={"scipy": "scipy", "numpy": "numpy"},
    assignment=Assignment.PREDICT,
    check_params=check_params,
    warm_up=warm_up,
)
