"""An assignment program as one SELECT for a database: the same segments as in Python, row by row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from clusterbench.errors import RequestError
from clusterbench.segments.bundle import Bundle
from clusterbench.segments.decisions import Decision, Gaussian, Nearest
from clusterbench.segments.operations import (
    LARGEST,
    TINY,
    Affine,
    Clip,
    ColumnOperation,
    Fill,
    Floats,
    Linear,
    Log1p,
    Power,
    Relu,
    Take,
    Unit,
)


class Dialect(StrEnum):
    """Databases whose SQL can be written."""

    DUCKDB = "duckdb"
    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"


def program_sql(bundle: Bundle, dialect: Dialect, *, table: str = "customers", row_id: str = "id") -> str:
    """Return a SELECT of id, segment, name, distance, second segment and margin for every row of a table.

    A missing value is NULL or NaN. A row that cannot be assigned (see `Program.assign`) has NULL in every column but
    the id. The common table expressions are materialized: otherwise a database computes each of them many times.

    Parameters
    ----------
    bundle : Bundle
    dialect : Dialect
    table : str
        The table, with the columns of the program.
    row_id : str
        Its column that identifies a row.

    Raises
    ------
    RequestError
        If the program compares rows with labelled rows.
    """
    program, sql = bundle.program, _Dialect(dialect)
    query = _Query(_quoted(table))
    given = [sql.number_in(_quoted(name)) for name in program.columns]
    guarded = [f"CASE WHEN abs({value}) <= {_number(LARGEST)} THEN {value} END" for value in given]
    query.add({"id": _quoted(row_id), **_columns(guarded), "refused": _any(map(sql.refusal, given))})
    width = len(given)
    for step in program.steps:
        if isinstance(step, Unit):
            query.add({"id": "id", "refused": "refused", **_columns(_names(width)), "size": sql.size(step)})
        made, outside = sql.step(step, width), _outside(step)
        refused = _any([*outside, "refused = 1"]) if outside else "refused"
        query.add({"id": "id", "refused": refused, **_columns(made)})
        width = len(made)
    _decide(query, program.decision, sql, width)
    names = "".join(f" WHEN {number} THEN {_text(name)}" for number, name in sorted(bundle.names.items()))
    return (
        f"-- segments of the bundle {bundle.id}\n"
        f"WITH {', '.join(query.expressions)}\n"
        f"SELECT id, segment, CASE segment{names} END AS name, distance, second_segment, margin\n"
        f"FROM {query.source}\n"
    )


@dataclass(slots=True)
class _Query:
    """Common table expressions, each of which selects from the one before it."""

    source: str
    expressions: list[str] = field(default_factory=list)

    def add(self, selected: Mapping[str, str]) -> None:
        """Add an expression that selects these values by name."""
        name = f"step_{len(self.expressions)}"
        values = ",\n    ".join(f"{value} AS {alias}" for alias, value in selected.items())
        self.expressions.append(f"{name} AS MATERIALIZED (\n  SELECT\n    {values}\n  FROM {self.source}\n)")
        self.source = name


def _outside(step: ColumnOperation) -> list[str]:
    """Return the conditions under which an operation has no result."""
    bound = "-1" if isinstance(step, Log1p) else "0" if isinstance(step, Power) and step.method == "box-cox" else None
    return [f"x{at} <= {bound}" for at in step.columns.tolist()] if bound else []


@dataclass(frozen=True, slots=True)
class _Dialect:
    """What databases write differently, and the operations as expressions of the columns x0, x1, ..."""

    dialect: Dialect

    @property
    def infinity(self) -> str:
        return "9e999" if self.dialect is Dialect.SQLITE else "CAST('Infinity' AS FLOAT8)"

    def number_in(self, column: str) -> str:
        """Return a column as a floating-point number; SQLite has no other numbers, and casts text to 0."""
        return column if self.dialect is Dialect.SQLITE else f"CAST({column} AS FLOAT8)"

    def refusal(self, value: str) -> str:
        """Return the condition under which a value is too large, infinite or, where that is possible, text."""
        large = f"abs({value}) > {_number(LARGEST)} AND abs({value}) <= {self.infinity}"
        return f"({large} OR typeof({value}) IN ('text', 'blob'))" if self.dialect is Dialect.SQLITE else f"({large})"

    def least(self, values: list[str]) -> str:
        return _call("min" if self.dialect is Dialect.SQLITE else "least", values)

    def greatest(self, values: list[str]) -> str:
        return _call("max" if self.dialect is Dialect.SQLITE else "greatest", values)

    def size(self, step: Unit) -> str:
        """Return the norm of a row."""
        values = [f"x{at}" for at in step.columns.tolist()]
        if step.norm == "l2":
            return f"sqrt({' + '.join(f'{value} * {value}' for value in values)})"
        sizes = [f"abs({value})" for value in values]
        return self.greatest(sizes) if step.norm == "max" else " + ".join(sizes)

    def step(self, step: ColumnOperation, width: int) -> list[str]:
        """Return the columns that an operation makes of x0, x1, ..."""
        columns = _names(width)
        if isinstance(step, Take):
            return [columns[at] for at in step.columns.tolist()]
        if isinstance(step, Linear):
            others = [name for at, name in enumerate(columns) if at not in set(step.columns.tolist())]
            terms = [(f"x{at}", weights) for at, weights in zip(step.columns.tolist(), step.weights, strict=True)]
            return [*others, *(_sum(terms, at, bias) for at, bias in enumerate(step.bias.tolist()))]
        for place, at in enumerate(step.columns.tolist()):
            columns[at] = self._one(step, place, f"x{at}")
        return columns

    def _one(self, step: ColumnOperation, place: int, x: str) -> str:
        if isinstance(step, Fill):
            value = step.values[place]
            return x if np.isnan(value) else f"coalesce({x}, {_number(value)})"
        if isinstance(step, Clip):
            low, high = step.low[place], step.high[place]
            cases = [] if np.isnan(low) else [f"WHEN {x} < {_number(low)} THEN {_number(low)}"]
            cases += [] if np.isnan(high) else [f"WHEN {x} > {_number(high)} THEN {_number(high)}"]
            return f"CASE {' '.join(cases)} ELSE {x} END" if cases else x
        if isinstance(step, Log1p):
            return f"CASE WHEN {x} > -1 THEN ln(1 + {x}) END"
        if isinstance(step, Power):
            return _power(step, float(step.exponents[place]), x)
        if isinstance(step, Affine):
            return f"({x} - {_number(step.shift[place])}) / {_number(step.scale[place])}"
        if isinstance(step, Unit):
            return f"{x} / CASE WHEN size < {_number(TINY)} THEN {_number(1.0)} ELSE size END"
        assert isinstance(step, Relu)
        return f"CASE WHEN {x} > 0 THEN {x} WHEN {x} <= 0 THEN {_number(0.0)} END"


def _power(step: Power, exponent: float, x: str) -> str:
    def powered(logarithm: str, by: float) -> str:
        return f"(exp({_number(by)} * {logarithm}) - 1) / {_number(by)}" if by else logarithm

    if step.method == "box-cox":
        return f"CASE WHEN {x} > 0 THEN {powered(f'ln({x})', exponent)} END"
    above, below = powered(f"ln(1 + {x})", exponent), powered(f"ln(1 - {x})", 2.0 - exponent)
    return f"CASE WHEN {x} >= 0 THEN {above} WHEN {x} < 0 THEN -({below}) END"


def _decide(query: _Query, decision: Decision, sql: _Dialect, width: int) -> None:
    """Add the costs of the candidates, the lowest one and the lowest of the other segments."""
    _squares(query, decision, sql, width)
    candidates = list(enumerate(decision.segments.tolist()))
    offsets = decision.offsets.tolist() if isinstance(decision, Gaussian) else [0.0] * len(candidates)
    costs = [f"p{at} + {_number(offset)}" for at, offset in enumerate(offsets)]
    known = " AND ".join(["refused = 0", *(f"x{at} IS NOT NULL" for at in range(width))])
    costs = [f"CASE WHEN {known} THEN {cost} END" for cost in costs]
    kept = {f"p{at}": f"p{at}" for at, _ in candidates}
    query.add({"id": "id", **kept, **{f"q{at}": cost for at, cost in enumerate(costs)}})
    all_costs = [f"q{at}" for at, _ in candidates]
    rooted = not isinstance(decision, Nearest) or decision.metric == "euclidean"
    query.add({"id": "id", **kept, **{name: name for name in all_costs}, "best": sql.least(all_costs)})
    distance = _case((f"q{at} = best", f"sqrt(p{at})" if rooted else f"p{at}") for at, _ in candidates)
    segment = _case((f"q{at} = best", str(number)) for at, number in candidates)
    kept = {name: name for name in (*all_costs, "best")}
    query.add({"id": "id", **kept, "segment": segment, "distance": distance})
    others = [f"CASE WHEN segment = {number} THEN {sql.infinity} ELSE q{at} END" for at, number in candidates]
    query.add({"id": "id", **kept, "segment": "segment", "distance": "distance", "other": sql.least(others)})
    second = _case((f"q{at} = other AND segment <> {number}", str(number)) for at, number in candidates)
    query.add(
        {"id": "id", "segment": "segment", "distance": "distance", "second_segment": second, "margin": "other - best"}
    )


def _squares(query: _Query, decision: Decision, sql: _Dialect, width: int) -> None:
    """Add the squared distance of each candidate, or its distance where no square is compared, as p0, p1, ..."""
    kept = {"id": "id", "refused": "refused", **_columns(_names(width))}
    if isinstance(decision, Gaussian):
        parts = {}
        for number, (mean, factor) in enumerate(zip(decision.means, decision.factors, strict=True)):
            terms = [(f"(x{at} - {_number(mean[at])})", factor[at]) for at in range(width)]
            parts.update({f"y{number}_{at}": _sum(terms, at, 0.0) for at in range(width)})
        query.add({**kept, **parts})
        made = [
            " + ".join(f"y{number}_{at} * y{number}_{at}" for at in range(width))
            for number in range(len(decision.means))
        ]
    elif isinstance(decision, Nearest):
        made = []
        for centre in decision.centres:
            differences = [f"(x{at} - {_number(value)})" for at, value in enumerate(centre)]
            if decision.metric == "euclidean":
                made.append(" + ".join(f"{one} * {one}" for one in differences))
            else:
                sizes = [f"abs{one}" for one in differences]
                made.append(" + ".join(sizes) if decision.metric == "manhattan" else sql.greatest(sizes))
    else:
        raise RequestError(
            "this bundle compares rows with labelled rows, which has no SQL", allowed="clusterbench assign"
        )
    query.add({**kept, **{f"p{at}": square for at, square in enumerate(made)}})


def _sum(terms: Iterable[tuple[str, Floats]], at: int, bias: float) -> str:
    parts = [f"{_number(weights[at])} * {value}" for value, weights in terms if weights[at]]
    return " + ".join([*parts, _number(bias)] if bias or not parts else parts)


def _case(pairs: Iterable[tuple[str, str]]) -> str:
    return f"CASE {' '.join(f'WHEN {condition} THEN {value}' for condition, value in pairs)} END"


def _any(conditions: Iterable[str]) -> str:
    """Return 1 where a condition holds, else 0, also where it is unknown."""
    return f"CASE WHEN {' OR '.join(conditions)} THEN 1 ELSE 0 END"


def _call(function: str, values: list[str]) -> str:
    return values[0] if len(values) == 1 else f"{function}({', '.join(values)})"


def _names(width: int) -> list[str]:
    return [f"x{at}" for at in range(width)]


def _columns(values: Iterable[str]) -> dict[str, str]:
    return {f"x{at}": value for at, value in enumerate(values)}


def _number(value: float | np.float64) -> str:
    """Return a literal that every database reads as a floating-point number, bit for bit."""
    text = repr(float(value))
    text = text if "e" in text else f"{text}e0"
    return f"({text})" if text.startswith("-") else text


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
