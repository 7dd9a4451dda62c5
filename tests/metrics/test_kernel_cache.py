"""Compiled code is kept on disk: a second process compiles nothing, and an unwritable disk stops nobody."""

import os
import subprocess
import sys
from pathlib import Path

import numba
import numpy as np
import pytest

from clusterbench.metrics import score_labelings

ROOT = Path(__file__).resolve().parents[2]

SCORE = """
import numpy as np
from clusterbench.metrics import score_labelings
score_labelings(np.arange(12.0).reshape(6, 2), [[0, 0, 0, 1, 1, 1]])
from clusterbench.metrics.silhouette_kernel import score_rows
print(sum(score_rows.stats.cache_misses.values()), sum(score_rows.stats.cache_hits.values()))
"""

KERNEL = """
from clusterbench.metrics.compilation import compiled

@compiled
def twice(x: float) -> float:
    return 2 * x

def report() -> tuple[float, bool]:
    return twice(4.0), bool(twice.stats.cache_path)
"""


def test_numba_has_the_private_functions_that_kernels_use():
    from llvmlite import ir
    from numba.core import cgutils, types
    from numba.core.base import BaseContext

    needed = {
        cgutils: ("alloca_once_value", "for_range", "for_range_slice", "get_or_insert_function"),
        BaseContext: ("get_data_type", "get_dummy_value", "make_array"),
        types: ("float64", "intp", "void"),
        ir: ("Constant", "FunctionType", "IntType", "Undefined", "VectorType"),
        ir.IRBuilder: (
            "bitcast",
            "fadd",
            "fpext",
            "fptrunc",
            "gep",
            "insert_element",
            "shuffle_vector",
            "udiv",
            "zext",
        ),
    }
    missing = [
        f"{owner.__name__}.{name}" for owner, names in needed.items() for name in names if not hasattr(owner, name)
    ]
    assert not missing, (
        f"numba {numba.__version__} has no {', '.join(missing)}: adapt clusterbench/metrics/silhouette_kernel.py, "
        "or cap numba in pyproject.toml below this version"
    )


def run(code, folder, **environment):
    known = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
    paths = os.pathsep.join([str(folder), str(ROOT)])
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env=known | {"PYTHONPATH": paths} | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_a_second_process_does_not_compile_again():
    score_labelings(np.arange(12.0).reshape(6, 2), [[0, 0, 0, 1, 1, 1]])  # compiled here, or long before
    assert run(SCORE, ROOT) == ["0", "1"]


@pytest.fixture
def unwritable_package(tmp_path):
    """A folder with a kernel beside which nothing can be written, whoever runs this."""
    folder = tmp_path / "package"
    folder.mkdir()
    (folder / "kernel.py").write_text(KERNEL)
    (folder / "__pycache__").write_text("a file where a folder should be")
    return folder


def test_beside_an_unwritable_package_the_users_cache_is_used(unwritable_package, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    places = {"HOME": str(home), "XDG_CACHE_HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"}
    assert run("import kernel; print(*kernel.report())", unwritable_package, **places) == ["8.0", "True"]
    assert list(home.rglob("*.nbi"))


def test_where_nothing_is_writable_kernels_are_compiled_without_a_cache(unwritable_package, tmp_path):
    nowhere = str(unwritable_package / "__pycache__")  # a file, so that no folder can be made in it
    places = {"HOME": nowhere, "XDG_CACHE_HOME": nowhere, "PYTHONDONTWRITEBYTECODE": "1"}
    assert run("import kernel; print(kernel.report()[0])", unwritable_package, **places) == ["8.0"]


def test_importing_the_package_imports_no_compiler():
    code = "import sys, clusterbench.metrics; print(sorted({'numba', 'scipy', 'tensorflow'} & set(sys.modules)))"
    assert run(code, ROOT) == ["[]"]
