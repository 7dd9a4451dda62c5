"""What someone new does: a plug-in is made, checked, run, and found on the leaderboard; then one from a package."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

SMALL = "structure = { permutations = 0 }\nranking = { bootstraps = 20, random_partitions = 3 }\n"


def environment(*places: Path) -> dict[str, str]:
    paths = [*map(str, places), *(place for place in sys.path if place)]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def clusterbench(folder: Path, *arguments: str, places: tuple[Path, ...] = ()) -> str:
    command = [sys.executable, "-m", "clusterbench", *arguments]
    done = subprocess.run(
        command, cwd=folder, env=environment(*places), capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def workspace(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("workspace")


def test_a_newcomer_gets_an_algorithm_onto_a_leaderboard_in_two_minutes_of_machine_time(workspace):
    before = time.process_time(), os.times()
    said = clusterbench(workspace, "new", "algorithm", "my_centres")
    assert "clusterbench check my_centres" in said
    assert "my_centres conforms" in clusterbench(workspace, "check", "my_centres")
    assert "my_centres" in clusterbench(workspace, "run", "benchmarks/my_centres.toml", "--jobs", "0")
    board = pd.read_csv(workspace / "reports" / "my_centres" / "leaderboard.csv")
    assert set(board["algorithm"]) == {"my_centres", "kmeans", "random_voronoi"}
    times = os.times()
    spent = times.children_user + times.children_system - before[1].children_user - before[1].children_system
    assert spent < 120


PACKAGE = {
    "pyproject.toml": """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "bank-clusters"
version = "1.2"

[project.entry-points]
"clusterbench.algorithms" = { bank_slices = "bank_clusters:ALGORITHM" }
"clusterbench.metrics" = { bank_spread = "bank_clusters:METRIC" }
"clusterbench.steps" = { bank_half = "bank_clusters:STEP" }
""",
    "src/bank_clusters/__init__.py": '''"""An algorithm, a metric and a step."""
import numpy as np
from clusterbench.plugins import Algorithm, Family, Metric, Step

def build(X, seed):
    order = np.argsort(np.argsort(X[:, 0], kind="stable"))
    return lambda k: order * k // len(X)

ALGORITHM = Algorithm(name="bank_slices", family=Family.OTHER, build=build, deterministic=True,
    packages={"sklearn": "scikit-learn"}, summary="slices of the first column", reference="what a bank does by rule")

def spread(X, labels):
    return float(np.mean([X[labels == cluster].std() for cluster in range(labels.max() + 1)]))

METRIC = Metric(name="bank_spread", direction="lower", lower=0.0, formula="mean deviation", value=spread)

class Half(Step):
    """Halve every value."""
    name = "bank_half"
    def estimator(self):
        from sklearn.preprocessing import FunctionTransformer
        return FunctionTransformer(lambda X: X / 2, feature_names_out="one-to-one")

STEP = Half
''',
    "test_bank.py": """import pytest
from clusterbench.plugins import parametrize_checks
from bank_clusters import ALGORITHM, METRIC, STEP

@parametrize_checks(ALGORITHM)
def test_the_algorithm(check): check()

@parametrize_checks(METRIC)
def test_the_metric(check): check()

@parametrize_checks(STEP)
def test_the_step(check): check()
""",
}
BENCHMARK = (
    'k = [2, 3]\nmetrics = ["silhouette", "bank_spread"]\nreference_spaces = ["half"]\ndatasets = [{ use = "iris" }]\n'
    'variants.half = [{ step = "bank_half" }]\nalgorithms = [{ use = "bank_slices" }]\n'
    "stability = { resamples = 2 }\n" + SMALL
)


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Path:
    """The source tree of someone else's package, with its test."""
    folder = tmp_path_factory.mktemp("source")
    for name, text in PACKAGE.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def installed(source, tmp_path_factory) -> Path:
    """A folder into which pip installed that package."""
    folder = tmp_path_factory.mktemp("site")
    offline = ("--no-index", "--no-deps", "--no-build-isolation", "--quiet", "--disable-pip-version-check")
    subprocess.run([sys.executable, "-m", "pip", "install", *offline, "--target", folder, source], check=True)
    return folder


def test_the_plug_ins_of_an_installed_package_are_used_through_its_entry_points(installed, tmp_path):
    (tmp_path / "bank.toml").write_text(BENCHMARK)
    assert "bank_slices conforms" in clusterbench(tmp_path, "check", "bank_slices", places=(installed,))
    clusterbench(tmp_path, "run", "bank.toml", "--jobs", "0", places=(installed,))
    board = pd.read_csv(tmp_path / "reports" / "bank" / "leaderboard.csv")
    assert set(board["algorithm"]) == {"bank_slices"}
    assert "bank_spread@half" in board.columns


def test_a_package_has_one_pytest_item_for_each_check(source, installed):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-rs", "test_bank.py"]
    done = subprocess.run(
        command, cwd=source, env=environment(installed), capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout
    assert "39 passed, 4 skipped" in done.stdout
