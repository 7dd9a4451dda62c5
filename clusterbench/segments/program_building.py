"""From a fitted pipeline and labels to an assignment program, and how well it gives the labels again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import pandas as pd

from clusterbench.errors import RequestError, request_errors
from clusterbench.plugins import operations_of
from clusterbench.preprocessing import Space, Step
from clusterbench.report.number_text import share
from clusterbench.segments.decisions import Costs, Neighbours
from clusterbench.segments.operations import ColumnOperation, Floats, Ints, Linear, Take, Unit
from clusterbench.segments.program import Assigned, Program, decided, make_program
from clusterbench.text import percent

LEAST_OVERALL, LEAST_PER_SEGMENT = 0.95, 0.80
"""A program that gives fewer of the fitted labels again is refused."""

_MOST_ROWS = 10_000  # labelled rows in a program
_MOST_FOR_MEDOIDS = 4_000  # rows of a segment that are compared with each other


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """A program, and how far it gives the fitted segments again, measured on all rows of the table.

    For labelled rows each row is judged by the others.
    """

    program: Program
    method: str
    overall: float
    per_segment: tuple[float, ...]  # shares of the rows of segment 1, 2, ...

    @property
    def passes(self) -> bool:
        return self.overall >= LEAST_OVERALL and min(self.per_segment) >= LEAST_PER_SEGMENT

    def figures(self) -> str:
        """Return the method and the agreement, with the segments below the limit."""
        low = [(number, part) for number, part in enumerate(self.per_segment, start=1) if part < LEAST_PER_SEGMENT]
        parts = [f"segment {number} {share(part)}" for number, part in low]
        return ", ".join([f"{self.method} {share(self.overall)}", *parts])


def build_program(table: pd.DataFrame, steps: Sequence[Step], space: Space, segment: Ints, model: object | None) -> Fit:
    """Return the program that agrees best with fitted segments.

    Parameters
    ----------
    table : DataFrame, shape (n, p)
        Raw values.
    steps : sequence of Step
        Those of the variant.
    space : Space
        The space that they gave.
    segment : ndarray, shape (n,)
        The fitted segments, 0 for none.
    model : object or None
        The fitted model of the plug-in; see `operations_of`. One that agrees on every row is taken, else centroids,
        medoids and labelled rows are tried too.

    Raises
    ------
    RequestError
        If a step has no operations, or the best program agrees on less than 95 % of the rows or 80 % of a segment.
    """
    preparation = list(_preparation(table, steps, space))
    best: Fit | None = None
    for method, operations in _candidates(space.values, segment, model):
        program = _pruned(make_program(list(table.columns), [*preparation, *operations], where=method))
        if not isinstance(program.decision, Neighbours):
            program = _relabelled(program, table[list(program.columns)].to_numpy(dtype=np.float64), segment)
        fit = _judged(program, method, segment, fitted_rows(program, table, space.values, segment).segment)
        best = fit if best is None or fit.overall > best.overall else best
        if best.overall == 1.0:
            break
    if best is None or not best.passes:
        best_way = f"the best, {best.figures()}, agrees with too few fitted rows" if best else "there is none"
        raise RequestError(
            f"no assignment program gives the fitted segments to new rows: {best_way}",
            allowed=f"at least {percent(LEAST_OVERALL)} of all rows and {percent(LEAST_PER_SEGMENT)} of each"
            " segment; another entry, or segments merged in names.toml",
        )
    return best


def _preparation(table: pd.DataFrame, steps: Sequence[Step], space: Space) -> Iterator[dict[str, Any]]:
    """Yield the operations of the steps on the columns of the table."""
    from sklearn.preprocessing import FunctionTransformer

    from clusterbench.preprocessing.transformers import OnColumns

    frame = table.median().to_frame().T  # a row without gaps, which shows the columns that each step makes
    for number, (step, (_, fitted)) in enumerate(zip(steps, space.pipeline.steps, strict=False), start=1):
        names, made = list(frame.columns), fitted.transform(frame)
        frame, changes_nothing = made, isinstance(fitted, FunctionTransformer) and fitted.func is None
        if changes_nothing:
            continue
        working = fitted.columns_ if isinstance(fitted, OnColumns) else names
        with request_errors(f"the operations of {step.origin}", where=f"step {number}"):
            operations = step.operations(fitted.transformer_ if isinstance(fitted, OnColumns) else fitted)
            if not operations and list(made.columns) != names:
                operations = [{"op": "take"}]
                working = list(made.columns)
            yield from _placed(operations, [names.index(name) for name in working], len(names))


def _placed(operations: Iterable[Mapping[str, Any]], positions: list[int], width: int) -> Iterator[dict[str, Any]]:
    """Yield operations with the positions of their columns; what a matrix makes follows the other columns."""
    for operation in operations:
        yield {**operation, "columns": positions}
        if operation["op"] == "matrix":
            width += len(operation["bias"]) - len(positions)
            positions = list(range(width - len(operation["bias"]), width))


def _candidates(values: Floats, segment: Ints, model: object | None) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yield ways to assign rows of the space, shape (n, d)."""
    ids = np.arange(1, segment.max(initial=0) + 1)
    *steps, last = operations_of(model) or [{}]
    if last:
        count = len(last.get("centres", last.get("means", ())))  # of the two operations that have no rows
        placed = _placed(steps, list(range(values.shape[1])), values.shape[1])
        yield "the fitted model", [*placed, {**last, "segments": np.arange(1, count + 1)}]
    members = [values[segment == number] for number in ids]
    for method, centre_of in (("nearest centroid", _centroid), ("nearest medoid", _medoid)):
        centres = np.stack([centre_of(rows) for rows in members])
        yield method, [{"op": "nearest", "segments": ids, "centres": centres, "metric": "euclidean"}]
    chosen = _labelled_rows(segment)
    yield "nearest labelled row", [{"op": "neighbours", "segments": segment[chosen], "rows": values[chosen]}]


