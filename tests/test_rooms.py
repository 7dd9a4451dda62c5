"""Rooms: imports point backwards along the line of rooms, never forwards, never in a circle."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import clusterbench

PACKAGE = Path(clusterbench.__file__).parent
ROOMS = (
    # Words that all rooms share: they import nothing of the engine.
    *("errors", "cells", "labeling"),
    *("datasets", "variants", "plugins", "scoring", "ranking", "benchmark"),
    # The conductor is not called `run`, because `clusterbench.run` is its function.
    *("execution", "store", "conductor", "comparison", "report", "segments", "serve", "cli"),
)
# The façade may show anything, lazily; what a wheel ships beside the engine is no room.
FACADE = {"clusterbench", "clusterbench.__main__"}
SHIPPED = "_shipped"
HEAVY = ("tensorflow", "keras", "numba", "matplotlib", "sklearn", "hdbscan")


def module_name(path: Path, package: Path) -> str:
    parts = path.relative_to(package.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def modules(package: Path) -> dict[str, Path]:
    """Every module of the engine by its name."""
    found = {module_name(path, package): path for path in sorted(package.rglob("*.py"))}
    return {name: path for name, path in found.items() if SHIPPED not in name.split(".")}


def imported(name: str, path: Path, known: set[str], package: str = "clusterbench") -> set[str]:
    """The engine's modules that a module imports anywhere: at its top, in functions, for type checkers."""
    home = name if path.name == "__init__.py" else name.rpartition(".")[0]
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                base = importlib.util.resolve_name("." * node.level + base, home)
            names = {f"{base}.{alias.name}" for alias in node.names}
            found.update({full if full in known else base for full in names if full != f"{package}.__version__"})
    if package in found and only_looks_at_dunders(nodes, package):
        found.remove(package)
    return {other for other in found if other.split(".")[0] == package and other != name}


def only_looks_at_dunders(nodes: list[ast.AST], package: str) -> bool:
    """Whether the façade is imported whole, for where it lies or its version, which is no import of a room."""
    if any(isinstance(n, ast.ImportFrom) and not n.level and n.module == package for n in nodes):
        return False
    if any(isinstance(n, ast.Import) and any(a.name == package and a.asname for a in n.names) for n in nodes):
        return False
    used = [
        n.attr
        for n in nodes
        if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name) and n.value.id == package
    ]
    return bool(used) and all(attribute.startswith("__") for attribute in used)


def room(name: str) -> str:
    return name.split(".")[1]


def forward_imports(package: Path) -> list[str]:
    """Imports from a later room, and modules that stand in no room."""
    known, problems = modules(package), []
    for name, path in known.items():
        if name in FACADE:
            continue
        if room(name) not in ROOMS:
            problems.append(f"{name} stands in no room")
            continue
        for other in sorted(imported(name, path, set(known))):
            if other in FACADE:
                problems.append(f"{name} imports the façade {other}")
            elif room(other) in ROOMS and ROOMS.index(room(other)) > ROOMS.index(room(name)):
                problems.append(f"{name} imports {other} from a later room")
    return problems


def cycle(package: Path) -> list[str]:
    """Modules that import each other in a circle; [] if none do.

    A package's own `__init__` imports its modules, so a module that imports its own package closes a circle.
    """
    known = modules(package)
    graph = {name: imported(name, path, set(known)) - FACADE for name, path in known.items() if name not in FACADE}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_no_module_imports_from_a_later_room():
    assert forward_imports(PACKAGE) == []


def test_no_modules_import_each_other_in_a_circle():
    assert cycle(PACKAGE) == []


@pytest.fixture
def house(tmp_path):
    """A made-up engine of three rooms, to which a test adds a fault."""
    package = tmp_path / "clusterbench"
    for folder in ("", "datasets", "scoring"):
        (package / folder).mkdir(exist_ok=True)
        (package / folder / "__init__.py").write_text("", encoding="utf-8")
    (package / "errors.py").write_text("", encoding="utf-8")
    (package / "__init__.py").write_text("from clusterbench.scoring import x\n", encoding="utf-8")
    (package / "scoring" / "_a.py").write_text("from clusterbench.errors import E\n", encoding="utf-8")
    return package


def test_a_house_in_order_has_no_problem(house):
    assert forward_imports(house) == []
    assert cycle(house) == []


@pytest.mark.parametrize(
    "fault",
    [
        "from clusterbench.scoring._a import x",
        "import clusterbench.scoring._a as later",
        "from ..scoring import _a",
        "from clusterbench import scoring",
        "def f():\n    from clusterbench.scoring import x\n",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from clusterbench.scoring import x\n",
        "try:\n    import clusterbench.scoring\nexcept ImportError:\n    pass\n",
    ],
)
def test_every_kind_of_forward_import_is_found(house, fault):
    (house / "datasets" / "_b.py").write_text(fault, encoding="utf-8")
    assert len(forward_imports(house)) == 1
    assert "clusterbench.datasets._b imports clusterbench.scoring" in forward_imports(house)[0]


@pytest.mark.parametrize(
    "use",
    ["import clusterbench\nclusterbench.run()", "from clusterbench import run", "import clusterbench as c\nc.__file__"],
)
def test_what_the_facade_lends_is_found(house, use):
    (house / "scoring" / "_b.py").write_text(use, encoding="utf-8")
    assert forward_imports(house) == ["clusterbench.scoring._b imports the façade clusterbench"]


@pytest.mark.parametrize("use", ["import clusterbench\nclusterbench.__file__", "from clusterbench import __version__"])
def test_where_the_engine_lies_and_its_version_may_be_asked_by_every_room(house, use):
    (house / "scoring" / "_b.py").write_text(use, encoding="utf-8")
    assert forward_imports(house) == []


def test_a_module_outside_every_room_is_found_but_what_is_shipped_is_left_alone(house):
    (house / "helpers.py").write_text("", encoding="utf-8")
    (house / "_shipped").mkdir()
    (house / "_shipped" / "kmeans.py").write_text("import clusterbench\n", encoding="utf-8")
    assert forward_imports(house) == ["clusterbench.helpers stands in no room"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("from clusterbench.scoring._c import x", "from clusterbench.scoring._b import y"),
        ("from . import _c", "def f():\n    import clusterbench.scoring._b\n"),
    ],
)
def test_a_circle_is_found(house, one, other):
    (house / "scoring" / "_b.py").write_text(one, encoding="utf-8")
    (house / "scoring" / "_c.py").write_text(other, encoding="utf-8")
    assert set(cycle(house)) == {"clusterbench.scoring._b", "clusterbench.scoring._c"}


def test_a_module_that_imports_its_own_package_closes_a_circle(house):
    (house / "scoring" / "__init__.py").write_text("from clusterbench.scoring._a import x\n", encoding="utf-8")
    (house / "scoring" / "_a.py").write_text("from clusterbench.scoring import x\n", encoding="utf-8")
    assert set(cycle(house)) == {"clusterbench.scoring", "clusterbench.scoring._a"}


@pytest.mark.parametrize("module", ["clusterbench", "clusterbench.cli"])
def test_importing_the_engine_loads_nothing_heavy(module):
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"there is no module {module}")
    code = f"import sys, {module}; print(*sorted(set({HEAVY!r}) & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert ran.stderr == ""
    assert ran.returncode == 0
    assert ran.stdout.split() == []
