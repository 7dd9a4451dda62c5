"""The operations of an assignment program: plain numbers, checked when they are read, and what they do to columns.

The state of a program is a C-ordered array of shape (columns, rows). Every number of the outcome is computed by the
same additions in the same order whatever rows are beside it, so one row, a batch and a shuffled batch agree bit for
bit; a product of matrices by BLAS does not.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field, PlainValidator, TypeAdapter

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Names = tuple[str, ...]

LARGEST = 1e100
"""Of numbers in a program and of values in a row: squares and sums of products stay finite."""

TINY = 10 * np.finfo(np.float64).eps
"""Below it the norm of a row is taken for zero, as scikit-learn does."""

_NUMBERS = ConfigDict(strict=True, allow_inf_nan=False)
_Position = Annotated[int, Field(ge=0, le=1_000_000)]


def _reader(kind: Any, dtype: type[np.float64 | np.int64] = np.float64, *, gaps: bool = False) -> Any:
    """Return a strict validator of nested lists or an array; it gives a read-only array, NaN for None."""
    adapter = TypeAdapter(kind, config=_NUMBERS)

    def read(value: object) -> NDArray[Any]:
        given = value.tolist() if isinstance(value, np.ndarray) else value
        if gaps and isinstance(given, list):
            given = [None if isinstance(one, float) and np.isnan(one) else one for one in given]
        array = np.array(adapter.validate_python(given), dtype=dtype)
        if np.any(np.abs(array) > LARGEST):
            raise ValueError(f"numbers up to {LARGEST:g} in magnitude are allowed")
        array.setflags(write=False)
        return array

    return PlainValidator(read)


Integers = Annotated[Ints, _reader(list[_Position], np.int64)]
Vector = Annotated[Floats, _reader(list[float])]
Gaps = Annotated[Floats, _reader(list[float | None], gaps=True)]  # NaN where there is no number
Matrix = Annotated[Floats, _reader(list[list[float]])]
Matrices = Annotated[Floats, _reader(list[list[list[float]]])]


@dataclass(frozen=True, slots=True, eq=False)
class Operation(ABC):
    """One operation; a subclass declares its numbers as fields, whose names are the keys in ``program.json``."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    @abstractmethod
    def after(self, names: Names) -> Names:
        """Return the names of the columns that it makes of these; ValueError if its numbers do not fit them."""

    @property
    def word(self) -> str:
        """Its name in ``program.json``."""
        return str(self.op)  # type: ignore[attr-defined]

    def to_json(self) -> dict[str, Any]:
        """Return the operation as it is written: numbers as lists, null where there is none."""
        values = {field.name: _plain(getattr(self, field.name)) for field in fields(self)}
        return {"op": values.pop("op"), **values}


def _plain(value: Any) -> Any:
    if not isinstance(value, np.ndarray):
        return value
    return np.where(np.isnan(value), None, value).tolist() if value.ndim == 1 else value.tolist()  # type: ignore[call-overload]


@dataclass(frozen=True, slots=True, eq=False)
class ColumnOperation(Operation):
    """An operation on some columns, by their positions; the others pass through."""

    columns: Integers

    def after(self, names: Names) -> Names:
        columns = self.columns.tolist()
        if len(set(columns)) < len(columns) or not all(0 <= at < len(names) for at in columns):
            raise ValueError(f"columns {columns} are not different positions from 0 to {len(names) - 1}")
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, np.ndarray) and len(value) != len(columns) and field.name != "bias":
                raise ValueError(f"{field.name} has {len(value)} rows for {len(columns)} columns")
        return names

    def apply(self, state: Floats) -> Floats:
        """Return the columns, shape (d, n), that it makes of `state`; the changed ones keep their places."""
        made = state.copy()
        made[self.columns] = self.of(state[self.columns])
        return made

    @abstractmethod
    def of(self, values: Floats) -> Floats:
        """Return what becomes of the columns that it works on."""

    def outside(self, values: Floats) -> Bools | None:
        """Return where the values of its columns have no result, shape (c, n); None: they always have one."""
        return None


@dataclass(frozen=True, slots=True, eq=False)
class Take(ColumnOperation):
    """Keep columns, in this order."""

    op: Literal["take"] = "take"

    def after(self, names: Names) -> Names:
        ColumnOperation.after(self, names)
        if not len(self.columns):
            raise ValueError("no column is taken")
        return tuple(names[at] for at in self.columns)

    def apply(self, state: Floats) -> Floats:
        return state[self.columns]

    def of(self, values: Floats) -> Floats:
        return values


@dataclass(frozen=True, slots=True, eq=False)
class Fill(ColumnOperation):
    """Put a number where a value is missing; null leaves it missing."""

    values: Gaps
    op: Literal["fill"] = "fill"

    def of(self, values: Floats) -> Floats:
        return np.where(np.isnan(values), self.values[:, np.newaxis], values)


