"""Scores that are missing are computed, and no others: a metric or a noise policy more refits and rescores nothing."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import clusterbench.running.fitting as conduct
from clusterbench.metrics import METRICS, score_labelings
from clusterbench.results import Run
from clusterbench.running import Settings, Silent, run

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


@pytest.fixture
def asked(tmp_path, monkeypatch) -> list[tuple[int, list[str], list[str]]]:
    """What the scoring room was asked for: how many labelings, which metrics, which policies."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    table = rng.normal(size=(90, 2)) + 6 * np.array([[0, 0], [1, 0], [0, 1]])[np.arange(90) % 3]
    pd.DataFrame(table, columns=["a", "b"]).to_csv("clouds.csv", index=False)
    calls: list[tuple[int, list[str], list[str]]] = []

    def recorded(X, labelings, *, metrics, noise):
        calls.append((len(labelings), list(metrics), list(noise)))
        return score_labelings(X, labelings, metrics=metrics, noise=noise)

    monkeypatch.setattr(conduct, "score_labelings", recorded)
    return calls


def carried_out(text: str = TOML) -> Run:
    Path("clouds.toml").write_text(text)
    return run("clouds.toml", settings=Settings(workers=0), progress=Silent())


def forget(where: str) -> None:
    with closing(sqlite3.connect("results/clusterbench.sqlite")) as store, store:
        assert store.execute(f"DELETE FROM scores WHERE {where}").rowcount > 0


def test_a_new_metric_costs_that_metric_alone(asked):
    before = carried_out()
    asked.clear()
    forget("metric = 'davies_bouldin'")
    after = carried_out()
    assert after.computed == 0
    assert [(metrics, policies) for _, metrics, policies in asked] == [(["davies_bouldin"], ["zero", "drop"])] * 2
    pd.testing.assert_frame_equal(after.scores, before.scores)
    pd.testing.assert_frame_equal(after.board.table, before.board.table)


def test_a_new_noise_policy_costs_that_policy_alone(asked):
    carried_out()
    asked.clear()
    after = carried_out(TOML.replace('"drop"', '"drop", "nearest"'))
    assert after.computed == 0
    assert [(metrics, policies) for _, metrics, policies in asked] == [(list(METRICS), ["nearest"])] * 2


def test_labelings_that_lack_different_scores_get_all_of_them(asked):
    before = carried_out()
    asked.clear()
    first, second = sorted(set(before.scores["labels_sha256"]))[:2]
    forget(f"labels_sha256 = '{first}' AND metric = 'silhouette'")
    forget(f"labels_sha256 = '{second}' AND noise = 'drop'")
    after = carried_out()
    assert {number for number, _, _ in asked} <= {1, 2}
    pd.testing.assert_frame_equal(after.scores, before.scores)


def test_a_second_run_asks_for_nothing(asked):
    carried_out()
    asked.clear()
    assert carried_out().computed == 0
    assert asked == []
