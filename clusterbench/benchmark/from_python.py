"""A benchmark from Python values: written as TOML and read like a file, so that it is checked by the same rules."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from clusterbench.benchmark.declaration import Benchmark, parse_benchmark
from clusterbench.errors import RequestError
from clusterbench.plugins import Registry

TomlValue = str | bool | int | float | Sequence["TomlValue"] | Mapping[str, "TomlValue"]

DEFAULT_ALGORITHMS = ("kmeans", "gmm", "agglomerative", "hdbscan", "random_labels", "random_voronoi", "quantile_split")
"""Algorithms of a benchmark that names none: four quick ones and the controls."""


def python_benchmark(name: str, values: Mapping[str, TomlValue | None], registry: Registry) -> Benchmark:
    """Return the benchmark of some Python values, the keys of a benchmark file; None leaves a key out.

    RequestError for a value that a benchmark file could not hold either.
    """
    text = toml_text({key: value for key, value in values.items() if value is not None})
    path = Path(f"{name}.toml")
    try:
        return parse_benchmark(text, registry, path=path)
    except RequestError as error:
        where = (error.where or "").removeprefix(str(path)).removeprefix(": ")
        raise RequestError(error.what, where=where or None, allowed=error.allowed) from error


def toml_text(values: Mapping[str, TomlValue]) -> str:
    """Return a mapping as TOML, a line per key; tables are inline."""
    return "".join(f"{_key(key)} = {_value(value, key)}\n" for key, value in values.items())


def _key(key: str) -> str:
    bare = key.isascii() and key.replace("_", "").replace("-", "").isalnum()
    return key if bare else json.dumps(key)


def _value(value: object, where: str) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        # TOML's basic strings are those of JSON, except that it has no surrogate pairs and escapes DEL.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(str(k))} = {_value(v, f'{where}.{k}')}" for k, v in value.items()) + "}"
    if isinstance(value, Sequence | range | set | frozenset):
        return "[" + ", ".join(_value(item, where) for item in value) + "]"
    if hasattr(value, "item"):  # a NumPy scalar
        return _value(value.item(), where)
    raise RequestError(
        f"a {type(value).__name__} cannot be declared",
        where=where,
        allowed="text, numbers, true or false, lists, mappings",
    )
