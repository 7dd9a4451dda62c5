"""k-means: Lloyd's algorithm from k-means++ starts (scikit-learn)."""

from dataclasses import replace
from typing import Any

import numpy as np

from clusterbench.plugins import Assignment, Cutter, Family, Floats, Partition, sklearn_algorithm


def build(X: Floats, seed: int, **params: Any) -> Cutter:
    """Give for each k exactly what ``KMeans(...).fit(X)`` gives; see `quick_lloyd`."""
    from clusterbench.kernels import quick_lloyd

    fit = KMEANS.build(X, seed, **params)

    def cutter(**cut: Any) -> Partition:
        with quick_lloyd():
            return fit(**cut)  # type: ignore[return-value]

    return cutter


def warm_up() -> None:
    """Compile, or load, the kernels of k-means."""
    build(np.random.default_rng(0).normal(size=(20, 2)), 0, n_init=1)(k=2)


KMEANS = sklearn_algorithm(
    "sklearn.cluster:KMeans",
    name="kmeans",
    family=Family.CENTROID,
    summary="centroids that minimise the squared distances to them; the best of n_init starts",
    reference="Lloyd 1982, doi:10.1109/TIT.1982.1056489; Arthur & Vassilvitskii 2007",
    defaults={"n_init": 10},
    centred=True,
    assignment=Assignment.PREDICT,
    optimises=("calinski_harabasz",),
    warm_up=warm_up,
)
ALGORITHM = replace(KMEANS, build=build)
