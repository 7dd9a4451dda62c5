"""The population stability index of two tables of counts, and the limit that it passes by chance."""

from __future__ import annotations

import numpy as np

from clusterbench.segments.operations import Floats, Ints

_SAMPLES = 1000


def stability_index(counts: Ints, reference: Ints) -> Floats:
    """Return the population stability index of counts of bins, shape (..., b); half a row is added to every bin.

    It is the sum over bins of (p - q) log(p / q), where p and q are the shares of the bin.
    """
    p, q = ((one + 0.5) / (one + 0.5).sum(axis=-1, keepdims=True) for one in (counts, reference))
    return np.asarray(((p - q) * np.log(p / q)).sum(axis=-1))


def chance_limit(counts: Ints, reference: Ints, level: float, rng: np.random.Generator) -> float:
    """Return what the index exceeds with probability `level` if both tables are of rows from the same population.

    1,000 pairs of tables are drawn from the shares of both together. The limit is that of a gamma distribution with
    their mean and variance, and never below the largest of them where `level` is below 1/1,000.
    """
    from scipy.stats import gamma

    shares = (counts + reference) / (counts.sum() + reference.sum())
    one, other = (rng.multinomial(part.sum(), shares, _SAMPLES) for part in (counts, reference))
    drawn = stability_index(one, other)
    mean, variance = drawn.mean(), drawn.var()
    if variance == 0.0:
        return float(mean)
    limit = gamma.isf(level, mean**2 / variance, scale=variance / mean)
    return float(max(limit, drawn.max()) if level < 1 / _SAMPLES else limit)
