"""Names of a package that are imported when they are asked for, so that one of its modules costs no other."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any


def lazy_names(package: str, names: Mapping[str, Sequence[str]]) -> Callable[[str], Any]:
    """Return the `__getattr__` of a package; `names` lists, for each of its modules, the names that it gives.

    ValueError for a name that a module has, too: once that is imported, it would be given in place of what it holds.
    """
    modules = {name: module for module, given in names.items() for name in given}
    if hidden := sorted(modules.keys() & names):
        raise ValueError(f"modules of {package} hide the names {', '.join(hidden)}")

    def import_name(name: str) -> Any:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(f"{package}.{modules[name]}"), name)
        setattr(sys.modules[package], name, value)
        return value

    return import_name
