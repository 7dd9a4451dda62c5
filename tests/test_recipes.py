"""The recipes of the field as benchmarks: each is valid, and two commands lead to its dashboard."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

import clusterbench
from clusterbench.benchmark import list_benchmarks, load_benchmark
from clusterbench.plugins import load_registry
from clusterbench.segments import segment_entry, write_segments

ROOT = Path(__file__).parent.parent
RECIPES = sorted(name for name in list_benchmarks(ROOT) if name.startswith("recipes/"))


def shortened(recipe: str, folder: Path, simulated: str) -> Path:
    """Write a recipe with another simulated table, without controls, draws, random partitions and structure tests."""
    text = list_benchmarks(ROOT)[recipe].read_text()
    text = re.sub(r'\[\[algorithms\]\]\nuse = "(random_|quantile_).*"\n', "", text)
    text = text.replace('use = "credit-card"', simulated)
    ranking = "[ranking]\nrandom_partitions = 0\nbootstraps = 0\n"
    text = text.replace("[ranking]\n", ranking) if "[ranking]" in text else text + ranking
    path = folder / f"{Path(recipe).name}.toml"
    path.write_text(f"{text}\n[stability]\nresamples = 0\n[structure]\npermutations = 0\n")
    return path


@pytest.fixture(scope="module")
def registry():
    return load_registry(ROOT)


def test_there_are_five_recipes():
    assert [name.removeprefix("recipes/") for name in RECIPES] == [
        "autoencoder-kmeans",
        "plane-five-algorithms",
        "standard-kmeans",
        "three-columns-kmeans",
        "unscaled-kmeans",
    ]


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_is_valid_on_both_tables_and_has_the_controls(recipe, registry):
    bench = load_benchmark(list_benchmarks(ROOT)[recipe], registry)
    assert [spec.use for spec in bench.datasets] == ["credit-card", "cc-general"]
    assert sum(run.algorithm.control for run in bench.runs) == 3
    assert bench.reference_spaces == ("standard", "log1p")


def test_one_command_leads_to_a_run_and_a_second_one_to_the_dashboard(tmp_path):
    recipe = shortened("recipes/three-columns-kmeans", tmp_path, 'use = "credit-card"\nn_rows = 300')
    run = clusterbench.run(recipe, only=["dataset=credit-card"], results=tmp_path / "results", workspace=tmp_path)
    assert run.leaderboard["variant"].tolist() == ["three"]
    made = segment_entry(tmp_path / "results", workspace=tmp_path)
    written = write_segments(made, tmp_path / "segments")
    assert tmp_path / "segments" / "dashboard.html" in written.paths
    profile = pd.read_csv(tmp_path / "segments" / "profile.csv").groupby("role")["column"].unique()
    assert set(profile["clustering"]) == {"BALANCE", "PURCHASES", "CREDIT_LIMIT"}
    assert set(profile["profile only"]) == {"PAYMENTS", "TENURE"}


def test_unscaled_complete_rows_have_the_quoted_sizes(real_table_folder, tmp_path, monkeypatch):
    monkeypatch.setenv("CLUSTERBENCH_DATA", str(real_table_folder))
    recipe = shortened("recipes/unscaled-kmeans", tmp_path, 'use = "credit-card"')
    run = clusterbench.run(recipe, only=["dataset=cc-general"], results=tmp_path / "results", workspace=tmp_path)
    [cell] = run.cells.to_dict("records")
    assert cell["sizes"] == [5102, 1736, 1048, 481, 208, 37, 24]
    assert (cell["status"], cell["reason"]) == ("rejected", "smallest cluster has 24 of 8636 rows, needs 87")
