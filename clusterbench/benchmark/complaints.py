"""Complaints of pydantic as errors of this project: file, key, given value, allowed values."""

import dataclasses
from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from clusterbench.errors import RequestError, did_you_mean

_WORDS = {
    "tuple_type": "is not a list",
    "list_type": "is not a list",
    "dict_type": "is not a table",
    "string_type": "is not a text",
    "string_too_short": "is empty",
    "too_short": "is empty",
}
_FORMS = {
    "title": 'title = "What this compares"',
    "k": "k = [2, 3] or k = { from = 2, to = 10 }, integers of at least 2",
    "seeds": "seeds = [0, 1], integers of at least 0",
    "reference_spaces": 'names of variants, such as ["standard"]',
    "metrics": 'names of metrics, such as ["silhouette"]',
    "datasets": '[[datasets]] with use = "wine" or path = "table.csv"',
    "variants": '[variants] with standard = [{ step = "standardize" }]; in [[algorithms]] variants = ["standard"]',
    "algorithms": '[[algorithms]] with use = "kmeans"',
    "use": 'a name, such as use = "kmeans"',
}


def explain(error: ValidationError, model: type[BaseModel], path: str) -> RequestError:
    """Return the first complaint of pydantic as an error that names file, key, given and allowed values."""
    first = error.errors()[0]
    keys = list(_readable(first["loc"]))
    where = f"{path}: {'.'.join(keys).replace('.[', '[')}" if keys else path
    if first["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        known = _fields_at(model, first["loc"][:-1])
        return RequestError(f"unknown key{did_you_mean(keys[-1], known)}", where=where, allowed=", ".join(known))
    allowed = next((_FORMS[key] for key in reversed(keys) if key in _FORMS), "")
    if first["type"] == "missing":
        return RequestError("is missing", where=where, allowed=allowed)
    given = "" if isinstance(first["input"], dict) else f", got {first['input']!r}"
    what = _WORDS.get(first["type"], first["msg"].removeprefix("Value error, "))
    what = what.removeprefix(f"{keys[-1]}: " if keys else "")  # where the table's own check names the key
    return RequestError(f"{what}{given}", where=where, allowed=allowed)


def _readable(loc: tuple[int | str, ...]) -> Iterator[str]:
    for key in loc:
        if isinstance(key, int):
            yield f"[{key + 1}]"
        elif not key.startswith(("tuple[", "function-")):
            yield key


def _fields_at(model: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    """Return the keys allowed in the table at `loc`."""
    current: Any = model
    for key in loc:
        field = getattr(current, "model_fields", {}).get(key)
        if field is not None:
            current = _table_type(field.annotation)
    if dataclasses.is_dataclass(current):
        return [field.name for field in dataclasses.fields(current)]
    known: dict[str, Any] = getattr(current, "model_fields", {})
    return [field.alias or name for name, field in known.items()]


def _table_type(annotation: Any) -> Any:
    """Return the table's class in an annotation such as ``tuple[DatasetSpec, ...]``."""
    for candidate in (annotation, *get_args(annotation)):
        if isinstance(candidate, type) and (issubclass(candidate, BaseModel) or dataclasses.is_dataclass(candidate)):
            return candidate
    return None
