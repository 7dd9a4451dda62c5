"""The manifest: on what a run was made."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_PACKAGES = (
    "numpy",
    "scipy",
    "scikit-learn",
    "scikit-learn-extra",
    "pandas",
    "hdbscan",
    "fastcluster",
    "numba",
    "tensorflow",
    "keras",
    "matplotlib",
)
_RULES = ("noise", "metrics", "references", "ranking", "gate", "variants")


def make_manifest() -> dict[str, Any]:
    """Return versions, CPU and commit of this machine and checkout, in plain values."""
    return {
        "clusterbench": _version("clusterbench"),
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in _PACKAGES},
        "system": f"{platform.system()} {platform.machine()}",
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "git": _git(),
    }


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


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _cpu() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or "unknown"


def _git() -> dict[str, Any] | None:
    """Return commit and dirty flag of the checkout that holds the engine, or None for an installed one."""
    here = Path(__file__).resolve().parents[2]
    if not (here / ".git").exists():
        return None
    try:
        commit, changes = (
            subprocess.run(["git", "-C", str(here), *arguments], capture_output=True, text=True, timeout=10, check=True)
            for arguments in (["rev-parse", "HEAD"], ["status", "--porcelain", "--untracked-files=no"])
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return {"commit": commit.stdout.strip(), "dirty": bool(changes.stdout.strip())}
