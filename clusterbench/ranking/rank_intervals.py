"""How ranks would vary over other samples of the same size from the same population."""

from __future__ import annotations

import numpy as np

from clusterbench.ranking.ranks import final_ranks
from clusterbench.seeding import stable_rng
from clusterbench.tables import Bools, Floats, Ints


def multiplier_draws(full: Floats, drawn: Floats, contender: Bools, n: int, seed: int, name: str) -> Floats:
    """Return the criterion of every entry in `n` simulated samples of the same size from the same population.

    With D draws of criterion c_b, a simulated one is ``c + sum_b g_b (c_b - mean c_b) / sqrt(D - 1)`` with g_b normal,
    the same for all entries, which keeps how they vary together. A statistic of half of the rows, drawn without
    replacement, varies as much around that of all rows as that does around the population: nothing has to be scaled.

    Parameters
    ----------
    full : ndarray, shape (E,)
        Criterion on all rows; lower is better.
    drawn : ndarray, shape (D, E)
        Criterion in each draw. Where it is missing or infinite, it is the worst of that draw.
    contender : ndarray of bool, shape (E,)
        Controls are judged by their expectation: they do not vary.
    n, seed, name
        Number of simulated samples, and what fixes them.

    Returns
    -------
    ndarray, shape (n, E)
    """
    finite = np.isfinite(drawn)
    worst = np.where(finite, drawn, -np.inf).max(axis=1, keepdims=True)
    filled = np.where(finite, drawn, np.where(np.isfinite(worst), worst, 0.0))
    deviations = np.where(contender, filled - filled.mean(axis=0), 0.0)
    multipliers = stable_rng(seed, "multipliers", name).normal(size=(n, len(drawn)))
    return np.asarray(full + multipliers @ deviations / np.sqrt(len(drawn) - 1))


def rank_interval(criteria: Floats, rank: Ints, contender: Bools, confidence: float) -> tuple[Floats, Floats, Floats]:
    """Return low, high and median rank over simulated samples (n, E); the interval always includes the rank itself."""
    drawn = final_ranks(criteria, contender)
    tail = (1.0 - confidence) / 2.0
    low = np.quantile(drawn, tail, axis=0, method="lower").astype(np.float64)
    high = np.quantile(drawn, 1.0 - tail, axis=0, method="higher").astype(np.float64)
    median = np.quantile(drawn, 0.5, axis=0, method="lower").astype(np.float64)
    return np.minimum(low, rank), np.maximum(high, rank), median


def first_share(criteria: Floats, contender: Bools) -> Floats:
    """Return the share of simulated samples (n, E) in which no contender is ahead of an entry."""
    best = criteria[:, contender].min(axis=1, initial=np.inf)
    return np.asarray((criteria <= best[:, None]).mean(axis=0))


def separated(criteria: Floats, confidence: float) -> Bools:
    """Return which pairs of entries the simulated samples (n, E) separate, shape (E, E).

    A pair is separated where one is ahead of the other in all but ``(1 - confidence) / 2`` of the samples. There is no
    correction for multiple comparisons: a shared letter means that two entries are not separated, not that all others
    are.
    """
    n_samples, n = criteria.shape
    ahead = np.zeros((n, n), dtype=np.int32)
    # Integers compare faster than floats and have the same order.
    codes = np.stack([np.unique(row, return_inverse=True)[1].reshape(-1) for row in criteria]).astype(np.int16)
    for row in codes:
        ahead += row[:, None] < row[None, :]
    return np.asarray(np.maximum(ahead, ahead.T) >= _needed(n_samples, confidence))


def rivals_of(first: int, criteria: Floats, contender: Bools, confidence: float) -> Ints:
    """Return the fewest contenders without which an entry is ahead of all others at once, in enough of the samples.

    Enough is ``(1 + confidence) / 2``; the contenders that are most often ahead of it, or equal, are left out first.
    """
    others = np.flatnonzero(contender & (np.arange(criteria.shape[1]) != first))
    not_behind = criteria[:, others] <= criteria[:, [first]]
    order = np.argsort(-not_behind.sum(axis=0), kind="stable")
    # clear[r]: in how many samples the entry is ahead of all but the first r of them.
    beaten = np.logical_or.accumulate(not_behind[:, order][:, ::-1], axis=1)[:, ::-1]
    clear = np.append((~beaten).sum(axis=0), len(criteria))
    return np.asarray(others[order[: int(np.argmax(clear >= _needed(len(criteria), confidence)))]])


def _needed(n_samples: int, confidence: float) -> float:
    return (1.0 + confidence) / 2.0 * n_samples - 1e-9
