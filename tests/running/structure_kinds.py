"""Kinds of tables without clusters and with strongly separated ones, to measure how often the verdict is right."""

from collections.abc import Callable

import numpy as np
from scipy.stats import norm

Table = np.ndarray
Generator = np.random.Generator


def correlation(rng: Generator, d: int) -> Table:
    """Return a random correlation matrix with strong correlations."""
    loadings = rng.normal(size=(d, max(1, d // 2)))
    covariance = loadings @ loadings.T + np.diag(rng.uniform(0.2, 1, d))
    scale = np.sqrt(np.diag(covariance))
    return covariance / np.outer(scale, scale)


def correlated(rng: Generator, n: int, d: int) -> Table:
    return rng.multivariate_normal(np.zeros(d), correlation(rng, d), size=n)


def ball(rng: Generator, n: int, d: int) -> Table:
    directions = rng.normal(size=(n, d))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return directions * rng.uniform(size=(n, 1)) ** (1 / d)


def zero_inflated(rng: Generator, n: int, d: int) -> Table:
    """Return correlated columns like customers' amounts: 20 to 60 % zeros, the others log-normal."""
    share, uniform = rng.uniform(0.2, 0.6, d), norm.cdf(correlated(rng, n, d))
    spent = norm.ppf(np.clip((uniform - share) / (1 - share), 1e-9, 1 - 1e-9))
    return np.where(uniform < share, 0.0, np.exp(3 + spent))


STRUCTURELESS: dict[str, Callable[[Generator, int, int], Table]] = {
    "normal, spherical": lambda rng, n, d: rng.normal(size=(n, d)),
    "normal, correlated": correlated,
    "uniform in a cube": lambda rng, n, d: rng.uniform(size=(n, d)),
    "uniform in a ball": ball,
    "t with 3 degrees of freedom": lambda rng, n, d: rng.normal(size=(n, d)) / np.sqrt(rng.chisquare(3, (n, 1)) / 3),
    "log-normal": lambda rng, n, d: np.exp(rng.normal(size=(n, d))),
    "exponential": lambda rng, n, d: rng.exponential(size=(n, d)),
    "log-normal, correlated": lambda rng, n, d: np.exp(correlated(rng, n, d)),
    "one normal factor": lambda rng, n, d: (
        rng.normal(size=(n, 1)) * rng.uniform(0.5, 1, d) + 0.5 * rng.normal(size=(n, d))
    ),
    "normal, rounded": lambda rng, n, d: np.round(correlated(rng, n, d) * rng.choice([1, 2, 4])),
    "zero-inflated amounts": zero_inflated,
}


def apart(rng: Generator, clusters: int, d: int, *, box: float, distance: float) -> Table:
    """Return centres in a box with at least this distance between each two."""
    while True:
        centres = rng.uniform(-box, box, size=(clusters, d))
        gaps = np.linalg.norm(centres[:, None] - centres, axis=2) + 99 * np.eye(clusters)
        if gaps.min() > distance:
            return centres


def blobs(rng: Generator, n: int, d: int) -> Table:
    return apart(rng, 3, 5, box=10, distance=7)[rng.integers(3, size=n)] + rng.normal(size=(n, 5))


def one_column(rng: Generator, n: int, d: int) -> Table:
    table = rng.normal(size=(n, max(d, 3)))
    table[:, 0] += 5 * rng.integers(2, size=n)
    return table


def two_correlated(rng: Generator, n: int, d: int) -> Table:
    """Return two correlated normal clusters, six Mahalanobis distances apart in a random direction."""
    cluster = correlation(rng, d)
    direction = rng.normal(size=d)
    direction *= 6 / np.sqrt(direction @ np.linalg.solve(cluster, direction))
    return rng.multivariate_normal(np.zeros(d), cluster, size=n) + np.outer(rng.integers(2, size=n), direction)


def rings_or_moons(rng: Generator, n: int, d: int) -> Table:
    angle, outer = rng.uniform(0, 2 * np.pi, n), rng.integers(2, size=n)
    noise = 0.05 * rng.normal(size=(n, 2))
    if d % 2:
        return np.where(outer, 1.0, 0.4)[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1) + noise
    half = np.stack([np.cos(angle / 2), np.sin(angle / 2)], axis=1)
    return np.where(outer[:, None], half, np.array([1.0, 0.5]) - half) + noise


def eight(rng: Generator, n: int, d: int) -> Table:
    d = min(d, 5)
    return apart(rng, 8, d, box=14, distance=6)[rng.integers(8, size=n)] + rng.normal(size=(n, d))


CLUSTERED: dict[str, Callable[[Generator, int, int], Table]] = {
    "three blobs in five columns": blobs,
    "two clusters along one column": one_column,
    "two correlated clusters": two_correlated,
    "two rings or two moons": rings_or_moons,
    "eight small clusters": eight,
}


def tables(kind: str, number: int, *, most_rows: int = 1000) -> list[Table]:
    """Return tables of a kind, of 300 to `most_rows` rows and 2 to 10 columns."""
    make = {**STRUCTURELESS, **CLUSTERED}[kind]
    made = []
    for seed in range(number):
        rng = np.random.default_rng([seed, *kind.encode()])
        made.append(make(rng, int(rng.integers(300, most_rows + 1)), int(rng.integers(2, 11))))
    return made
