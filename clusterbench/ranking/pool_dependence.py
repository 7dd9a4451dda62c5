"""How far the order of two entries depends on which other entries take part."""

from __future__ import annotations

import numpy as np

from clusterbench.ranking.board import RankedBoard
from clusterbench.ranking.order_rules import criterion
from clusterbench.ranking.rules import RankingSpec
from clusterbench.seeding import stable_rng

_HALVES = 20


def reversed_pairs(board: RankedBoard, spec: RankingSpec) -> tuple[float, float]:
    """Return the mean and the largest share of pairs of contenders that change their order in a random half of them.

    A pair that is tied on the board or in the half is not counted as reversed. Halves have at least two contenders;
    with fewer than four contenders both numbers are 0.
    """
    contenders = np.flatnonzero(board.entries.contender)
    if len(contenders) < 4:
        return 0.0, 0.0
    rng = stable_rng(spec.seed, "halves of the entries", board.entries.dataset)
    shares = []
    for _ in range(_HALVES):
        half = np.sort(rng.choice(contenders, len(contenders) // 2, replace=False))
        alone = criterion(board.entries.observed[half], board.entries.axes, np.ones(len(half), dtype=bool), spec)
        before, after = (np.sign(values[:, None] - values[None, :]) for values in (board.criterion[half], alone))
        pairs = np.triu_indices(len(half), 1)
        shares.append(float((before * after < 0)[pairs].mean()))
    return float(np.mean(shares)), max(shares)
