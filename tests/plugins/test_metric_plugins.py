"""Metrics of authors, from a file in a workspace to scores, intervals and ranks of a finished run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from clusterbench import run
from clusterbench.benchmark import parse_benchmark
from clusterbench.errors import RequestError
from clusterbench.plugins import load_registry
from clusterbench.running import Settings
from clusterbench.verification import reproduce

METRIC = """
import numpy as np
from clusterbench.plugins import Metric

def spread(X, labels):
    return float(np.mean([X[labels == label].std() for label in np.unique(labels)])) * {factor}

METRIC = Metric(
    name="spread", direction="lower", lower=0.0, formula="mean deviation", value=spread, version={version}
)
"""
BROKEN = {
    "no_function": (
        "from clusterbench.plugins import Metric\nMETRIC = Metric(name='m', direction='lower', formula='f')",
        "cannot be imported: RequestError: metric m: there is no function to compute it",
    ),
    "way": (
        "from clusterbench.plugins import Metric\nMETRIC = Metric(name='m', direction='up', formula='f', value=max)",
        "cannot be imported: RequestError: metric m: direction: unknown value 'up'",
    ),
    "function": ("def METRIC(X, labels): return 0.0", "holds a function called METRIC; METRIC = Metric(...)"),
    "silhouette": (
        "from clusterbench.plugins import Metric\n"
        "METRIC = Metric(name='silhouette', direction='lower', formula='f', value=max)",
        "2 metrics have this name: clusterbench.metrics and ",
    ),
    "external": (
        "from clusterbench.plugins import Metric\n"
        "METRIC = Metric(name='m', kind='external', direction='lower', formula='f', agreement=len)",
        "the metric 'm' cannot be computed here",
    ),
}
TOML = """
title = "T"
k = [2, 3]
metrics = {metrics}
reference_spaces = ["standard"]
datasets = [{{ use = "iris" }}]
variants.standard = [{{ step = "standardize" }}]
algorithms = [{{ use = "kmeans", n_init = 1 }}, {{ use = "agglomerative", linkage = "ward" }}]
ranking = {{ k_policies = ["calibrated"], order = "mean_rank", bootstraps = 20, random_partitions = 3 }}
stability = {{ resamples = 0 }}
structure = {{ permutations = 0 }}
"""


def write(workspace: Path, *, factor: float = 1.0, version: int = 1) -> None:
    (workspace / "metrics").mkdir(exist_ok=True)
    (workspace / "metrics" / "spread.py").write_text(METRIC.format(factor=factor, version=version))


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    folder = tmp_path_factory.mktemp("workspace")
    write(folder)
    for name, (text, _) in BROKEN.items():
        (folder / "metrics" / f"{name}.py").write_text(text)
    return folder


@pytest.fixture(scope="module")
def registry(workspace):
    return load_registry(workspace)


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_metric_is_refused_with_its_reason_when_it_is_asked_for(workspace, registry, name):
    [broken] = [plugin for plugin in registry.broken if plugin.name == name]
    assert broken.where == str(workspace / "metrics" / f"{name}.py")
    assert broken.reason.startswith(BROKEN[name][1])
    with pytest.raises(RequestError, match=f"metric {name!r} cannot be used"):
        registry.metrics[name]


def test_a_benchmark_names_built_in_metrics_and_those_of_the_workspace(registry):
    bench = parse_benchmark(TOML.format(metrics='["davies_bouldin", "spread"]'), registry, path=Path("b.toml"))
    assert bench.metrics == ("davies_bouldin", "spread")
    assert [metric.name for metric in bench.plugin_metrics] == ["spread"]
    with pytest.raises(RequestError, match=r"b\.toml: unknown metric 'spred', did you mean 'spread'"):
        parse_benchmark(TOML.format(metrics='["spred"]'), registry, path=Path("b.toml"))


def test_a_new_metric_enters_a_finished_run_and_a_new_version_replaces_its_scores(tmp_path):
    write(tmp_path)
    path = tmp_path / "b.toml"

    def once(metrics: str):
        path.write_text(TOML.format(metrics=metrics))
        return run(path, results=tmp_path / "r", workspace=tmp_path, settings=Settings(workers=0))

    before = once('["silhouette"]')
    after = once('["silhouette", "spread"]')
    assert (before.computed, after.computed) == (4, 0)
    scores = after.scores[after.scores["metric"] == "spread"]
    assert len(scores) == len(before.scores[before.scores["metric"] == "silhouette"])
    assert (scores["status"] == "ok").all()
    assert {"spread@standard", "z:spread@standard"} <= set(after.board.table.columns)
    assert after.board.table["rank"].notna().all()
    write(tmp_path, factor=2.0, version=2)
    again = once('["silhouette", "spread"]')
    doubled = again.scores[again.scores["metric"] == "spread"]
    np.testing.assert_allclose(doubled["value"].to_numpy(), 2 * scores["value"].to_numpy())
    sha = again.cells["labels_sha256"][0]
    same = reproduce(sha, results=tmp_path / "r", workspace=tmp_path, settings=Settings(workers=0))
    assert same.differences == ()
    assert {row.n_scores for row in same.rows} == {11 * 2 * 4}  # metrics, spaces, noise policies
