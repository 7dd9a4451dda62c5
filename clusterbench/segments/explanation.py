"""Why a row is in its segment and not in the next one, and the smallest change of one column that would move it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from clusterbench.segments.bundle import Bundle
from clusterbench.segments.decisions import Nearest
from clusterbench.segments.operations import Affine, ColumnOperation, Floats, Linear, Take, Unit
from clusterbench.segments.program import Program
from clusterbench.segments.raw_fields import RawField, raw_fields
from clusterbench.text import printable

_STEPS = 200  # values of a column that are tried, evenly spaced beside its quantiles
_HALVINGS = 60
_ROUNDING = 1e-12  # share of the largest weight up to which a weight is none
_MOST_LEVELS = 3  # of a category, in a text
_REPLACED = "what the margin loses if a column takes its median, or a category its most frequent other level:"


@dataclass(frozen=True, slots=True)
class Reason:
    """What one column says for the segment of a row, against the second one; negative: it speaks against it."""

    column: str  # a category as it is given, or a column of the program
    value: float | str  # NaN where it is missing; a text of a category
    weight: float


@dataclass(frozen=True, slots=True)
class Change:
    """The smallest change of one column of numbers that gives the row another segment."""

    column: str
    value: float
    to: float
    segment: int  # the one that it would be in, 0 for none
    deviations: float  # size of the change in standard deviations of the column in the fitted table


@dataclass(frozen=True, slots=True)
class LevelChange:
    """A level of a category that gives the row another segment."""

    column: str
    level: str
    segment: int  # the one that it would be in, 0 for none


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a row has its segment.

    Where `exact`, the weights of the reasons are what each column adds to the margin, and they sum to it. Elsewhere a
    weight is by how much the margin falls if the column takes its median in the fitted table, or a category its most
    frequent other level.
    """

    segment: int
    second: int
    distance: float
    margin: float
    exact: bool
    reasons: tuple[Reason, ...]  # the greatest weight first
    change: Change | None  # None: no change of a single column of numbers within the fitted ranges moves it
    levels: tuple[LevelChange, ...]  # by category, those first that bring the row nearest to the other segment


def explain_row(bundle: Bundle, values: Sequence[float] | Floats) -> Explanation:
    """Explain the segment of a row.

    Parameters
    ----------
    bundle : Bundle
    values : array-like, shape (p,)
        Raw values in the order of the program's columns, NaN where missing.

    Raises
    ------
    RequestError
        If the row cannot be assigned.
    """
    row = np.asarray(values, dtype=np.float64)
    given = bundle.assign(row[np.newaxis])
    segment, second, margin = int(given.segment[0]), int(given.second[0]), float(given.margin[0])
    explained = _explained_columns(bundle)
    exact_weights = _exact_weights(bundle.program, row, segment, second)
    exact = exact_weights is not None and bool(np.isclose(exact_weights.sum(), margin, rtol=1e-6, atol=1e-12))
    if exact_weights is not None and exact:
        weights = np.array([exact_weights[list(one.places)].sum() for one in explained])
    else:
        weights = _replaced_weights(bundle, row, explained, segment, margin)
    weights[np.abs(weights) <= _ROUNDING * np.abs(weights).max()] = 0.0
    facts = zip(explained, weights.tolist(), strict=True)
    reasons = [Reason(one.name, one.level(row) if one.levels else float(row[one.places[0]]), w) for one, w in facts]
    return Explanation(
        *(segment, second, float(given.distance[0]), margin, exact),
        tuple(sorted(reasons, key=lambda reason: -reason.weight)),
        _smallest_change(bundle, row, segment),
        tuple(_level_changes(bundle, row, segment)),
    )


def _explained_columns(bundle: Bundle) -> list[RawField]:
    """Return the columns that have a reason each: categories as they are given, else columns of the program."""
    return [
        part
        for field in raw_fields(bundle.manifest)
        for part in (
            [field]
            if field.levels
            else [RawField(one.name, (one,), (at,)) for one, at in zip(field.columns, field.places, strict=True)]
        )
    ]


def _exact_weights(program: Program, row: Floats, segment: int, second: int) -> Floats | None:
    """Return what each raw column adds to the difference of two squared distances, shape (p,); None if it is no sum.

    Up to the first matrix every operation keeps columns apart; from there on all are linear, so that the difference of
    two squared distances is linear in the columns before it.
    """
    last = program.decision
    if (
        not isinstance(last, Nearest)
        or last.metric != "euclidean"
        or len(set(last.segments.tolist())) < len(last.segments)
    ):
        return None
    steps = program.steps
    first_matrix = next((at for at, step in enumerate(steps) if isinstance(step, Linear)), len(steps))
    mixing = any(isinstance(step, Unit) for step in steps)
    if mixing or not all(isinstance(step, Linear | Affine | Take) for step in steps[first_matrix:]):
        return None
    centres = dict(zip(last.segments.tolist(), last.centres, strict=True))
    own, other = centres[segment], centres[second]
    state, sources = row[:, np.newaxis], np.arange(len(row))
    for step in steps[:first_matrix]:
        state = step.apply(state)
        sources = sources[step.columns] if isinstance(step, Take) else sources
    rest = steps[first_matrix:]
    origin = _through(rest, np.zeros((len(state), 1)))[:, 0]
    weights = (_through(rest, np.eye(len(state))) - origin[:, np.newaxis]).T  # (columns, dimensions)
    # A point whose image is the middle between both centres: what lies beyond it speaks for one of them.
    middle = np.linalg.lstsq(weights.T, (own + other) / 2.0 - origin, rcond=None)[0]
    terms = 2.0 * (weights @ (own - other)) * (state[:, 0] - middle)
    return np.bincount(sources, weights=terms, minlength=len(row)).astype(np.float64)


