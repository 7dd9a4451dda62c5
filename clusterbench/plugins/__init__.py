"""Plug-ins: algorithms, metrics and steps of authors, where they are found, and the checks of what they declare.

Importing this loads no clustering library; a plug-in file imports what it needs inside its functions.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from clusterbench.naming import Cut
from clusterbench.plugins.algorithm import (
    REQUIRED,
    Algorithm,
    Assignment,
    CutRange,
    Cutter,
    Family,
    Floats,
    K,
    Params,
    Partition,
    as_partition,
)
from clusterbench.plugins.estimator_objects import estimator_plugin
from clusterbench.plugins.estimators import sklearn_algorithm, warm_imports
from clusterbench.plugins.packages import is_installed, missing_packages
from clusterbench.plugins.parameter_checks import (
    SCIPY_DISTANCES,
    number_complaint,
    require_choice,
    require_number,
    share_complaint,
)
from clusterbench.plugins.plugin_loading import ENTRY_POINT, load_plugin
from clusterbench.plugins.process_state import kept_generators, kept_state, recorded_warnings
from clusterbench.plugins.row_models import (
    Encoder,
    LatentCentroids,
    ShiftedModel,
    operations_of,
    standardized_rows,
    without_offset,
)
from clusterbench.plugins.row_sampling import cutter_of
from clusterbench.plugins.standard_tables import small_table
from clusterbench.plugins.stored_labels import stored_labels
from clusterbench.plugins.tensorflow_setup import keras_seed, prepare_tensorflow, quiet_tensorflow

if TYPE_CHECKING:
    from clusterbench.metrics import Direction, Metric
    from clusterbench.plugins.arguments import Argument, arguments_of
    from clusterbench.plugins.check_suite import Check, Verdict
    from clusterbench.plugins.conformance import Conformance, check_algorithm, check_plugin, parametrize_checks
    from clusterbench.plugins.registry import Registry, load_registry, shipped_place
    from clusterbench.preprocessing import Step

__all__ = [
    "ENTRY_POINT",
    "REQUIRED",
    "SCIPY_DISTANCES",
    "Algorithm",
    "Argument",
    "Assignment",
    "Check",
    "Conformance",
    "Cut",
    "CutRange",
    "Cutter",
    "Direction",
    "Encoder",
    "Family",
    "Floats",
    "K",
    "LatentCentroids",
    "Metric",
    "Params",
    "Partition",
    "Registry",
    "ShiftedModel",
    "Step",
    "Verdict",
    "arguments_of",
    "as_partition",
    "check_algorithm",
    "check_plugin",
    "cutter_of",
    "estimator_plugin",
    "is_installed",
    "kept_generators",
    "kept_state",
    "keras_seed",
    "load_plugin",
    "load_registry",
    "missing_packages",
    "number_complaint",
    "operations_of",
    "parametrize_checks",
    "prepare_tensorflow",
    "quiet_tensorflow",
    "recorded_warnings",
    "require_choice",
    "require_number",
    "share_complaint",
    "shipped_place",
    "sklearn_algorithm",
    "small_table",
    "standardized_rows",
    "stored_labels",
    "warm_imports",
    "without_offset",
]

_REGISTRY = "clusterbench.plugins.registry"
_CHECKING = ("Conformance", "check_algorithm", "check_plugin", "parametrize_checks")
# Imported when they are asked for: a worker process needs algorithms only, and starts in a third of the time.
_HOMES = {
    **dict.fromkeys(("Direction", "Metric"), "clusterbench.metrics"),
    **dict.fromkeys(("Argument", "arguments_of"), "clusterbench.plugins.arguments"),
    **dict.fromkeys(("Check", "Verdict"), "clusterbench.plugins.check_suite"),
    **dict.fromkeys(_CHECKING, "clusterbench.plugins.conformance"),
    **dict.fromkeys(("Registry", "load_registry", "shipped_place"), _REGISTRY),
    "Step": "clusterbench.preprocessing",
}


def __getattr__(name: str) -> Any:
    """Import a name of `_HOMES`."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value
