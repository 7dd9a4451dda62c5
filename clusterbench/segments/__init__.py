"""Segments in use: a partition of the leaderboard as an assignment program, a bundle, and descriptions of its segments.

Loading a bundle and assigning rows needs numpy and pydantic alone, so names are imported when they are asked for.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from clusterbench.segments.description import SegmentDescription, describe
    from clusterbench.segments.effect_sizes import Effect, cliffs_delta
    from clusterbench.segments.finer_segments import KStep, k_step
    from clusterbench.segments.names_file import NamesFile
    from clusterbench.segments.parts import PARTS, Part, write_parts
    from clusterbench.segments.profile import SegmentProfile, compare_segments, profile_frame, profile_segments
    from clusterbench.segments.row_labels import customer_labels
    from clusterbench.segments.segment_names import SegmentName, suggest_names
    from clusterbench.segments.segment_rules import SegmentRules, find_rules
    from clusterbench.segments.segmentation import Segmentation

_NAMES = {
    "description": ("SegmentDescription", "describe"),
    "effect_sizes": ("Effect", "cliffs_delta"),
    "finer_segments": ("KStep", "k_step"),
    "names_file": ("NamesFile",),
    "parts": ("PARTS", "Part", "write_parts"),
    "profile": ("SegmentProfile", "compare_segments", "profile_frame", "profile_segments"),
    "row_labels": ("customer_labels",),
    "segment_names": ("SegmentName", "suggest_names"),
    "segment_rules": ("SegmentRules", "find_rules"),
    "segmentation": ("Segmentation",),
}
_MODULES = {name: module for module, names in _NAMES.items() for name in names}

__all__ = [
    "PARTS",
    "Effect",
    "KStep",
    "NamesFile",
    "Part",
    "SegmentDescription",
    "SegmentName",
    "SegmentProfile",
    "SegmentRules",
    "Segmentation",
    "cliffs_delta",
    "compare_segments",
    "customer_labels",
    "describe",
    "find_rules",
    "k_step",
    "profile_frame",
    "profile_segments",
    "suggest_names",
    "write_parts",
]


def __getattr__(name: str) -> Any:
    """Import a name of `_MODULES`."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = value
    return value
