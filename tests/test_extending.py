"""The files of docs/extending.md work as they are, each by itself, within the promised length."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import clusterbench
from clusterbench.cli import main, verbs
from clusterbench.report import figures
from clusterbench.running import Settings, Silent

PAGE = (Path(__file__).parent.parent / "docs" / "extending.md").read_text(encoding="utf-8")
BLOBS = np.concatenate([np.random.default_rng(0).normal(size=(40, 3)) + 9 * i for i in range(3)])
OPTIONS = {"stability": {"resamples": 2}, "structure": {"permutations": 0}, "ranking": {"bootstraps": 20}}


def example(name: str) -> str:
    """The first block of code behind the path of a file."""
    return re.search(rf"`[\w/]*{name}`.*?```python\n(.*?)```", PAGE, re.DOTALL)[1]


def run_in(workspace: Path, **values):
    given = {"algorithms": ["kmeans"], "variants": {"raw": []}, "k": range(2, 5), "options": OPTIONS, **values}
    settings, results = Settings(workers=0), workspace / "results"
    return clusterbench.run(BLOBS, workspace=workspace, results=results, settings=settings, progress=Silent(), **given)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A folder with the documented algorithm, metric and step, each in one file."""
    for folder, name in (
        ("algorithms", "complete_linkage"),
        ("metrics", "explained_variance"),
        ("steps", "rank_transform"),
    ):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / f"{name}.py").write_text(example(f"{name}.py"), encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("file", "most"),
    [
        ("complete_linkage.py", 10),
        ("explained_variance.py", 30),
        ("rank_transform.py", 30),
        ("top.py", 40),
        ("cluster_counts.py", 60),
    ],
)
def test_an_extension_is_one_short_file(file, most):
    assert len(example(file).rstrip("\n").split("\n")) <= most


def test_an_algorithm_is_one_file(workspace):
    done = run_in(workspace, algorithms=["complete_linkage"])
    assert set(done.leaderboard["algorithm"]) == {"complete_linkage"}
    assert sorted(done.labels().value_counts()) == [40, 40, 40]


def test_a_step_is_one_file(workspace):
    steps = [{"step": "rank_transform", "n_quantiles": 50}]
    done = run_in(workspace, variants={"ranks": steps}, reference_spaces=["ranks"])
    values = done.scores.loc[done.scores["space"] == "ranks", "value"]
    assert values.notna().all()
    with pytest.raises(clusterbench.RequestError, match=r"n_quantile.*did you mean 'n_quantiles'"):
        run_in(workspace, variants={"ranks": [{"step": "rank_transform", "n_quantile": 50}]})


def test_a_metric_enters_a_finished_run_without_a_fit(workspace):
    before = run_in(workspace)
    done = run_in(workspace, metrics=["silhouette", "explained_variance"])
    assert (before.computed, done.computed) == (3, 0)
    rows = done.scores[(done.scores["metric"] == "explained_variance") & (done.scores["space"] == "standard")]
    k3 = rows.loc[rows["k"] == 3, "value"].item()
    scaled = (BLOBS - BLOBS.mean(axis=0)) / BLOBS.std(axis=0)
    groups = [scaled[i : i + 40] for i in (0, 40, 80)]
    expected = 1 - sum(((group - group.mean(axis=0)) ** 2).sum() for group in groups) / (scaled**2).sum()
    assert k3 == pytest.approx(expected, abs=1e-9)
    assert "explained_variance@standard" in done.leaderboard.columns
    assert done.leaderboard["rank"].notna().all()
    page = done.report(workspace / "report").read_text(encoding="utf-8")
    assert "Explained variance" in page


def test_a_command_is_one_file(workspace, monkeypatch, capsys):
    folder = workspace / "verbs"
    folder.mkdir()
    (folder / "top.py").write_text(example("top.py"), encoding="utf-8")
    monkeypatch.setattr(verbs, "__path__", [*verbs.__path__, str(folder)])
    run_in(workspace)
    monkeypatch.setattr(sys, "argv", ["clusterbench", "top", "2", "--results", str(workspace / "results")])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    assert capsys.readouterr().out.splitlines()[0].startswith("1  kmeans on raw, k = 3")


def test_a_figure_is_one_file(workspace, monkeypatch):
    folder = workspace / "figures"
    folder.mkdir()
    (folder / "cluster_counts.py").write_text(example("cluster_counts.py"), encoding="utf-8")
    monkeypatch.setattr(figures, "__path__", [*figures.__path__, str(folder)])
    page = run_in(workspace).report(workspace / "report")
    assert "Number of clusters" in page.read_text(encoding="utf-8")
    assert (page.parent / "figures" / "cluster-counts.svg").exists()
    assert "cluster-counts.svg" in (page.parent / "leaderboard.md").read_text(encoding="utf-8")


def test_a_frame_with_the_same_columns_gives_the_same_scores(workspace):
    done = run_in(workspace)
    frame = pd.DataFrame(BLOBS, columns=["x1", "x2", "x3"])
    again = clusterbench.run(frame, algorithms=["kmeans"], variants={"raw": []}, k=range(2, 5), options=OPTIONS,
                             workspace=workspace, results=workspace / "other", settings=Settings(workers=0),
                             progress=Silent())  # fmt: skip
    pd.testing.assert_series_equal(done.scores["value"], again.scores["value"])