@dataclass(frozen=True, slots=True, eq=False)
class Clip(ColumnOperation):
    """Move values between two bounds; null is no bound."""

    low: Gaps
    high: Gaps
    op: Literal["clip"] = "clip"

    def of(self, values: Floats) -> Floats:
        low, high = np.nan_to_num(self.low, nan=-np.inf), np.nan_to_num(self.high, nan=np.inf)
        return np.clip(values, low[:, np.newaxis], high[:, np.newaxis])


@dataclass(frozen=True, slots=True, eq=False)
class Log1p(ColumnOperation):
    """Take log(1 + x)."""

    op: Literal["log1p"] = "log1p"

    def of(self, values: Floats) -> Floats:
        return np.log1p(values)

    def outside(self, values: Floats) -> Bools:
        return values <= -1.0


@dataclass(frozen=True, slots=True, eq=False)
class Power(ColumnOperation):
    """The transformation of Yeo and Johnson, or of Box and Cox, with an exponent for each column."""

    exponents: Vector
    method: Literal["yeo-johnson", "box-cox"]
    op: Literal["power"] = "power"

    def of(self, values: Floats) -> Floats:
        made = np.empty_like(values)
        for row, (column, exponent) in enumerate(zip(values, self.exponents, strict=True)):
            if self.method == "box-cox":
                made[row] = _powered(np.log(column), exponent)
            else:
                above = _powered(np.log1p(np.maximum(column, 0.0)), exponent)
                below = -_powered(np.log1p(np.maximum(-column, 0.0)), 2.0 - exponent)
                made[row] = np.where(column >= 0.0, above, below)
        return made

    def outside(self, values: Floats) -> Bools | None:
        return values <= 0.0 if self.method == "box-cox" else None


def _powered(logs: Floats, exponent: float) -> Floats:
    return np.expm1(exponent * logs) / exponent if exponent else logs


@dataclass(frozen=True, slots=True, eq=False)
class Affine(ColumnOperation):
    """Subtract a number, then divide by one."""

    shift: Vector
    scale: Vector
    op: Literal["affine"] = "affine"

    def after(self, names: Names) -> Names:
        if not np.all(self.scale):
            raise ValueError("a scale is 0")
        return ColumnOperation.after(self, names)

    def of(self, values: Floats) -> Floats:
        return np.asarray((values - self.shift[:, np.newaxis]) / self.scale[:, np.newaxis])


@dataclass(frozen=True, slots=True, eq=False)
class Unit(ColumnOperation):
    """Divide the columns of a row by their norm; a row of zeros stays as it is."""

    norm: Literal["l1", "l2", "max"]
    op: Literal["unit"] = "unit"

    def of(self, values: Floats) -> Floats:
        size = np.zeros(values.shape[1])
        for column in values:
            if self.norm == "max":
                size = np.maximum(size, np.abs(column))
            else:
                size = size + (column * column if self.norm == "l2" else np.abs(column))
        size = np.sqrt(size) if self.norm == "l2" else size
        return np.asarray(values / np.where(size < TINY, 1.0, size))


@dataclass(frozen=True, slots=True, eq=False)
class Linear(ColumnOperation):
    """Multiply by a matrix, shape (columns, made), and add a bias; what is made follows the other columns."""

    weights: Matrix
    bias: Vector
    op: Literal["matrix"] = "matrix"

    def after(self, names: Names) -> Names:
        ColumnOperation.after(self, names)
        if self.weights.ndim != 2 or not len(self.bias) or self.weights.shape[1] != len(self.bias):
            raise ValueError(f"weights of shape {self.weights.shape} do not fit a bias of {len(self.bias)}")
        others = [name for at, name in enumerate(names) if at not in set(self.columns.tolist())]
        return (*others, *(f"component {number}" for number in range(1, len(self.bias) + 1)))

    def apply(self, state: Floats) -> Floats:
        others = np.delete(state, self.columns, axis=0)
        return np.concatenate([others, self.of(state[self.columns])])

    def of(self, values: Floats) -> Floats:
        return np.asarray(weighted_sums(values, self.weights) + self.bias[:, np.newaxis])


def weighted_sums(values: Floats, weights: Floats) -> Floats:
    """Return the sums of columns, shape (d, n), times weights, shape (d, m): shape (m, n), added in their order.

    A weight of 0 adds nothing, whatever the value is.
    """
    sums = np.zeros((weights.shape[1], values.shape[1]))
    for column, row in zip(values, weights, strict=True):
        used = np.flatnonzero(row)
        sums[used] += row[used, np.newaxis] * column
    return sums


@dataclass(frozen=True, slots=True, eq=False)
class Relu(ColumnOperation):
    """Put 0 for numbers below it."""

    op: Literal["relu"] = "relu"

    def of(self, values: Floats) -> Floats:
        return np.maximum(values, 0.0)


AnyColumnOperation = Take | Fill | Clip | Log1p | Power | Affine | Unit | Linear | Relu
