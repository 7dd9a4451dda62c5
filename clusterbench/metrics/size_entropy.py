"""The entropy of cluster sizes: how evenly a partition divides the rows."""

from __future__ import annotations

import numpy as np

from clusterbench.labeling import Labels
from clusterbench.tables import Floats

EVENNESS = "size_evenness"


def size_entropies(X: Floats, labelings: Labels) -> list[float]:
    """Return for each labeling (m, n) the entropy of its clusters' shares of the clustered rows, in natural units.

    Cost: O(n) time for each.
    """
    sizes = [np.bincount(labels[labels >= 0]) for labels in labelings]
    return [float(-(each / each.sum() * np.log(each / each.sum())).sum()) for each in sizes]


def size_evenness(X: Floats, labelings: Labels) -> list[float]:
    """Return for each labeling (m, n) its size entropy over the highest possible one, that of equal sizes.

    Cost: O(n) time for each.
    """
    counts = [int(labels.max()) + 1 for labels in labelings]
    return [entropy / np.log(k) for entropy, k in zip(size_entropies(X, labelings), counts, strict=True)]
