"""The installed wheel, from an empty directory: plug-ins and benchmarks travel with it."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("clusterbench-*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """The wheel unpacked where nothing of the checkout is; its dependencies are those of this interpreter."""
    site = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    return site


def test_the_wheel_carries_plugins_benchmarks_and_templates_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    for wanted in (
        "_shipped/algorithms/kmeans.py",
        "_shipped/benchmarks/credit-card.toml",
        "report/templates/",
        "datasets/simulator.toml",
        "py.typed",
    ):
        assert any(f"clusterbench/{wanted}" in name for name in names), wanted
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"clusterbench"}
    strays = [
        n for n in names if "/speed/" in n or "/tests/" in n or "__pycache__" in n or n.endswith((".csv", ".sqlite"))
    ]
    assert strays == []


TOML = """
title = "Iris"
k = [3]
reference_spaces = ["standard"]
datasets = [{ use = "iris" }]
variants.standard = [{ step = "standardize" }]
algorithms = [{ use = "kmeans", n_init = 1 }]
ranking = { random_partitions = 0, bootstraps = 0, k_policies = ["silhouette"] }
stability = { resamples = 0 }
structure = { permutations = 0 }
"""
CODE = """
import clusterbench
from pathlib import Path
from clusterbench.benchmark import list_benchmarks
from clusterbench.cli import main
from clusterbench.plugins import load_registry

print(clusterbench.__file__)
print("autoencoder_kmeans" in list(load_registry(Path.cwd()).algorithms), "iris" in list_benchmarks(Path.cwd()))
main()
"""


def test_the_installed_engine_runs_from_an_empty_directory(installed, tmp_path):
    (tmp_path / "small.toml").write_text(TOML)
    done = subprocess.run(
        [sys.executable, "-c", CODE, "run", "small.toml", "--jobs", "1"],
        env={**os.environ, "PYTHONPATH": str(installed), "HOME": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    place, shipped = done.stdout.splitlines()[:2]
    assert Path(place).is_relative_to(installed)
    assert shipped == "True True"
    assert (tmp_path / "reports" / "small" / "index.html").is_file()
    assert (tmp_path / "results" / "clusterbench.sqlite").is_file()
