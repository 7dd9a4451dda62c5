"""Control: every row gets a random cluster."""

from typing import Any

import numpy as np

from clusterbench.plugins import Algorithm, Cutter, Family, Floats, Partition


def build(X: Floats, seed: int) -> Cutter:
    """Draw the labels of each k from its own stream, so that no cut moves another's."""

    def cutter(**cut: Any) -> Partition:
        return Partition(np.random.default_rng([seed, cut["k"]]).integers(cut["k"], size=len(X)))

    return cutter


ALGORITHM = Algorithm(
    name="random_labels",
    family=Family.CONTROL,
    summary="control: a random cluster for every row, blind to the data",
    reference="what any index must put last",
    build=build,
    packages={"numpy": "numpy"},
    control=True,
)
