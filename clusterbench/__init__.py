"""clusterbench: a comparative benchmark of clustering algorithms.

>>> import clusterbench
>>> run = clusterbench.run("credit-card", quick=True)  # doctest: +SKIP
>>> print(run.board.headline)  # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from clusterbench.api import Run, load_run, run
    from clusterbench.errors import RequestError
    from clusterbench.metrics import score_labelings
    from clusterbench.running import Settings
    from clusterbench.verification import compare, reproduce

__version__ = "1.0.0"
__all__ = [
    "RequestError",
    "Run",
    "Settings",
    "__version__",
    "compare",
    "load_run",
    "reproduce",
    "run",
    "score_labelings",
]

_MODULES = {
    "RequestError": "clusterbench.errors",
    "Run": "clusterbench.api",
    "Settings": "clusterbench.running",
    "compare": "clusterbench.verification",
    "load_run": "clusterbench.api",
    "reproduce": "clusterbench.verification",
    "run": "clusterbench.api",
    "score_labelings": "clusterbench.metrics",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is asked for: `import clusterbench` itself stays instant."""
    if name not in _MODULES:
        raise AttributeError(f"module 'clusterbench' has no attribute {name!r}")
    import importlib

    from clusterbench.environment import check_system

    if name != "RequestError":
        check_system()
    value = getattr(importlib.import_module(_MODULES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
