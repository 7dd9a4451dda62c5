"""Segments in use: a partition of the leaderboard as an assignment program, a bundle, and descriptions of its segments.

Loading a bundle and assigning rows needs numpy and pydantic alone, so names are imported when they are asked for.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from clusterbench.segments.segmentation import Segmentation

__all__ = ["Segmentation"]

_MODULES = {"Segmentation": "segmentation"}


def __getattr__(name: str) -> Any:
    """Import a name of `_MODULES`."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = value
    return value
