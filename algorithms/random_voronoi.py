"""Control: the cells of random rows."""

from typing import Any

import numpy as np

from clusterbench.plugins import Algorithm, Assignment, Cutter, Family, Floats, Partition, warm_imports


def build(X: Floats, seed: int) -> Cutter:
    """Draw k different rows from each k's own stream; every row goes to the nearest of them."""
    from scipy.spatial.distance import cdist

    def cutter(**cut: Any) -> Partition:
        centres = np.random.default_rng([seed, cut["k"]]).choice(len(X), size=cut["k"], replace=False)
        labels = cdist(X, X[centres], "sqeuclidean").argmin(axis=1)
        return Partition(labels, info={"centres": [int(row) for row in centres]})

    return cutter


ALGORITHM = Algorithm(
    name="random_voronoi",
    family=Family.CONTROL,
    summary="control: each row joins the nearest of k rows drawn at random",
    reference="Akhanli & Hennig 2020, doi:10.1007/s11222-020-09958-2",
    build=build,
    packages={"scipy": "scipy", "numpy": "numpy"},
    assignment=Assignment.NEAREST_CENTROID,
    control=True,
    warm_up=warm_imports("scipy.spatial.distance"),
)
