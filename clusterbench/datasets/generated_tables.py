"""Tables made of clusters of known shape: ``generated/NAME``, declared in ``generated_tables.toml``.

A generator places the rows of each cluster. What is declared beside it is then done to the whole table: columns and
rows without structure, scales, rounding. Rows come in random order.
"""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import pandas as pd

from clusterbench.datasets.dataset import TruthKind
from clusterbench.datasets.named_datasets import GENERATED_TABLES
from clusterbench.datasets.raw_table import RawTable
from clusterbench.errors import RequestError
from clusterbench.seeding import stable_rng
from clusterbench.tables import Floats, Ints

_DIGITS: Final = 6  # values are rounded: functions such as sin may differ between processors in their last bits
_NOISE: Final = "noise"


def generate_table(name: str, *, n_rows: int, seed: int) -> RawTable:
    """Draw a generated table with `n_rows` rows, divided among clusters and noise as is declared.

    Raises
    ------
    RequestError
        If a cluster would have no row.
    """
    table = GENERATED_TABLES[name]
    rng = stable_rng(seed, name)
    declared = np.array([*table.sizes, table.noise])
    *sizes, n_noise = np.diff(np.rint(np.cumsum([0, *declared]) * (n_rows / declared.sum())).astype(np.int64))
    if min(sizes) < 1:
        raise RequestError(f"n_rows = {n_rows} is too small", allowed=f"a row for each of {len(sizes)} clusters")
    values = _GENERATORS[table.generator](rng, sizes, table.columns - table.nuisance, **table.shape)
    values = np.vstack([values, rng.uniform(values.min(axis=0), values.max(axis=0), (n_noise, values.shape[1]))])
    nuisance = rng.normal(0.0, values.std(axis=0).mean(), (n_rows, table.nuisance))
    values = np.hstack([values, nuisance])
    if table.exponential:
        values = np.exp(values)
    values = values * table.scales
    if table.step:
        values = table.step * np.rint(values / table.step)
    clusters = np.repeat(np.arange(len(sizes) + 1), [*sizes, n_noise])
    order = rng.permutation(n_rows)
    frame = pd.DataFrame(np.round(values[order], _DIGITS), columns=[f"x{i + 1}" for i in range(table.columns)])
    frame["cluster"] = _named(clusters[order], len(sizes), "cluster")
    if table.groups:
        frame["group"] = _named(clusters[order] // (len(sizes) // table.groups), table.groups, "group")
    truth = tuple(frame.columns[table.columns :])
    source = f"generated, seed {seed}"
    return RawTable(frame, source, truth_columns=truth, truth_noise=_NOISE, truth_kind=TruthKind.GENERATED)


def _named(codes: Ints, count: int, word: str) -> "pd.Categorical[str]":
    names = [f"{word} {number + 1}" for number in range(count)] + [_NOISE]
    return pd.Categorical.from_codes(codes, categories=pd.Index(names))


def _centres(rng: np.random.Generator, count: int, columns: int, separation: float) -> Floats:
    """Return points spread over a cube, shape (count, columns), of which the nearest two are `separation` apart."""
    points = rng.random((1, columns))
    nearest = np.inf
    while len(points) < count:
        drawn = rng.random((20, columns))
        distances = np.linalg.norm(drawn[:, np.newaxis] - points, axis=2).min(axis=1)
        points = np.vstack([points, drawn[distances.argmax()]])
        nearest = min(nearest, distances.max())
    return points * (separation / nearest)


def _blobs(
    rng: np.random.Generator,
    sizes: Sequence[int],
    columns: int,
    *,
    separation: float,
    spread: float | Sequence[float] = 1.0,
    stretch: float = 1.0,
    correlation: float = 0.0,
    law: str = "normal",
) -> Floats:
    """Draw ellipsoids around centres; `stretch` is the factor of one random direction of each."""
    parts = []
    spreads = np.broadcast_to(spread, len(sizes))
    for centre, size, own_spread in zip(_centres(rng, len(sizes), columns, separation), sizes, spreads, strict=True):
        if law == "uniform":
            rows = rng.uniform(-np.sqrt(3.0), np.sqrt(3.0), (size, columns))
        else:
            rows = rng.normal(size=(size, columns))
        if law == "t":
            rows /= np.sqrt(rng.chisquare(3, (size, 1)) / 3)
        rows = np.sqrt(1.0 - correlation) * rows + np.sqrt(correlation) * rng.normal(size=(size, 1))
        direction = rng.normal(size=columns)
        direction /= np.linalg.norm(direction)
        rows += np.outer(rows @ direction, direction) * (stretch - 1.0)
        parts.append(centre + own_spread * rows)
    return np.vstack(parts)


def _hierarchy(
    rng: np.random.Generator,
    sizes: Sequence[int],
    columns: int,
    *,
    separation: float,
    groups: int,
    group_separation: float,
) -> Floats:
    """Draw round clusters in groups: `separation` apart within a group, groups about `group_separation`."""
    per_group = len(sizes) // groups
    outer = _centres(rng, groups, columns, group_separation)
    centres = np.vstack([centre + _centres(rng, per_group, columns, separation) for centre in outer])
    return np.asarray(np.repeat(centres, sizes, axis=0) + rng.normal(size=(sum(sizes), columns)))


def _profiles(
    rng: np.random.Generator, sizes: Sequence[int], columns: int, *, law: str, low: float, high: float
) -> Floats:
    """Draw counts, or zeros and ones, with mean `high` in every k-th column, those of the cluster, and else `low`."""
    own = np.arange(columns) % len(sizes) == np.repeat(np.arange(len(sizes)), sizes)[:, np.newaxis]
    means = np.where(own, high, low)
    return (rng.poisson(means) if law == "poisson" else rng.random(means.shape) < means).astype(np.float64)


def _arcs(
    rng: np.random.Generator,
    sizes: Sequence[int],
    columns: int,
    *,
    starts: Sequence[float],
    turns: float,
    spread: float,
    centres: Sequence[Sequence[float]] | None = None,
    planes: Sequence[Sequence[int]] | None = None,
    radius: float = 1.0,
    growth: float = 0.0,
) -> Floats:
    """Draw arcs of circles or spirals.

    `starts` and `turns` are whole turns, in each of which the radius grows by `growth`. `planes` names two columns.
    """
    parts = []
    for number, (size, start) in enumerate(zip(sizes, starts, strict=True)):
        # One row in each of equally long parts of the arc: no gaps by chance.
        turned = turns * (np.arange(size) + rng.random(size)) / size
        length = radius + growth * turned
        angle = 2.0 * np.pi * (start + turned)
        rows = np.zeros((size, columns))
        rows[:, planes[number] if planes else (0, 1)] = np.c_[length * np.cos(angle), length * np.sin(angle)]
        parts.append(rows + (centres[number] if centres else 0.0))
    values = np.vstack(parts)
    return np.asarray(values + rng.normal(0.0, spread, values.shape))


def _shells(
    rng: np.random.Generator,
    sizes: Sequence[int],
    columns: int,
    *,
    radii: Sequence[float],
    spread: Sequence[float],
    centres: Sequence[Sequence[float]] | None = None,
) -> Floats:
    """Draw spheres (circles in the plane); one of radius 0 is a round cluster."""
    directions = rng.normal(size=(sum(sizes), columns))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    around = np.zeros((len(sizes), columns)) if centres is None else np.array(centres, dtype=np.float64)
    values = np.repeat(around, sizes, axis=0) + directions * np.repeat(radii, sizes)[:, np.newaxis]
    return np.asarray(values + rng.normal(size=values.shape) * np.repeat(spread, sizes)[:, np.newaxis])


def _flats(
    rng: np.random.Generator,
    sizes: Sequence[int],
    columns: int,
    *,
    spans: Sequence[Sequence[Sequence[float]]],
    centres: Sequence[Sequence[float]],
    spread: float,
) -> Floats:
    """Draw pieces of lines, planes, ...: from a centre up to its spans to either side."""
    parts = [
        np.array(centre) + rng.uniform(-1.0, 1.0, (size, len(own))) @ np.array(own, dtype=np.float64)
        for size, own, centre in zip(sizes, spans, centres, strict=True)
    ]
    return np.asarray(np.vstack(parts) + rng.normal(0.0, spread, (sum(sizes), columns)))


_GENERATORS: Final[dict[str, Callable[..., Floats]]] = {
    "blobs": _blobs,
    "hierarchy": _hierarchy,
    "profiles": _profiles,
    "arcs": _arcs,
    "shells": _shells,
    "flats": _flats,
}
