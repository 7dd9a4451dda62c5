"""A run tells what each other noise policy would make of its ranks, and only where there is noise."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from clusterbench.ranking import RankingSpec, leaderboard
from clusterbench.results import StoredRun, load_stored_run, scores_table

from .conftest import Workspace

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
order = "mean_rank"
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


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Two dense clouds in sparse dust."""
    rng = np.random.default_rng(0)
    dense = rng.normal(scale=0.3, size=(160, 2)) + np.array([[-3.0, 0.0], [3.0, 0.0]])[np.arange(160) % 2]
    dust = rng.uniform(-6, 6, size=(40, 2))
    frame = pd.DataFrame(np.vstack([dense, dust]), columns=["a", "b"])
    return Workspace(tmp_path_factory.mktemp("clouds"), "clouds", clouds=frame)


def noise_rows(done: StoredRun) -> pd.DataFrame:
    return done.board.sensitivity[done.board.sensitivity["kind"] == "noise policy"]


def test_ranks_under_each_policy_are_those_of_its_scores_also_when_read_back(study):
    done = study.run(TOML + DBSCAN)
    assert (done.cells.loc[done.cells["status"] == "ok", "noise_share"] > 0).any()
    rows = noise_rows(done)
    assert list(dict.fromkeys(rows["what"])) == ["drop", "cluster", "nearest"]
    spec = RankingSpec(("standard", "minmax"), k_policies=("silhouette",), n_bootstrap=0)
    # One cut only, so that another policy cannot choose another k.
    cut = {(row["algorithm"], row["variant"]): row["cut"] for _, row in done.board.table.iterrows()}
    key = ["algorithm", "variant"]
    cells = done.cells[[cut.get((a, v)) == c for a, v, c in done.cells[[*key, "cut"]].itertuples(index=False)]]
    for policy in ("drop", "cluster", "nearest"):
        with study.store() as store:
            scores = scores_table(store, done.record, done.cells, policy=policy)
        alone = leaderboard(cells, scores, spec).table.sort_values(key)
        assert rows[rows["what"] == policy].sort_values(key)["rank"].tolist() == alone["rank"].tolist()
    range_ = done.board.table[["rank_by_noise_low", "rank_by_noise_high"]]
    assert range_.notna().all(axis=None)
    assert range_["rank_by_noise_high"].max() > 1
    pd.testing.assert_frame_equal(load_stored_run(study.folder / "results").board.table, done.board.table)


def test_without_noise_no_policy_is_ranked(study):
    done = study.run(TOML)
    assert noise_rows(done).empty
    assert done.board.table["rank_by_noise_low"].isna().all()


def test_policies_that_are_not_declared_are_not_ranked(study):
    assert noise_rows(study.run(TOML + DBSCAN + "[noise]\nalso = []\n")).empty
    rows = noise_rows(study.run(TOML + DBSCAN + '[noise]\npolicy = "drop"\nalso = ["zero"]\n'))
    assert set(rows["what"]) == {"zero"}
