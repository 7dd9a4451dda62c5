"""Archetypes of the simulated credit-card customers, read from ``simulator.toml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clusterbench.datasets.layouts import read_facts


@dataclass(frozen=True, slots=True, eq=False)
class Archetype:
    """One kind of customer.

    Attributes
    ----------
    name, summary : str
    share : float
        Of all customers, in %.
    patterns : mapping of str to float
        Shares (in %) of the zero patterns: O one-off purchases, I instalments, C cash advances occur.
    no_payment : float
        Share (in %) that pays nothing.
    tenure : sequence of float, length 7
        Cumulative shares (in %) of 6, 7, ... 12 months.
    quantiles : mapping of str to sequence of float, length 11
        Quantiles of a column at the levels `LEVELS`.
    frequencies : mapping of str to sequence of float, length 13
        Cumulative shares (in %) of 0, 1, ... 12 twelfths of the months.
    correlation : ndarray, shape (16, 16)
        Positive definite correlation matrix of the normal scores.
    """

    name: str
    summary: str
    share: float
    patterns: Mapping[str, float]
    no_payment: float
    tenure: list[float]
    quantiles: Mapping[str, list[float]]
    frequencies: Mapping[str, list[float]]
    correlation: NDArray[np.float64]


def _correlation(percent: list[list[float]]) -> NDArray[np.float64]:
    """Complete the upper triangle of a correlation matrix; lift eigenvalues that rounding made too small to 0.001."""
    upper = np.zeros((len(percent) + 1, len(percent) + 1))
    for row, entries in enumerate(percent):
        upper[row, row + 1 :] = entries
    values, vectors = np.linalg.eigh(np.eye(len(upper)) + (upper + upper.T) / 100.0)
    lifted = (vectors * np.maximum(values, 1e-3)) @ vectors.T
    scale = np.sqrt(np.diag(lifted))
    matrix: NDArray[np.float64] = lifted / np.outer(scale, scale)
    return matrix


_FACTS: Final = read_facts("simulator.toml")
LEVELS: Final[tuple[float, ...]] = tuple(_FACTS["levels"])
ARCHETYPES: Final = tuple(
    Archetype(correlation=_correlation(facts.pop("correlations")), **facts) for facts in _FACTS["archetypes"]
)
