"""The manifest: on what a run was made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from clusterbench.environment import current_environment

_RULES = ("noise", "metrics", "references", "ranking", "gate", "variants")


def make_manifest() -> dict[str, Any]:
    """Return versions, CPU and commit of this machine and checkout, in plain values."""
    return asdict(current_environment())


def declared_rules(plan: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a recorded plan declares of scores and ranks, and how each variant and plug-in was made.

    Returns
    -------
    dict
        noise (policy), metrics, references (spaces by dataset), ranking, gate, variants (steps by name), algorithms
        (``{"version": int}`` by name).
    """
    algorithms = {name: {"version": entry["version"]} for name, entry in plan["algorithms"].items()}
    return {**{name: plan[name] for name in _RULES}, "algorithms": algorithms}
