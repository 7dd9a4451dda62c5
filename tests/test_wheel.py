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


def call(site: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(site), "HOME": str(folder)}
    command = [sys.executable, "-m", "clusterbench", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


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


def test_the_installed_engine_runs_from_an_empty_directory(installed, tmp_path):
    where = call(installed, tmp_path, "list")
    assert where.returncode == 0, where.stderr
    assert "autoencoder_kmeans" in where.stdout
    code = "import clusterbench; print(clusterbench.__file__)"
    told = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(installed)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert str(installed) in told.stdout
    done = call(
        installed, tmp_path, "run", "iris", "--quick", "--only", "algorithm=kmeans,agglomerative", "--jobs", "1"
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "reports" / "iris-quick-part" / "index.html").is_file()
    assert (tmp_path / "results" / "clusterbench.sqlite").is_file()
