"""Random reference partitions: what an index is worth by chance, for the same data and the same k."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from clusterbench.errors import RequestError
from clusterbench.labeling import NOISE, Labels
from clusterbench.metrics.batches import CELLS, nearest
from clusterbench.metrics.builtin_metrics import as_metrics
from clusterbench.metrics.computation import ScoringSettings, at_least, count_threads
from clusterbench.metrics.conditioning import ScoringTable
from clusterbench.metrics.metric import Metric
from clusterbench.metrics.neighbour_graph import NeighbourGraph
from clusterbench.metrics.row_scores import ANCHORS, EXACT_ROWS
from clusterbench.metrics.score import NoisePolicy
from clusterbench.metrics.scoring import score_table
from clusterbench.metrics.threads import in_threads
from clusterbench.seeding import stable_rng
from clusterbench.tables import Floats, Ints

CENTROIDS = "random centroids"
GROWTH = "nearest-neighbour growth"
_KEY = ["k", "generator", "replicate"]


@dataclass(frozen=True, slots=True, eq=False)
class Forest:
    """What nearest-neighbour growth needs: the graph of a space, and for each row the nearest of the graph's rows.

    `nearest_row` (n,) is the position among them of each row's nearest one, whose cluster it joins.
    """

    graph: NeighbourGraph
    nearest_row: Labels

    @classmethod
    def of(cls, space: Floats, seed: int, threads: int, cells: int = CELLS) -> Forest:
        """Make the graph; `cells` as for `nearest`, per thread."""
        graph = NeighbourGraph.of(space, seed)
        n, r = len(space), len(graph.rows)
        nearest_row = np.arange(n, dtype=np.int32)
        if r < n:
            parts = np.array_split(space, max(threads, n // r))
            points = space[graph.rows]
            nearest_row = np.concatenate(in_threads(lambda part: nearest(part, points, cells), parts, threads))
        return cls(graph, nearest_row)

    def grow(self, seeds: Ints) -> Labels:
        """Return the partition that grows from `seeds`, positions among the rows of the graph."""
        from clusterbench.metrics.graph_kernels import grow

        labels = np.full(len(self.graph.rows), NOISE, dtype=np.int32)
        labels[seeds] = np.arange(len(seeds))
        return np.asarray(grow(self.graph.edges, labels)[self.nearest_row])


def random_partitions(
    X: ArrayLike, k: int, *, n_centroid: int = 50, n_growth: int = 50, seed: int = 0, threads: int | None = None
) -> list[Labels]:
    """Return random partitions of the rows of X into k clusters.

    Random centroids: k random rows, each row joins the nearest. Nearest-neighbour growth: k random rows, then, one by
    one, the row that is nearest to any row already in a cluster joins that cluster (on 20,000 random rows of a longer
    table; the others join their nearest one). Both kinds start from distinct points.

    Parameters
    ----------
    X : array-like of float, shape (n, d)
    k : int
        At least 2 and at most the number of distinct rows.
    n_centroid, n_growth : int
        Number of partitions of each kind, in this order in the result.
    seed : int
        Fixes them, whatever else is drawn: the first ones of a longer list are the same.

    Returns
    -------
    list of ndarray of int32, shape (n,)

    Raises
    ------
    RequestError
        If X or k cannot be used.

    References
    ----------
    Hennig 2019, doi:10.1002/9781119597568.ch1; Akhanli & Hennig 2020, doi:10.1007/s11222-020-09958-2.
    """
    space = ScoringTable.of(X).space
    workers = count_threads(threads)
    forest = Forest.of(space, seed, workers) if n_growth else None
    draws = list(_draws(space, forest, k, n_centroid, n_growth, seed))
    return in_threads(lambda draw: draw.make(), draws, workers)


def calibrate(
    X: ArrayLike,
    ks: Iterable[int],
    *,
    metrics: Iterable[str | Metric] | str | Metric | None = None,
    n_random: int = 50,
    seed: int = 0,
    dtype: str = "auto",
    memory_mb: float = 512,
    exact_rows: int = EXACT_ROWS,
    anchors: int = ANCHORS,
    threads: int | None = None,
) -> pd.DataFrame:
    """Score random partitions: the null distribution of each index for each k.

    Parameters
    ----------
    X : array-like of float, shape (n, d)
    ks : iterable of int
        Adding one moves no number of another.
    metrics, dtype, memory_mb, exact_rows, anchors, seed, threads
        As for `score_labelings`; the seed fixes the partitions, too.
    n_random : int
        Partitions of each kind.

    Returns
    -------
    DataFrame
        Columns k, generator (``random centroids`` or ``nearest-neighbour growth``), replicate, smallest and largest
        (rows of a cluster), metric, value (NaN where the index is undefined).
    """
    at_least("n_random", n_random, 1)
    at_least("memory_mb", memory_mb, 1)
    table, wanted, chosen = ScoringTable.of(X), sorted(set(ks)), as_metrics(metrics)
    scoring_mb = max(1.0, memory_mb * 2 / 3)
    settings = ScoringSettings(dtype, scoring_mb, exact_rows, anchors, seed, count_threads(threads))
    if not wanted:
        return pd.DataFrame(columns=[*_KEY, "smallest", "largest", "metric", "value"])
    space, workers = table.space, settings.threads
    table = replace(
        ScoringTable.of(space), values=table.values
    )  # centred twice: the last bits of the scores depend on it
    # A third for the partitions of a group; then one for distances while they are made, and two for their scores.
    size, cells = int(memory_mb / 3e-6 // (4 * len(space))), int(memory_mb / 3e-6 // (9 * workers))
    forest = Forest.of(space, seed, workers, cells)
    for k in (wanted[0], wanted[-1]):  # what cannot be drawn is refused before anything is scored
        list(_draws(space, forest, k, 1, 1, seed))
    draws = (each for k in wanted for each in _draws(space, forest, k, n_random, n_random, seed, cells))
    frames = []
    while group := list(islice(draws, max(1, size))):
        labelings = in_threads(lambda draw: draw.make(), group, workers)
        scores = score_table(table, labelings, chosen, [NoisePolicy.ZERO], settings)
        keys = pd.DataFrame([draw[:3] for draw in group], columns=_KEY).assign(
            smallest=[int(np.bincount(labels).min()) for labels in labelings],
            largest=[int(np.bincount(labels).max()) for labels in labelings],
        )
        frames.append(keys.loc[scores["labeling"]].reset_index(drop=True).join(scores[["metric", "value"]]))
    return pd.concat(frames, ignore_index=True)


class _Draw(NamedTuple):
    """A random partition that is known, but not made yet."""

    k: int
    generator: str
    replicate: int
    make: Callable[[], Labels]


def _draws(
    space: Floats, forest: Forest | None, k: int, n_centroid: int, n_growth: int, seed: int, cells: int = CELLS
) -> Iterator[_Draw]:
    """Yield the partitions of both kinds."""
    if k < 2:
        raise RequestError(f"k = {k}", allowed="k >= 2")
    rng = stable_rng(seed, CENTROIDS, k)
    for replicate in range(n_centroid):
        yield _Draw(k, CENTROIDS, replicate, partial(nearest, space, space[_distinct_rows(space, k, rng)], cells))
    if forest is not None:
        rng = stable_rng(seed, GROWTH, k)
        rooted = space[forest.graph.rows]
        for replicate in range(n_growth):
            yield _Draw(k, GROWTH, replicate, partial(forest.grow, _distinct_rows(rooted, k, rng)))


def _distinct_rows(space: Floats, k: int, rng: np.random.Generator) -> Ints:
    """Return k random rows, no two of them equal; refuse a k above their number."""
    order = rng.permutation(len(space))
    taken = min(k, len(order))
    while True:
        _, first = np.unique(space[order[:taken]], axis=0, return_index=True)
        if len(first) >= k:
            return np.asarray(order[np.sort(first)[:k]], dtype=np.int64)
        if taken == len(order):
            raise RequestError(f"k = {k}, but only {len(first)} rows are distinct", allowed="k up to that number")
        taken = min(2 * taken, len(order))
