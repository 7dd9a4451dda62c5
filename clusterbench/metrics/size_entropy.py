"""The entropy of cluster sizes: how evenly a partition divides the rows."""

from __future__ import annotations

import numpy as np

from clusterbench.labeling import Labels
from clusterbench.tables import Floats


def size_entropies(X: Floats, labelings: Labels) -> list[float]:
    """Return for each labeling (m, n) the entropy of its clusters' shares of the clustered rows, in natural units.

    Cost: O(n) time for each.
    """
    sizes = [np.bincount(labels[labels >= 0]) for labels in labelings]
    return [float(-(each / each.sum() * np.log(each / each.sum())).sum()) for each in sizes]