def _through(steps: Sequence[ColumnOperation], state: Floats) -> Floats:
    for step in steps:
        state = step.apply(state)
    return state


def _replaced_weights(
    bundle: Bundle, row: Floats, explained: Sequence[RawField], segment: int, margin: float
) -> Floats:
    """Return by how much the margin falls if a column takes its median, or another level, shape (columns,)."""
    medians = np.array(bundle.manifest.medians)
    replaced = np.repeat(row[np.newaxis], len(explained), axis=0)
    for number, one in enumerate(explained):
        places = list(one.places)
        other = one.most_frequent(without=one.level(row)) if one.marks_levels else None
        replaced[number, places] = medians[places] if other is None else one.numbers(other)
    given = bundle.assign(replaced)
    return margin - np.where(given.segment == segment, given.margin, -given.margin)


def _level_changes(bundle: Bundle, row: Floats, segment: int) -> Iterator[LevelChange]:
    """Yield, of each category, the levels that give another segment, by the distance from it."""
    for field in raw_fields(bundle.manifest):
        if field.levels:
            rows = np.repeat(row[np.newaxis], len(field.levels), axis=0)
            rows[:, list(field.places)] = [field.numbers(level) for level in field.levels]
            given = bundle.assign(rows)
            for at in np.argsort(given.distance, kind="stable").tolist():
                if given.segment[at] != segment:
                    yield LevelChange(field.name, field.levels[at], int(given.segment[at]))


def _smallest_change(bundle: Bundle, row: Floats, segment: int) -> Change | None:
    return min(_changes(bundle, row, segment), key=lambda change: change.deviations, default=None)


def _changes(bundle: Bundle, row: Floats, segment: int) -> Iterator[Change]:
    """Yield, for each column and direction, the nearest value that gives another segment; the program checks each."""
    tried = list(_brackets(bundle, row, segment))
    if not tried:
        return
    columns, inside, outside = (np.array(part) for part in zip(*tried, strict=True))
    rows, place = np.repeat(row[np.newaxis], len(columns), axis=0), (np.arange(len(columns)), columns)
    for _ in range(_HALVINGS):
        rows[place] = middle = (inside + outside) / 2.0
        stays = bundle.assign(rows).segment == segment
        inside, outside = np.where(stays, middle, inside), np.where(stays, outside, middle)
    rows[place] = outside
    for at, to, new in zip(columns.tolist(), outside.tolist(), bundle.assign(rows).segment.tolist(), strict=True):
        column = bundle.manifest.columns[at]
        yield Change(column.name, float(row[at]), to, new, abs(to - float(row[at])) / column.std)


def _brackets(bundle: Bundle, row: Floats, segment: int) -> Iterator[tuple[int, float, float]]:
    """Yield, for each column and direction, its position and two values between which the segment changes first."""
    for at, column in enumerate(bundle.manifest.columns):
        is_level = column.source is not None and bool(column.source.levels)  # nothing is half of a level
        if np.isnan(row[at]) or column.std == 0 or is_level:
            continue
        even = np.linspace(column.minimum, column.maximum, _STEPS)
        tried = np.unique([*even, *column.quantiles])
        for values in (tried[tried > row[at]], tried[tried < row[at]][::-1]):
            rows = np.repeat(row[np.newaxis], len(values), axis=0)
            rows[:, at] = values
            moved = np.flatnonzero(bundle.assign(rows).segment != segment)
            if len(moved):
                yield at, float(row[at] if moved[0] == 0 else values[moved[0] - 1]), float(values[moved[0]])


def explanation_text(bundle: Bundle, one: Explanation) -> str:
    """Return an explanation as a few lines."""
    lines = [
        f"segment  {_called(bundle, one.segment)}, at a distance of {one.distance:.4g}",
        f"next     {_called(bundle, one.second)}, by a margin of {one.margin:.4g}",
        "",
        "what each column adds to the margin:" if one.exact else _REPLACED,
    ]
    shown = [reason for reason in one.reasons if reason.weight]
    names = [printable(reason.column) for reason in shown]
    values = [_value_text(reason.value) for reason in shown]
    column_width, value_width = (max(map(len, texts), default=0) for texts in (names, values))
    for name, value, reason in zip(names, values, shown, strict=True):
        lines.append(f"  {name:{column_width}}  {value:>{value_width}}  {reason.weight:+.4g}")
    return "\n".join([*lines, "", *_change_lines(bundle, one)])


def _value_text(value: float | str) -> str:
    return printable(value) if isinstance(value, str) else "missing" if np.isnan(value) else f"{value:g}"


def _change_lines(bundle: Bundle, one: Explanation) -> Iterator[str]:
    if change := one.change:
        moved = f"{printable(change.column)} from {change.value:g} to {change.to:g} ({change.deviations:.2g} sd)"
        yield f"smallest change that moves it: {moved}, to {_called(bundle, change.segment)}"
    for column, changes in groupby(one.levels, key=lambda level: level.column):
        levels = [f"  {printable(level.level)}: to {_called(bundle, level.segment)}" for level in changes]
        more = f"  and {len(levels) - _MOST_LEVELS} more" if len(levels) > _MOST_LEVELS else ""
        yield "\n".join([f"another level of {printable(column)} moves it:", *levels[:_MOST_LEVELS], more]).rstrip()
    if one.change is None and not one.levels:
        yield "no change of one column within the fitted ranges moves it"


def _called(bundle: Bundle, segment: int) -> str:
    return f"{segment} ({printable(bundle.names[segment])})" if segment else "no segment"
