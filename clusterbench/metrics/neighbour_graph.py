"""The graph of a space: nearest neighbours of each row, and a minimum spanning tree, from one pass over the rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from clusterbench.labeling import Labels
from clusterbench.seeding import stable_rng
from clusterbench.tables import Floats, Ints

NEIGHBOURS = 10
GRAPH_ROWS = 20_000


@dataclass(frozen=True, slots=True, eq=False)
class NeighbourGraph:
    """Nearest neighbours of r rows, and the edges of their minimum spanning tree."""

    rows: Ints  # (r,): all, or a random `GRAPH_ROWS` of a longer table; neighbours and edges are positions in them
    neighbours: Labels  # (r, min(NEIGHBOURS, r - 1)), nearest first; of equally near rows the first ones
    edges: Ints  # (r - 1, 2), shortest first
    lengths: Floats  # (r - 1,)

    @classmethod
    def of(cls, space: Floats, seed: int) -> NeighbourGraph:
        """Return the graph of a space (n, d) in O(r^2 d) time and O(r d) memory.

        The seed chooses the rows of a long table. Where equal distances allow several trees, the order of rows decides.
        """
        from clusterbench.metrics.graph_kernels import neighbours_and_tree

        n = len(space)
        rows = np.arange(n)
        if n > GRAPH_ROWS:
            rows = np.sort(stable_rng(seed, "nearest-neighbour growth", "rows").choice(n, GRAPH_ROWS, replace=False))
        r = len(rows)
        neighbours = np.zeros((r, min(NEIGHBOURS, max(r - 1, 1))), dtype=np.int32)
        edges, squares = np.empty((r - 1, 2), dtype=np.int64), np.empty(r - 1)
        neighbours_and_tree(np.ascontiguousarray(space[rows].T), neighbours, edges, squares)
        order = np.argsort(squares, kind="stable")
        return cls(rows, neighbours, edges[order], np.sqrt(squares[order]))
