"""From the tables of a benchmark file to checked steps."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from clusterbench.errors import RequestError, did_you_mean, request_errors, unknown
from clusterbench.preprocessing.builtin import STEPS
from clusterbench.preprocessing.step import Step

_TABLE = 'a table such as { step = "impute", strategy = "median" }'

# Words of pydantic, and those of a benchmark file.
_WORDS = {
    "Input should": "it should",
    "valid tuple": "list",
    "valid dictionary": "table",
    "Field required": "too short",
}


def parse_steps(
    raw: Sequence[Mapping[str, Any]], *, where: str, known: Mapping[str, type[Step]] = STEPS
) -> tuple[Step, ...]:
    """Check the declared steps of one variant: each has ``step``, one of the `known` names, beside its arguments.

    Raises
    ------
    RequestError
        For an unknown step or argument (nearest spelling offered) or a value of the wrong type or range. Named are
        `where`, such as ``variants.pca``, and the step's number, from 1.

    Examples
    --------
    >>> [step.name for step in parse_steps([{"step": "impute"}, {"step": "pca"}], where="variants.mine")]
    ['impute', 'pca']
    """
    if isinstance(raw, str | Mapping) or not isinstance(raw, Sequence):
        raise RequestError(f"a variant is a list of steps, got {raw!r}", where=where, allowed=f"[ {_TABLE}, ... ]")
    return tuple(_parse_step(table, known, where=f"{where}: step {n}") for n, table in enumerate(raw, start=1))


def resolved(steps: Iterable[Step]) -> list[dict[str, Any]]:
    """Return the steps as JSON-able tables, all defaults filled in; `parse_steps` reads them back."""
    return [step.resolved() for step in steps]


def describe(steps: Iterable[Step]) -> str:
    """Return the steps as one short line.

    >>> describe(parse_steps([{"step": "impute"}, {"step": "pca", "n_components": 0.9}], where="v"))
    'median impute > PCA 0.9'
    """
    return " > ".join(step.describe() for step in steps) or "as it is"


def _parse_step(table: Any, known: Mapping[str, type[Step]], *, where: str) -> Step:
    if not isinstance(table, Mapping):
        raise RequestError(f"a step is a table, got {table!r}", where=where, allowed=_TABLE)
    arguments = dict(table)
    name = arguments.pop("step", None)
    if not isinstance(name, str):
        what = "the key 'step' is missing" if name is None else f"step = {name!r} is not a name"
        raise RequestError(what, where=where, allowed=", ".join(sorted(known)))
    with request_errors(name, where=where):
        step = known.get(name)  # a registry of plug-ins says why one of them cannot be used
        if step is None:
            raise unknown("step", name, known)
        try:
            return step.model_validate(arguments)
        except ValidationError as error:
            raise _explain(error.errors()[0], step) from error


def _explain(detail: ErrorDetails, step: type[Step]) -> RequestError:
    """Return the first complaint of pydantic as an error with place, value and valid form."""
    path = [str(part) for part in detail["loc"]]
    if detail["type"] == "value_error" and len(path) != 1:  # of a whole step, or of a table in it
        return RequestError(f"{step.name}: {detail['ctx']['error']}", where=".".join(path))
    model: type[BaseModel] = step
    where = None
    if len(path) > 2:  # an argument of a table of tables, such as ("override", column, argument)
        where, model = ".".join(path[:2]), _table_type(step.model_fields[path[0]].annotation)
        path = path[2:]
    if detail["type"] == "extra_forbidden":
        return unknown(f"argument of {step.name}", path[0], model.model_fields, where=where)
    field = model.model_fields[path[0]]
    if detail["type"] == "missing" and len(path) == 1:
        return RequestError(f"{step.name} needs {path[0]}", where=where, allowed=field.description)
    given, why, near = detail["input"], detail["msg"].removeprefix("Value error, "), ""
    choices = list(map(str, get_args(field.annotation))) if get_origin(field.annotation) is Literal else []
    if detail["type"] == "literal_error" and isinstance(given, str):
        near = did_you_mean(given, choices)
        why = "is not among its values"
    why = re.sub(" or instance of .*", "", why)
    for word, plain in _WORDS.items():
        why = why.replace(word, plain)
    name = ".".join([path[0], *(part for part in path[1:] if not part.isdigit())])
    return RequestError(
        f"{name} = {given!r}: {why}{near}", where=where, allowed=field.description or ", ".join(choices)
    )


def _table_type(annotation: Any) -> type[BaseModel]:
    """Return the class in an annotation such as ``Mapping[str, Annotated[Filling, ...]]``."""
    kinds = (kind for part in get_args(annotation) for kind in get_args(part))
    return next(kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel))
