"""Imports point backwards along the list of packages, never forwards, never in a circle."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import clusterbench

PACKAGE = Path(clusterbench.__file__).parent
GROUND_FLOOR = (
    *("credentials", "errors", "lazy_names", "statuses", "labeling", "task_outcomes"),
    *("seeding", "environment", "naming", "text", "toml_writing", "tables"),
)
LAYERS = (
    *GROUND_FLOOR,
    *("datasets", "preprocessing", "metrics", "kernels", "structure", "plugins", "ranking", "benchmark"),
    *("execution", "store", "results", "running", "verification", "trust", "report", "audit", "inspection", "segments"),
    *("serve", "truth", "cli", "api"),
)
HEAVY = ("tensorflow", "keras", "numba", "matplotlib", "sklearn", "hdbscan", "pandas", "numpy", "distributed")


def modules() -> dict[str, ast.Module]:
    """Every module of the engine; what a wheel ships beside it is none."""
    trees = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        if "_shipped" not in parts and parts[0] not in ("__init__", "__main__"):
            name = ".".join(("clusterbench", *(parts[:-1] if parts[-1] == "__init__" else parts)))
            trees[name] = ast.parse(path.read_text(encoding="utf-8"))
    return trees


def imports(tree: ast.Module, known: dict[str, ast.Module]) -> Iterator[str]:
    """Modules of the engine that a module imports anywhere: at its top, in functions, for type checkers."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("clusterbench."))
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports are absolute"
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                if (node.module or "").startswith("clusterbench"):
                    yield name if name in known else str(node.module)


def layer(name: str) -> int:
    return LAYERS.index(name.split(".")[1])


def test_imports_point_backwards():
    known = modules()
    forward = [
        f"{name} imports {other}"
        for name, tree in known.items()
        for other in imports(tree, known)
        if other != "clusterbench" and layer(other) > layer(name)
    ]
    assert forward == []


def test_no_modules_import_each_other_in_a_circle():
    known = modules()
    graph = {name: set(imports(tree, known)) - {name, "clusterbench"} for name, tree in known.items()}
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle


def test_no_two_files_share_a_name():
    places = defaultdict(list)
    for path in sorted(PACKAGE.rglob("*.py")):
        if path.name != "__init__.py" and "_shipped" not in path.parts:
            places[path.name].append(str(path.relative_to(PACKAGE)))
    assert [files for files in places.values() if len(files) > 1] == []


@pytest.mark.parametrize("module", ["clusterbench", "clusterbench.cli"])
def test_importing_the_engine_loads_nothing_heavy(module):
    code = f"import sys, {module}; print(*sorted(set({HEAVY!r}) & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert (ran.stderr, ran.stdout.split()) == ("", [])
