"""The cut of an entry: by policy, among cuts that pass with every seed, or a reason that tells."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from clusterbench.errors import RequestError
from clusterbench.metrics import CENTROIDS
from clusterbench.ranking import RankingSpec, choose_candidates

SPACES = ("standard", "log1p")
OUTLIER = "smallest cluster has 1 of 8950 rows, needs 90"


def spec(**changes) -> RankingSpec:
    return RankingSpec(**{"reference_spaces": SPACES, "metrics": ("silhouette",), **changes})


def silhouettes(first: float, second: float | None = None) -> dict[tuple[str, str], float]:
    return {("silhouette", "standard"): first, ("silhouette", "log1p"): first if second is None else second}


def baselines(means: dict[int, float], metrics=("silhouette",)) -> pd.DataFrame:
    rows = [
        {
            "dataset": "table",
            "space": space,
            "k": k,
            "generator": CENTROIDS,
            "replicate": r,
            "metric": metric,
            "value": v,
            "passes": True,
        }
        for k, mean in means.items()
        for space in SPACES
        for metric in metrics
        for r, v in enumerate((mean - 0.01, mean + 0.01))
    ]
    return pd.DataFrame(rows)


def select_k(*tables, **options) -> pd.DataFrame:
    return choose_candidates(*tables, **options).chosen()


def only(frame: pd.DataFrame) -> pd.Series:
    assert len(frame) == 1
    return frame.iloc[0]


def test_the_highest_mean_silhouette_over_spaces_and_seeds_is_chosen(new_run):
    run = new_run()
    for seed, better in ((0, 0.30), (1, 0.20)):
        run.add("kmeans", silhouettes(0.5, 0.1), k=2, seed=seed)
        run.add("kmeans", silhouettes(better, 0.4), k=3, seed=seed)
    chosen = only(select_k(*run.frames(), spec()))
    assert (chosen["k"], chosen["status"], chosen["k_policy"]) == (3, "ok", "silhouette")
    assert chosen["silhouette"] == pytest.approx((0.35 + 0.30) / 2)


def test_ties_go_to_fewer_clusters_then_to_the_first_cut(new_run):
    run = new_run()
    run.add("kmeans", silhouettes(0.3), k=10)
    run.add("kmeans", silhouettes(0.3), k=9)
    run.add("dbscan", silhouettes(0.3), k=7, n_clusters=4)
    run.add("dbscan", silhouettes(0.3 + 1e-9), k=12, n_clusters=4)
    chosen = select_k(*run.frames(), spec()).set_index("algorithm")
    assert chosen.loc["kmeans", "cut"] == '{"k": 9}'
    assert chosen.loc["dbscan", "cut"] == '{"k": 7}'


def test_a_cut_that_one_seed_fails_is_not_chosen(new_run):
    run = new_run()
    run.add("kmeans", silhouettes(0.9), k=2, seed=0)
    run.add("kmeans", silhouettes(0.9), k=2, seed=1, status="rejected", reason=OUTLIER)
    for seed in (0, 1):
        run.add("kmeans", silhouettes(0.2), k=3, seed=seed)
    assert only(select_k(*run.frames(), spec()))["k"] == 3


def test_a_cut_that_was_not_run_with_every_seed_is_not_chosen(new_run):
    run = new_run()
    run.add("kmeans", silhouettes(0.9), k=2, seed=0)
    for seed in (0, 1):
        run.add("kmeans", silhouettes(0.2), k=3, seed=seed)
    assert only(select_k(*run.frames(), spec()))["k"] == 3


def test_a_silhouette_that_is_missing_in_one_space_is_no_mean_over_the_rest(new_run):
    run = new_run()
    run.add("kmeans", silhouettes(0.9, np.nan), k=2)
    run.add("kmeans", silhouettes(0.1), k=3)
    assert only(select_k(*run.frames(), spec()))["k"] == 3


def test_the_reason_of_the_best_rejected_cut_is_told(new_run):
    run = new_run()
    run.add("single", silhouettes(0.841), k=2, status="rejected", reason=OUTLIER)
    run.add("single", silhouettes(0.7), k=3, status="rejected", reason="another")
    run.add("single", None, k=4, status="failed", reason="MemoryError: no")
    refused = only(select_k(*run.frames(), spec()))
    assert (refused["status"], refused["reason"], refused["k"]) == ("rejected", OUTLIER, 2)


def test_the_seed_that_broke_the_gate_is_named_where_others_passed(new_run):
    run = new_run()
    run.add("kmeans", silhouettes(0.4), k=2, seed=0)
    run.add("kmeans", silhouettes(0.8), k=2, seed=7, status="rejected", reason=OUTLIER)
    assert only(select_k(*run.frames(), spec()))["reason"] == f"{OUTLIER} (seed 7)"


@pytest.mark.parametrize("status", ["failed", "timeout", "out_of_memory", "skipped"])
def test_an_entry_that_never_ran_tells_its_failure(new_run, status):
    run = new_run()
    run.add("good", silhouettes(0.4))
    run.add("bad", None, k=2, status=status, reason="why it ended")
    run.add("bad", None, k=3, status=status, reason="why it ended")
    refused = select_k(*run.frames(), spec()).set_index("algorithm").loc["bad"]
    assert (refused["status"], refused["reason"]) == (status, "why it ended")


@pytest.mark.parametrize("reason", ["all rows are noise", "one cluster plus noise is not a clustering"])
def test_an_undefined_labeling_is_never_chosen(new_run, reason):
    run = new_run()
    run.add("good", silhouettes(0.4))
    run.add("dbscan", silhouettes(np.nan), status="undefined", reason=reason, n_clusters=1, noise_share=0.2)
    refused = select_k(*run.frames(), spec()).set_index("algorithm").loc["dbscan"]
    assert (refused["status"], refused["reason"]) == ("undefined", reason)


def test_fixed_takes_the_cut_that_gives_the_asked_clusters(new_run):
    run = new_run()
    run.add("hdbscan", silhouettes(0.2), k=100, n_clusters=5)
    run.add("hdbscan", silhouettes(0.3), k=50, n_clusters=5)
    run.add("hdbscan", silhouettes(0.9), k=20, n_clusters=8)
    chosen = only(select_k(*run.frames(), spec(k_policies=("fixed",), fixed_k=5)))
    assert (chosen["k"], chosen["cut"]) == (5, '{"k": 50}')


def test_fixed_says_what_the_cuts_give_instead(new_run):
    run = new_run()
    for k in (2, 3):
        for seed in (0, 1):
            run.add("kmeans", silhouettes(0.2), k=k, seed=seed, n_clusters=k - (k == 3 and seed == 1))
    refused = only(select_k(*run.frames(), spec(k_policies=("fixed",), fixed_k=3)))
    assert refused["status"] == "undefined"
    assert refused["reason"] == "no cut that passes gives 3 clusters with every seed (they give 2, 3)"


def test_oracle_takes_the_true_k_is_marked_and_knows_only_named_datasets(new_run):
    run = new_run()
    for dataset in ("wine", "cards"):
        for k in (2, 3):
            run.add("kmeans", silhouettes(0.5 - 0.1 * k), dataset=dataset, k=k)
    chosen = select_k(*run.frames(), spec(k_policies=("silhouette", "oracle"), true_k={"wine": 3}))
    assert chosen[["dataset", "k_policy", "k", "oracle"]].to_numpy().tolist() == [
        ["cards", "silhouette", 2, False],
        ["wine", "silhouette", 2, False],
        ["wine", "oracle", 3, True],
    ]


def test_calibrated_takes_the_highest_z_not_the_highest_value(new_run):
    run = new_run()
    run.add("kmeans", silhouettes(0.266), k=2)
    run.add("kmeans", silhouettes(0.240), k=5)
    chosen = only(select_k(*run.frames(), spec(), baselines=baselines({2: 0.25, 5: 0.05})))
    assert (chosen["k"], chosen["k_policy"]) == (5, "calibrated")
    assert chosen["z"] == pytest.approx((0.240 - 0.05) / (0.01 * np.sqrt(2)))


def test_calibrated_ignores_a_silhouette_that_is_not_ranked(new_run):
    run = new_run()
    for k, db in ((2, 1.0), (3, 0.5)):
        run.add("kmeans", {("davies_bouldin", s): db for s in SPACES} | silhouettes(1.0 - 0.3 * k), k=k)
    table = baselines({2: 1.2, 3: 1.2}, metrics=("davies_bouldin",))
    chosen = only(select_k(*run.frames(), spec(metrics=("davies_bouldin",)), baselines=table))
    assert chosen["k"] == 3


def test_an_entry_without_a_random_baseline_is_told_so(new_run):
    run = new_run()
    run.add("hdbscan", silhouettes(0.3), k=40, n_clusters=17)
    refused = only(select_k(*run.frames(), spec(), baselines=baselines({2: 0.2})))
    assert refused["status"] == "undefined"
    assert refused["reason"] == "no random baseline for 17 clusters in space standard"


def test_the_silhouette_policy_needs_a_silhouette(new_run):
    run = new_run()
    run.add("kmeans", {("davies_bouldin", s): 1.0 for s in SPACES})
    with pytest.raises(RequestError, match="silhouette in space standard of table"):
        select_k(*run.frames(), spec(metrics=("davies_bouldin",)))


def test_an_empty_run_chooses_nothing(new_run):
    run = new_run()
    run.add("kmeans", silhouettes(0.3))
    cells, scores = run.frames()
    assert select_k(cells.iloc[:0], scores.iloc[:0], spec()).empty
