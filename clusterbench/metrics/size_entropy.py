"""The entropy of cluster sizes: how evenly a partition divides the rows."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from clusterbench.labeling import Labels
from clusterbench.metrics.computation import Scores, ScoringSettings
from clusterbench.metrics.conditioning import ScoringTable
from clusterbench.metrics.score import Score

ENTROPY, EVENNESS = "size_entropy", "size_evenness"


class SizeEntropies:
    """The computation of the entropy of a partition's sizes, in natural units, and of its share of the highest one.

    Cost: O(n) time for each partition.
    """

    def scores(
        self, table: ScoringTable, labelings: Sequence[Labels], names: Collection[str], settings: ScoringSettings
    ) -> list[Scores]:
        """Return both scores of each partition."""
        return [_both(labels) for labels in labelings]


def _both(labels: Labels) -> Scores:
    sizes = np.bincount(labels[labels >= 0])
    shares = sizes / sizes.sum()
    entropy = float(-(shares * np.log(shares)).sum())
    return {ENTROPY: Score(entropy), EVENNESS: Score(float(entropy / np.log(len(sizes))))}
