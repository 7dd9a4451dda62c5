"""The wheel and the source distribution: what they hold, and what they do where nothing of the checkout is."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parent.parent
PIP = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")


def succeed(*command: str | Path, **options) -> str:
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=300, check=False, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def contents(folder: Path) -> dict[str, str]:
    """Hashes of the files of the package that was installed into a folder."""
    files = (path for path in (folder / "clusterbench").rglob("*") if path.is_file() and path.suffix != ".pyc")
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> dict[str, Path]:
    """A wheel and a source distribution of this checkout, by their suffix."""
    folder = tmp_path_factory.mktemp("built")
    succeed(sys.executable, "-m", "hatchling", "build", "--directory", folder, cwd=ROOT)
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return {"wheel": wheel, "sdist": sdist}


@pytest.fixture(scope="module")
def installed(built, tmp_path_factory) -> dict[str, Path]:
    """Folders into which pip installed each; the dependencies are those of this interpreter."""
    folders = {kind: tmp_path_factory.mktemp(kind) for kind in built}
    for kind, folder in folders.items():
        options = ("--no-index", "--no-deps", "--no-build-isolation", "--no-compile", "--target", folder)
        succeed(*PIP, "install", *options, built[kind])
    return folders


@pytest.fixture
def command(installed, tmp_path):
    """The installed command of the wheel, called in an empty folder."""
    environment = {**os.environ, "PYTHONPATH": str(installed["wheel"]), "HOME": str(tmp_path)}

    def call(*arguments: str) -> str:
        script = installed["wheel"] / "bin" / "clusterbench"
        return succeed(sys.executable, script, *arguments, env=environment, cwd=tmp_path)

    return call


def test_the_source_distribution_holds_what_a_build_needs_and_no_results(built):
    with tarfile.open(built["sdist"]) as archive:
        names = [name.partition("/")[2] for name in archive.getnames()]
    assert {name.split("/")[0] for name in names} == {
        *("algorithms", "benchmarks", "clusterbench", ".gitignore", "PKG-INFO", "pyproject.toml"),
        *("CHANGELOG.md", "CITATION.cff", "LICENSE", "README.md", "constraints.txt"),
    }
    assert [name for name in names if name.endswith((".csv", ".sqlite", ".pyc")) or "/speed/" in name] == []


def test_wheel_and_source_distribution_install_the_same_files(installed):
    of_wheel = contents(installed["wheel"])
    assert of_wheel == contents(installed["sdist"])
    tops = {path.name for path in installed["wheel"].iterdir()}
    assert {name for name in tops if not name.endswith(".dist-info")} == {"clusterbench", "bin"}
    assert {
        "clusterbench/py.typed",
        "clusterbench/_shipped/algorithms/kmeans.py",
        "clusterbench/_shipped/benchmarks/credit-card.toml",
        "clusterbench/_shipped/benchmarks/published/A1.toml",
        "clusterbench/report/templates/page.html.j2",
    } <= of_wheel.keys()
    assert [name for name in of_wheel if name.endswith((".csv", ".sqlite")) or "/tests/" in name] == []


def test_the_installed_command_says_its_version_and_what_it_has(built, command):
    version = built["wheel"].name.split("-")[1]
    assert command("--version").split()[-1] == version
    shipped = command("list")
    assert all(name in shipped for name in ("autoencoder_kmeans", "credit-card", "silhouette"))


def test_the_installed_command_runs_a_benchmark_from_an_empty_folder(command, tmp_path):
    command("run", "iris", "--quick", "--only", "algorithm=kmeans,gmm,variant=raw", "--jobs", "0")
    board = pd.read_csv(tmp_path / "reports" / "iris-quick-part" / "leaderboard.csv")
    assert set(board["algorithm"]) == {"kmeans", "gmm"}
    assert (tmp_path / "reports" / "iris-quick-part" / "index.html").is_file()
    assert (tmp_path / "results" / "clusterbench.sqlite").is_file()
