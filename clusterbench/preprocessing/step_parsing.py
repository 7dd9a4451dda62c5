"""From the tables of a benchmark file to checked steps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from clusterbench.errors import RequestError, did_you_mean, unknown
from clusterbench.preprocessing.steps import STEPS, Filling, Step

_TABLE = 'a table such as { step = "impute", strategy = "median" }'

# Words of pydantic, and what they are called in a benchmark file.
_WORDS = {
    "Input should": "it should",
    "valid tuple": "list",
    "valid dictionary": "table",
    "Field required": "too short",
}


def parse_steps(raw: Sequence[Mapping[str, Any]], *, where: str) -> tuple[Step, ...]:
    """Check the declared steps of one variant.

    Parameters
    ----------
    raw : sequence of mapping
        The steps in their order; each has ``step``, its name, beside its arguments. None is a variant too:
        the table as it is.
    where : str
        What to call this variant in errors, e.g. ``variants.pca``.

    Returns
    -------
    tuple of Step

    Raises
    ------
    RequestError
        For an unknown step or argument (nearest spelling offered) or a value of the wrong type or range;
        `where` and the step's number, from 1, are named.

    Examples
    --------
    >>> [step.kind for step in parse_steps([{"step": "impute"}, {"step": "pca"}], where="variants.mine")]
    ['impute', 'pca']
    """
    if isinstance(raw, str | Mapping) or not isinstance(raw, Sequence):
        raise RequestError(f"a variant is a list of steps, got {raw!r}", where=where, allowed=f"[ {_TABLE}, ... ]")
    return tuple(_parse_step(table, where=f"{where}: step {number}") for number, table in enumerate(raw, start=1))


def resolved(steps: Iterable[Step]) -> list[dict[str, Any]]:
    """Return the steps as JSON-able tables, all defaults filled in; `parse_steps` reads them back.

    Examples
    --------
    >>> resolved(parse_steps([{"step": "minmax"}], where="v"))
    [{'step': 'minmax', 'columns': ['all'], 'feature_range': [0.0, 1.0], 'clip': False}]
    """
    return [step.resolved() for step in steps]


def describe(steps: Iterable[Step]) -> str:
    """Return the steps as one short line.

    Examples
    --------
    >>> raw = [{"step": "impute"}, {"step": "log1p", "columns": "monetary"}, {"step": "pca", "n_components": 0.9}]
    >>> describe(parse_steps(raw, where="v"))
    'median impute > log1p (monetary) > PCA 0.9'
    """
    return " > ".join(step.describe() for step in steps) or "as it is"


def _parse_step(table: Any, *, where: str) -> Step:
    if not isinstance(table, Mapping):
        raise RequestError(f"a step is a table, got {table!r}", where=where, allowed=_TABLE)
    arguments = dict(table)
    name = arguments.pop("step", None)
    if not isinstance(name, str):
        what = "the key 'step' is missing" if name is None else f"step = {name!r} is not a name"
        raise RequestError(what, where=where, allowed=", ".join(sorted(STEPS)))
    if name not in STEPS:
        raise unknown("step", name, STEPS, where=where)
    try:
        return STEPS[name].model_validate(arguments)
    except ValidationError as error:
        raise _explain(error.errors()[0], STEPS[name], where=where) from error


def _explain(detail: ErrorDetails, step: type[Step], *, where: str) -> RequestError:
    """Say in the project's words what pydantic found first."""
    path = [str(part) for part in detail["loc"]]
    model: type[BaseModel] = step
    if path[:1] == ["override"] and len(path) > 1:
        # An override is a table of tables: ("override", column, argument).
        where, model, path = f"{where}: override.{path[1]}", Filling, path[2:]
    if detail["type"] == "value_error" and not path:
        return RequestError(f"{step.kind}: {detail['ctx']['error']}", where=where)
    if not path:
        given, allowed = detail["input"], "a strategy, or a table such as { strategy = 'constant', fill_value = 0 }"
        return RequestError(f"{given!r} is not a filling", where=where, allowed=allowed)
    name = path[0]
    if detail["type"] == "extra_forbidden":
        return unknown(f"argument of {step.kind}", name, model.model_fields, where=where)
    if detail["type"] == "missing" and len(path) == 1:
        return RequestError(f"{step.kind} needs {name}", where=where, allowed=_valid_form(model, name))
    return _wrong_value(detail, model, name, where=where)


def _wrong_value(detail: ErrorDetails, model: type[BaseModel], name: str, *, where: str) -> RequestError:
    given, why, near = detail["input"], detail["msg"].removeprefix("Value error, "), ""
    if detail["type"] == "literal_error" and isinstance(given, str):
        near = did_you_mean(given, [str(choice) for choice in get_args(model.model_fields[name].annotation)])
        why = "is not among its values"
    for theirs, ours in _WORDS.items():
        why = why.replace(theirs, ours)
    return RequestError(f"{name} = {given!r}: {why}{near}", where=where, allowed=_valid_form(model, name))


def _valid_form(model: type[BaseModel], name: str) -> str | None:
    field = model.model_fields.get(name)
    return field.description if field is not None else None
