"""Python values as TOML."""

import json
from collections.abc import Mapping, Sequence

from clusterbench.errors import RequestError

TomlValue = str | bool | int | float | Sequence["TomlValue"] | Mapping[str, "TomlValue"]


def toml_text(values: Mapping[str, TomlValue]) -> str:
    """Return a mapping as TOML, a line per key; tables are inline."""
    return "".join(f"{toml_key(key)} = {toml_value(value, key)}\n" for key, value in values.items())


def toml_key(key: str) -> str:
    """Return a key as TOML writes it."""
    bare = key.isascii() and key.replace("_", "").replace("-", "").isalnum()
    return key if bare else json.dumps(key)


def toml_value(value: object, where: str = "") -> str:
    """Return a value as TOML; RequestError, at `where`, if it cannot be one."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        # TOML's basic strings are those of JSON, except that it has no surrogate pairs and escapes DEL.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{toml_key(str(k))} = {toml_value(v, f'{where}.{k}')}" for k, v in value.items()) + "}"
    if isinstance(value, Sequence | range | set | frozenset):
        return "[" + ", ".join(toml_value(item, where) for item in value) + "]"
    if hasattr(value, "item"):  # a NumPy scalar
        return toml_value(value.item(), where)
    raise RequestError(
        f"a {type(value).__name__} cannot be declared",
        where=where,
        allowed="text, numbers, true or false, lists, mappings",
    )
