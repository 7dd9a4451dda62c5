"""Scores that are missing are computed, and no others: a metric or a noise policy more refits and rescores nothing."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from clusterbench.metrics import COSTLY, METRICS
from clusterbench.results import StoredRun
from clusterbench.store import STORE_NAME, Store

from .conftest import Workspace

TOML = """
title = "Three clouds"
k = [2, 3, 4]
reference_spaces = ["standard"]
datasets = [{ path = "clouds.csv" }]
algorithms = [{ use = "kmeans", n_init = 1 }, { use = "dbscan", eps_quantile = [0.8, 0.9] }]
ranking = { k_policies = ["silhouette"], random_partitions = 0, bootstraps = 0 }
stability = { resamples = 0 }
structure = { permutations = 0 }
noise = { also = ["drop"] }
[variants]
raw = []
standard = [{ step = "standardize" }]
"""


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, StoredRun]:
    """A workspace and its first run."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=(90, 2)) + 6 * np.array([[0, 0], [1, 0], [0, 1]])[np.arange(90) % 3]
    frame = pd.DataFrame(values, columns=["a", "b"])
    study = Workspace(tmp_path_factory.mktemp("clouds"), "clouds", clouds=frame)
    return study, study.run(TOML)


@pytest.fixture
def study(scored: tuple[Workspace, StoredRun], tmp_path: Path) -> Workspace:
    return scored[0].copy(tmp_path)


@pytest.fixture
def before(scored: tuple[Workspace, StoredRun]) -> StoredRun:
    return scored[1]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, list[str], list[str]]]:
    """What is scored from now on: how many labelings, which metrics, which policies."""
    calls: list[tuple[int, list[str], list[str]]] = []
    put_scores = Store.put_scores

    def recorded(store: Store, space: str, scores: pd.DataFrame) -> None:
        metrics, policies = (list(dict.fromkeys(scores[name])) for name in ("metric", "noise"))
        calls.append((scores["labels_sha256"].nunique(), metrics, policies))
        put_scores(store, space, scores)

    monkeypatch.setattr(Store, "put_scores", recorded)
    return calls


def forget(study: Workspace, where: str) -> None:
    with closing(sqlite3.connect(study.results / STORE_NAME)) as store, store:
        assert store.execute(f"DELETE FROM scores WHERE {where}").rowcount > 0


def test_a_new_metric_costs_that_metric_alone(study, before, asked):
    forget(study, "metric = 'davies_bouldin'")
    after = study.run(TOML)
    assert after.computed == 0
    assert [(metrics, policies) for _, metrics, policies in asked] == [(["davies_bouldin"], ["zero", "drop"])] * 2
    pd.testing.assert_frame_equal(after.scores, before.scores)
    pd.testing.assert_frame_equal(after.board.table, before.board.table)


def test_a_new_noise_policy_costs_that_policy_alone(study, asked):
    after = study.run(TOML.replace('"drop"', '"drop", "nearest"'))
    assert after.computed == 0
    cheap = [name for name in METRICS if name not in COSTLY]
    assert [(metrics, policies) for _, metrics, policies in asked] == [(cheap, ["nearest"])] * 2


def test_labelings_that_lack_different_scores_get_all_of_them(study, before, asked):
    first, second = sorted(set(before.scores["labels_sha256"]))[:2]
    forget(study, f"labels_sha256 = '{first}' AND metric = 'silhouette'")
    forget(study, f"labels_sha256 = '{second}' AND noise = 'drop'")
    after = study.run(TOML)
    assert {number for number, _, _ in asked} <= {1, 2}
    pd.testing.assert_frame_equal(after.scores, before.scores)


def test_a_second_run_scores_nothing(study, asked):
    assert study.run(TOML).computed == 0
    assert asked == []
