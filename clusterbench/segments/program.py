"""Assignment programs: from the raw columns of a row to its segment, with nothing but numbers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from clusterbench.errors import RequestError
from clusterbench.segments.decisions import AnyDecision, Costs, Decision, Neighbours
from clusterbench.segments.operations import (
    LARGEST,
    AnyColumnOperation,
    Bools,
    ColumnOperation,
    Fill,
    Floats,
    Ints,
    Names,
)
from clusterbench.text import listed

_MOST_OPERATIONS = 100
_AnyOperation = Annotated[AnyColumnOperation | AnyDecision, Field(discriminator="op")]
_Name = Annotated[str, Field(min_length=1, max_length=500)]
_BLOCK = 2**17  # numbers that one operation makes at once: they fit in the cache of a core


class RowError(RequestError):
    """Row number `row` cannot be assigned; `reason` says why of its columns, without their values."""

    def __init__(self, row: int, columns: Sequence[str], reason: str, what: str, *, allowed: str | None = None) -> None:
        super().__init__(f"row {row}{what}", allowed=allowed)
        self.row, self.columns, self.reason = row, tuple(columns), reason


@dataclass(frozen=True, slots=True, eq=False)
class Assigned:
    """What a program gives for n rows."""

    segment: Ints  # (n,): 0 is no segment
    distance: Floats  # (n,): from the centre, component or nearest row of the segment
    second: Ints  # (n,): the segment, or 0, of the lowest cost among the others
    margin: Floats  # (n,): cost of the second less cost of the first, at least 0


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """An assignment program: the names of the raw columns, and the operations, of which the last gives the segment."""

    columns: Names
    operations: tuple[ColumnOperation | Decision, ...]

    @property
    def steps(self) -> tuple[ColumnOperation, ...]:
        return tuple(one for one in self.operations if isinstance(one, ColumnOperation))

    @property
    def decision(self) -> Decision:
        last = self.operations[-1]
        assert isinstance(last, Decision)
        return last

    @property
    def segments(self) -> tuple[int, ...]:
        """The ids of the segments, ascending, without 0."""
        return tuple(sorted(set(self.decision.segments.tolist()) - {0}))

    @property
    def filled(self) -> frozenset[str]:
        """The raw columns whose missing values are filled."""
        states = self._states(np.zeros((len(self.columns), 0)))
        fills = ((names, one) for names, one, _ in states if isinstance(one, Fill))
        return frozenset(
            names[at] for names, one in fills for at in one.columns[~np.isnan(one.values)] if names[at] in self.columns
        )

    def assign(self, values: ArrayLike, *, first_row: int = 1) -> Assigned:
        """Assign rows to segments.

        The outcome of a row does not depend on the rows beside it, bit for bit.

        Parameters
        ----------
        values : array-like, shape (n, p)
            Raw values in the order of `columns`, NaN where missing.
        first_row : int
            Number of the first row in messages.

        Raises
        ------
        RequestError
            For another number of columns, and for a row that cannot be assigned: a missing value that the program does
            not fill, an infinite or very large one, or one that an operation is not defined for.
        """
        rows = np.asarray(values, dtype=np.float64)
        if rows.ndim != 2 or rows.shape[1] != len(self.columns):
            raise RequestError(f"rows of shape {rows.shape}", allowed=f"{len(self.columns)} columns")
        parts = [self._assign_block(rows[start:stop], first_row + start) for start, stop in self._blocks(len(rows))]
        if not parts:
            return _NOTHING
        return Assigned(
            np.concatenate([part.segment for part in parts]),
            np.concatenate([part.distance for part in parts]),
            np.concatenate([part.second for part in parts]),
            np.concatenate([part.margin for part in parts]),
        )

    def state(self, values: Floats) -> Floats:
        """Return what the last operation sees, shape (d, n), of rows that can be assigned, shape (n, p)."""
        state = np.ascontiguousarray(values.T)
        with np.errstate(all="ignore"):
            for step in self.steps:
                state = step.apply(state)
        return np.ascontiguousarray(state)

    def to_json(self) -> str:
        """Return the program as JSON; labelled rows are left out, since they are stored as arrays."""
        operations = [one.to_json() for one in self.operations]
        if isinstance(self.decision, Neighbours):
            operations[-1] = {name: value for name, value in operations[-1].items() if name not in ROW_ARRAYS}
        lines = ",\n".join(f"  {json.dumps(operation, allow_nan=False)}" for operation in operations)
        return f'{{"columns": {json.dumps(self.columns)},\n "operations": [\n{lines}\n]}}\n'

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays that are stored beside the program: labelled rows and their segments, where it has some."""
        last = self.decision
        return {name: getattr(last, name) for name in ROW_ARRAYS} if isinstance(last, Neighbours) else {}

    def _blocks(self, n_rows: int) -> Iterator[tuple[int, int]]:
        size = max(1, _BLOCK // max(len(self.decision.segments), len(self.columns)))
        return ((start, min(start + size, n_rows)) for start in range(0, n_rows, size))

    def _assign_block(self, rows: Floats, first_row: int) -> Assigned:
        raw = np.ascontiguousarray(rows.T)
        refused: Bools = (np.abs(raw) > LARGEST).any(axis=0)
        with np.errstate(all="ignore"):
            state = raw
            for _, operation, state in self._states(raw):
                outside = None if operation is None else operation.outside(state[operation.columns])
                refused = refused if outside is None else refused | outside.any(axis=0)
            last = self.decision.decide(np.ascontiguousarray(state))
        refused = refused | ~np.isfinite(last.costs).all(axis=0) | ~np.isfinite(last.distances).all(axis=0)
        if refused.any():
            at = int(np.flatnonzero(refused)[0])
            raise self._refusal(raw[:, at : at + 1], first_row + at)
        return decided(last)

    def _states(self, raw: Floats) -> Iterator[tuple[Names, ColumnOperation | None, Floats]]:
        """Yield the columns that each operation is given, their names and the operation; None stands for the last."""
        names, state = self.columns, raw
        for operation in self.steps:
            yield names, operation, state
            names, state = operation.after(names), operation.apply(state)
        yield names, None, state

    def _refusal(self, raw: Floats, row: int) -> RowError:
        """Return why a row, shape (p, 1), cannot be assigned."""
        for name, value in zip(self.columns, raw[:, 0], strict=True):
            if abs(value) > LARGEST:
                allowed = f"numbers up to {LARGEST:g} in magnitude"
                return RowError(row, [name], "is too large", f": {name} = {value:g}", allowed=allowed)
        with np.errstate(all="ignore"):
            for names, operation, state in self._states(raw):
                outside = None if operation is None else operation.outside(state[operation.columns])
                if operation is not None and outside is not None and outside.any():
                    at = int(operation.columns[np.flatnonzero(outside[:, 0])[0]])
                    reason = f"has no {operation.word}"
                    return RowError(row, [names[at]], reason, f": {names[at]} = {state[at, 0]:g} {reason}")
        gaps = [name for name, value in zip(self.columns, raw[:, 0], strict=True) if np.isnan(value)]
        empty = [name for name in gaps if name not in self.filled]
        if empty:
            what = f" has no value of {listed(empty, most=5)}"
            return RowError(row, empty, "is missing", what, allowed="a number in this column")
        reason = "its numbers are too large to be compared"
        return RowError(row, [], reason, f": {reason}")


def decided(last: Costs) -> Assigned:
    """Return what the costs of the candidates decide for each row."""
    rows = np.arange(last.costs.shape[1])
    first = last.costs.argmin(axis=0)
    segment = last.segments[first]
    others = np.where(last.segments[:, np.newaxis] == segment, np.inf, last.costs)
    second = others.argmin(axis=0)
    margin = others[second, rows] - last.costs[first, rows]
    return Assigned(segment, last.distances[first, rows], last.segments[second], margin)


ROW_ARRAYS = ("rows", "segments")
"""The fields of `Neighbours` that are stored as arrays beside a program."""


def parse_program(text: str | bytes, arrays: Mapping[str, NDArray[Any]], *, where: str) -> Program:
    """Read and check a program: names, shapes, sizes and finiteness, before any number is used.

    Parameters
    ----------
    text : str or bytes
        JSON, as `Program.to_json` gives it.
    arrays : mapping of str to ndarray
        As `Program.arrays` gives them.
    where : str
        The file, for messages.
    """
    try:
        written = json.loads(text, parse_constant=_no_number)
        columns, operations = written["columns"], list(written["operations"])
        if arrays:
            operations[-1] = {**operations[-1], **arrays}
    except (ValueError, RecursionError, TypeError, KeyError, IndexError) as error:
        raise RequestError(f"is no assignment program: {error}", where=where) from error
    return make_program(columns, operations, where=where)


def make_program(columns: Sequence[str], operations: Sequence[Mapping[str, Any]], *, where: str) -> Program:
    """Make a checked program of operations as ``program.json`` has them; their numbers may be arrays."""
    try:
        checked = _adapter().validate_python({"columns": columns, "operations": operations})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise RequestError(f"{place}: {first['msg'].removeprefix('Value error, ')}", where=where) from error
    names = tuple(checked.columns)
    if len(set(names)) < len(names):
        raise RequestError("two columns have the same name", where=where)
    for number, operation in enumerate(checked.operations):
        is_last = number == len(checked.operations) - 1
        if isinstance(operation, Decision) is not is_last:
            what = "cannot be the last" if is_last else "must be the last"
            raise RequestError(f"operations.{number}: {operation.word} {what}", where=where)
        try:
            names = operation.after(names)
        except ValueError as error:
            raise RequestError(f"operations.{number}.{operation.word}: {error}", where=where) from error
    return Program(tuple(checked.columns), tuple(checked.operations))


@dataclass(frozen=True, slots=True)
class _Written:
    """The content of ``program.json``."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    columns: Annotated[list[_Name], Field(min_length=1, max_length=10_000)]
    operations: Annotated[list[_AnyOperation], Field(min_length=1, max_length=_MOST_OPERATIONS)]


@cache
def _adapter() -> TypeAdapter[_Written]:
    return TypeAdapter(_Written)


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is not a finite number")


_NO_IDS, _NO_NUMBERS = np.empty(0, dtype=np.int64), np.empty(0)
_NOTHING = Assigned(_NO_IDS, _NO_NUMBERS, _NO_IDS, _NO_NUMBERS)