def _centroid(rows: Floats) -> Floats:
    return np.asarray(rows.mean(axis=0))


def _medoid(rows: Floats) -> Floats:
    """Return the row with the smallest sum of distances to the others; of many rows, some are compared."""
    from scipy.spatial.distance import cdist

    some = rows[_evenly(len(rows), _MOST_FOR_MEDOIDS)]
    return np.asarray(some[cdist(some, some).sum(axis=1).argmin()])


def _labelled_rows(segment: Ints) -> Ints:
    """Return the rows of a program of labelled rows, by segment, those without one last; of many rows, some of each."""
    share = min(1.0, _MOST_ROWS / len(segment))
    ids = np.unique(segment)
    places = (np.flatnonzero(segment == number) for number in sorted(ids, key=lambda number: (number == 0, number)))
    return np.concatenate([rows[_evenly(len(rows), max(1, round(share * len(rows))))] for rows in places])


def _evenly(n: int, most: int) -> Ints:
    """Return at most `most` positions out of n, evenly spaced."""
    return np.unique(np.linspace(0, n - 1, min(n, most)).round().astype(np.int64))


def _relabelled(program: Program, rows: Floats, segment: Ints) -> Program:
    """Give each candidate the segment that most of its rows have; the only place where clusters become segments."""
    last = program.decision
    numbered = replace(last, segments=np.arange(1, len(last.segments) + 1))
    nearest = replace(program, operations=(*program.steps, numbered)).assign(rows).segment - 1
    counts = np.zeros((len(last.segments), segment.max() + 1), dtype=np.int64)
    np.add.at(counts, (nearest, segment), 1)
    ids = np.where(counts[:, 1:].any(axis=1), counts[:, 1:].argmax(axis=1) + 1, 0)
    kept = np.flatnonzero(ids)  # a candidate without rows is left out
    kept = kept[np.argsort(ids[kept], kind="stable")]
    arrays = (field.name for field in fields(last) if isinstance(getattr(last, field.name), np.ndarray))
    chosen = {name: getattr(last, name)[kept] for name in arrays if name != "segments"}
    return replace(program, operations=(*program.steps, replace(last, segments=ids[kept], **chosen)))


def fitted_rows(program: Program, table: pd.DataFrame, values: Floats, segment: Ints) -> Assigned:
    """Return what a program gives for the rows that it was made of, each judged by the others where it has rows.

    Parameters
    ----------
    program : Program
    table : DataFrame, shape (n, p)
        Raw values.
    values : ndarray, shape (n, d)
        The space.
    segment : ndarray, shape (n,)
        The fitted segments.
    """
    if not isinstance(program.decision, Neighbours):
        return program.assign(table[list(program.columns)].to_numpy(dtype=np.float64))
    from scipy.spatial import KDTree

    chosen, numbers = _labelled_rows(segment), np.arange(len(values))
    ids = np.array(list(dict.fromkeys(segment[chosen].tolist())))
    distances = []
    for number in ids:
        rows = chosen[segment[chosen] == number]
        near, at = KDTree(values[rows]).query(values, k=2)  # infinitely far where there is no second row
        distances.append(np.where(rows[at[:, 0]] == numbers, near[:, 1], near[:, 0]))
    return decided(Costs(ids, np.square(distances), np.array(distances)))


def _judged(program: Program, method: str, segment: Ints, assigned: Ints) -> Fit:
    same = segment == assigned
    shares = [float(same[segment == number].mean()) for number in range(1, segment.max() + 1)]
    return Fit(program, method, float(same.mean()), tuple(shares))


def _pruned(program: Program) -> Program:
    """Return the program without raw columns that a later operation leaves out."""
    steps: list[ColumnOperation] = []
    for step in program.steps:
        if not isinstance(step, Take):
            steps.append(step)
            continue
        later, at = step, len(steps)
        while at and not isinstance(steps[at - 1], Linear | Unit):
            at -= 1
            if isinstance(steps[at], Take):
                later = replace(later, columns=steps[at].columns[later.columns])
                del steps[at]
            else:
                steps[at] = _restricted(steps[at], later)
        steps.insert(at, later)
    if steps and isinstance(steps[0], Take):
        columns = tuple(program.columns[at] for at in steps[0].columns)
        return Program(columns, (*steps[1:], program.decision))
    return program


def _restricted(operation: ColumnOperation, later: Take) -> ColumnOperation:
    """Return an operation as it is when `later` is done before it."""
    new_place = {int(old): new for new, old in enumerate(later.columns)}
    kept = [at for at, old in enumerate(operation.columns.tolist()) if old in new_place]
    arrays = (field.name for field in fields(operation) if isinstance(getattr(operation, field.name), np.ndarray))
    values = {name: getattr(operation, name)[kept] for name in arrays}
    columns = np.array([new_place[int(old)] for old in values.pop("columns")], dtype=np.int64)
    return replace(operation, columns=columns, **values)
