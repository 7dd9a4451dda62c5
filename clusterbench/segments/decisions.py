"""The last operation of an assignment program: what speaks against each candidate, and which one is decided for."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Literal

import numpy as np

from clusterbench.segments.operations import (
    Floats,
    Integers,
    Ints,
    Matrices,
    Matrix,
    Names,
    Operation,
    Vector,
    weighted_sums,
)


@dataclass(frozen=True, slots=True, eq=False)
class Costs:
    """What speaks against each candidate (centre, component, segment of the neighbours), and its distance: (m, n)."""

    segments: Ints  # (m,): of the candidates, ascending, with 0, no segment, last
    costs: Floats
    distances: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Decision(Operation):
    """The last operation: the candidate of the lowest cost gives the segment; of equal costs the first candidate."""

    segments: Integers  # of each candidate

    def after(self, names: Names) -> Names:
        ids = self.segments.tolist()
        if ids != sorted(ids, key=lambda segment: (segment == 0, segment)) or min(ids, default=-1) < 0:
            raise ValueError("the segments are not in ascending order from 1, with 0, no segment, last")
        if len(set(ids)) < 2:
            raise ValueError("fewer than two segments")
        for name, shape in self.shapes(len(ids), len(names)).items():
            if getattr(self, name).shape != shape:
                raise ValueError(f"{name} has the shape {getattr(self, name).shape}, not {shape}")
        return names

    @abstractmethod
    def shapes(self, n_candidates: int, n_columns: int) -> dict[str, tuple[int, ...]]:
        """Return the shapes that the arrays must have."""

    @abstractmethod
    def decide(self, state: Floats) -> Costs:
        """Return the costs of the candidates for each row of `state`, shape (d, n)."""


@dataclass(frozen=True, slots=True, eq=False)
class Nearest(Decision):
    """The nearest centre. The cost is the squared distance if it is Euclidean, else the distance."""

    centres: Matrix  # (m, d)
    metric: Literal["euclidean", "manhattan", "chebyshev"]
    op: Literal["nearest"] = "nearest"

    def shapes(self, n_candidates: int, n_columns: int) -> dict[str, tuple[int, ...]]:
        return {"centres": (n_candidates, n_columns)}

    def decide(self, state: Floats) -> Costs:
        costs = np.zeros((len(self.centres), state.shape[1]))
        for column, centres in zip(state, self.centres.T, strict=True):
            differences = column - centres[:, np.newaxis]
            if self.metric == "euclidean":
                costs += differences * differences
            elif self.metric == "manhattan":
                costs += np.abs(differences)
            else:
                costs = np.maximum(costs, np.abs(differences))
        return Costs(self.segments, costs, np.sqrt(costs) if self.metric == "euclidean" else costs)


@dataclass(frozen=True, slots=True, eq=False)
class Gaussian(Decision):
    """The most likely component of a mixture. The distance is that of Mahalanobis, the cost its square and an offset.

    `factors` are the Cholesky factors of the precisions, the offset is -2 (log weight + log determinant of the factor).
    """

    means: Matrix  # (m, d)
    factors: Matrices  # (m, d, d)
    offsets: Vector  # (m,)
    op: Literal["gaussian"] = "gaussian"

    def shapes(self, n_candidates: int, n_columns: int) -> dict[str, tuple[int, ...]]:
        m, d = n_candidates, n_columns
        return {"means": (m, d), "factors": (m, d, d), "offsets": (m,)}

    def decide(self, state: Floats) -> Costs:
        squares = np.zeros((len(self.means), state.shape[1]))
        for number, (mean, factor) in enumerate(zip(self.means, self.factors, strict=True)):
            for column in weighted_sums(state - mean[:, np.newaxis], factor):
                squares[number] += column * column
        return Costs(self.segments, squares + self.offsets[:, np.newaxis], np.sqrt(squares))


@dataclass(frozen=True, slots=True, eq=False)
class Neighbours(Decision):
    """The nearest labelled row. The cost of a segment is the squared distance from the nearest of its rows."""

    rows: Matrix  # (m, d)
    op: Literal["neighbours"] = "neighbours"

    def shapes(self, n_candidates: int, n_columns: int) -> dict[str, tuple[int, ...]]:
        return {"rows": (n_candidates, n_columns)}

    def decide(self, state: Floats) -> Costs:
        squares = np.zeros((len(self.rows), state.shape[1]))
        for column, values in zip(state, self.rows.T, strict=True):
            differences = column - values[:, np.newaxis]
            differences *= differences
            squares += differences
        starts = np.flatnonzero(np.diff(self.segments, prepend=-1))
        costs = np.minimum.reduceat(squares, starts, axis=0)
        return Costs(self.segments[starts], costs, np.sqrt(costs))


AnyDecision = Nearest | Gaussian | Neighbours
