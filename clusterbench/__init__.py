"""clusterbench: a comparative benchmark for clustering algorithms that can be believed.

>>> import clusterbench
>>> run = clusterbench.run("credit-card", quick=True)  # doctest: +SKIP
>>> print(run.board.headline)  # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from clusterbench.comparison import compare
    from clusterbench.conductor import Run, Settings, load_run, reproduce, run
    from clusterbench.errors import RequestError
    from clusterbench.scoring import score_labelings

__version__ = "0.1.0"
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

_HOMES = {
    "RequestError": "clusterbench.errors",
    "Run": "clusterbench.conductor",
    "Settings": "clusterbench.conductor",
    "compare": "clusterbench.comparison",
    "load_run": "clusterbench.conductor",
    "reproduce": "clusterbench.conductor",
    "run": "clusterbench.conductor",
    "score_labelings": "clusterbench.scoring",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is asked for: `import clusterbench` itself stays instant."""
    if name not in _HOMES:
        raise AttributeError(f"module 'clusterbench' has no attribute {name!r}")
    import importlib

    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value
