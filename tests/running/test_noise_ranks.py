"""A run tells what each other noise policy would make of its ranks, and only where there is noise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from clusterbench.ranking import RankingSpec, leaderboard
from clusterbench.results import Run, load_run, scores_table
from clusterbench.running import Settings, Silent, run
from clusterbench.store import Store

TOML = """
title = "Two clouds and dust"
k = [2, 3]
reference_spaces = ["standard", "minmax"]
[[datasets]]
path = "clouds.csv"
[variants]
standard = [{ step = "standardize" }]
minmax = [{ step = "minmax" }]
[ranking]
k_policies = ["silhouette"]
random_partitions = 0
bootstraps = 0
[stability]
resamples = 0
[structure]
permutations = 0
[[algorithms]]
use = "kmeans"
n_init = 1
"""
DBSCAN = """
[[algorithms]]
use = "dbscan"
eps_quantile = [0.85]
min_samples = 5
"""


@pytest.fixture
def clouds(tmp_path, monkeypatch):
    """Two dense clouds in sparse dust."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    dense = rng.normal(scale=0.3, size=(160, 2)) + np.array([[-3.0, 0.0], [3.0, 0.0]])[np.arange(160) % 2]
    dust = rng.uniform(-6, 6, size=(40, 2))
    pd.DataFrame(np.vstack([dense, dust]), columns=["a", "b"]).to_csv("clouds.csv", index=False)


def carried_out(text: str) -> Run:
    Path("clouds.toml").write_text(text)
    return run("clouds.toml", settings=Settings(workers=0), progress=Silent())


def noise_rows(done: Run) -> pd.DataFrame:
    return done.board.sensitivity[done.board.sensitivity["kind"] == "noise policy"]


def test_ranks_under_each_policy_are_those_of_its_scores(clouds):
    done = carried_out(TOML + DBSCAN)
    assert (done.cells.loc[done.cells["status"] == "ok", "noise_share"] > 0).any()
    told = noise_rows(done)
    assert list(dict.fromkeys(told["what"])) == ["drop", "cluster", "nearest"]
    spec = RankingSpec(("standard", "minmax"), k_policies=("silhouette",), n_bootstrap=0)
    # One cut only, so that another policy cannot choose another k.
    cut = {(row["algorithm"], row["variant"]): row["cut"] for _, row in done.board.table.iterrows()}
    key = ["algorithm", "variant"]
    for policy in ("drop", "cluster", "nearest"):
        with Store.reader(Path("results")) as store:
            scores = scores_table(store, done.record, done.cells, policy=policy)
        cells = done.cells[[cut.get((a, v)) == c for a, v, c in done.cells[[*key, "cut"]].itertuples(index=False)]]
        alone = leaderboard(cells, scores, spec).table.sort_values(key)
        assert told[told["what"] == policy].sort_values(key)["rank"].tolist() == alone["rank"].tolist()
    range_ = done.board.table[["rank_by_noise_low", "rank_by_noise_high"]]
    assert range_.notna().all(axis=None)
    assert range_["rank_by_noise_high"].max() > 1


def test_without_noise_no_policy_is_asked(clouds):
    done = carried_out(TOML)
    assert noise_rows(done).empty
    assert done.board.table["rank_by_noise_low"].isna().all()


def test_policies_that_are_not_declared_are_not_told(clouds):
    assert noise_rows(carried_out(TOML + DBSCAN + "[noise]\nalso = []\n")).empty
    told = noise_rows(carried_out(TOML + DBSCAN + '[noise]\npolicy = "drop"\nalso = ["zero"]\n'))
    assert set(told["what"]) == {"zero"}


def test_a_run_read_back_tells_the_same(clouds):
    done = carried_out(TOML + DBSCAN)
    pd.testing.assert_frame_equal(load_run("results").board.table, done.board.table)
