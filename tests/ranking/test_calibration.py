"""z-scores against random partitions of the same data and k."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from clusterbench.metrics import CENTROIDS, GROWTH, Direction, MetricFacts
from clusterbench.ranking import Baselines, RankingSpec, choose_candidates, leaderboard, z_matrix

SPACES = ("standard",)


def baselines(values, **changes) -> pd.DataFrame:
    row = {"dataset": "table", "space": "standard", "k": 3, "generator": CENTROIDS, "metric": "silhouette"}
    return pd.DataFrame([{**row, "passes": True, **changes, "replicate": r, "value": v} for r, v in enumerate(values)])


def calibrated(new_run, table: pd.DataFrame, value: float = 0.5, metric: str = "silhouette", **cell) -> pd.Series:
    """Return the choice of k for one entry with one score."""
    run = new_run()
    run.add("kmeans", {(metric, "standard"): value, ("silhouette", "standard"): value}, **{"k": 3, **cell})
    chosen = choose_candidates(*run.frames(), RankingSpec(SPACES, metrics=(metric,)), baselines=table).chosen()
    return chosen.iloc[0]


def test_z_is_the_distance_to_the_random_mean_in_standard_deviations(new_run):
    assert calibrated(new_run, baselines([0.1, 0.2, 0.3]))["z"] == pytest.approx((0.5 - 0.2) / 0.1)


def test_z_is_positive_where_a_low_index_is_good(new_run):
    random = baselines([2.0, 3.0, 4.0], metric="davies_bouldin")
    assert calibrated(new_run, random, value=1.0, metric="davies_bouldin")["z"] == pytest.approx(2.0)


def test_k_is_chosen_by_the_partitions_of_both_generators_together(new_run):
    table = pd.concat([baselines([0.1, 0.3]), baselines([0.5, 0.7], generator=GROWTH, passes=False)])
    sd = np.std([0.1, 0.3, 0.5, 0.7], ddof=1)
    assert calibrated(new_run, table)["z"] == pytest.approx((0.5 - 0.4) / sd)


def shown(new_run, table: pd.DataFrame, scores: dict[str, float]) -> float:
    """Return the calibrated score on the leaderboard of one entry."""
    run = new_run()
    run.add("kmeans", {(metric, "standard"): value for metric, value in scores.items()}, k=3)
    board = leaderboard(*run.frames(), RankingSpec(SPACES, metrics=tuple(scores)), baselines=table)
    return board.table["calibrated"].item()


def test_the_calibrated_score_is_the_smaller_one_of_two_generators(new_run):
    table = pd.concat([baselines([0.1, 0.3]), baselines([0.2, 0.4], generator=GROWTH)])
    assert shown(new_run, table, {"silhouette": 0.5}) == pytest.approx((0.5 - 0.3) / np.std([0.2, 0.4], ddof=1))
    constant = pd.concat([baselines([0.1, 0.3]), baselines([0.4, 0.4], generator=GROWTH)])
    assert shown(new_run, constant, {"silhouette": 0.5}) == pytest.approx((0.5 - 0.2) / np.std([0.1, 0.3], ddof=1))


def test_one_generator_is_compared_over_all_metrics_not_the_smaller_z_of_each(new_run):
    random = [
        baselines(values, metric=metric, generator=generator)
        for generator, metric, values in (
            (CENTROIDS, "silhouette", [0.2, 0.3, 0.4]),  # z = 2
            (CENTROIDS, "davies_bouldin", [6.0, 7.0, 8.0]),  # z = 6
            (GROWTH, "silhouette", [0.0, 0.1, 0.2]),  # z = 4
            (GROWTH, "davies_bouldin", [2.0, 3.0, 4.0]),  # z = 2
        )
    ]
    found = shown(new_run, pd.concat(random), {"silhouette": 0.5, "davies_bouldin": 1.0})
    assert found == pytest.approx(3.0)


def test_partitions_that_the_gate_rejects_count_only_where_fewer_than_ten_pass(new_run):
    passing, rejected = np.linspace(0.1, 0.3, 10), np.linspace(0.5, 0.7, 10)
    gated = pd.concat([baselines(passing), baselines(rejected, passes=False)])
    assert shown(new_run, gated, {"silhouette": 0.5}) == pytest.approx((0.5 - passing.mean()) / passing.std(ddof=1))
    few = pd.concat([baselines(passing[:9]), baselines(rejected, passes=False)])
    both = np.concatenate([passing[:9], rejected])
    assert shown(new_run, few, {"silhouette": 0.5}) == pytest.approx((0.5 - both.mean()) / both.std(ddof=1))


def test_z_compares_with_random_partitions_of_the_same_k(new_run):
    run = new_run()
    for k, value in ((2, 0.3), (3, 0.35)):
        run.add("kmeans", {("silhouette", "standard"): value}, k=k)
    spec = RankingSpec(SPACES, metrics=("silhouette",))
    random = {2: [0.1, 0.2, 0.3], 3: [0.09, 0.1, 0.11]}
    table = pd.concat([baselines(values, k=k) for k, values in random.items()])
    matrix = choose_candidates(*run.frames(), spec, baselines=table).matrix
    np.testing.assert_allclose(z_matrix(matrix, Baselines.of(table), spec.facts)[:, 0], [1.0, 25.0])


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        (baselines([0.1, 0.2], k=4), "no random baseline for 3 clusters in space standard"),
        (baselines([0.1, 0.2], space="log1p"), "no random baseline for 3 clusters in space standard"),
        (baselines([0.1, np.nan]), "only 1 random baseline for 3 clusters in space standard"),
        (baselines([0.1, 0.1]), "the random baselines for 3 clusters do not vary in space standard"),
    ],
)
def test_where_there_is_no_z_there_is_a_reason(new_run, table, reason):
    choice = calibrated(new_run, table)
    assert np.isnan(choice["z"])
    assert (choice["status"], choice["reason"]) == ("undefined", reason)


def test_a_missing_score_has_no_z(new_run):
    run = new_run()
    run.add("kmeans", {("silhouette", "standard"): np.nan})
    run.add("gmm", {("silhouette", "standard"): 0.5})
    spec = RankingSpec(SPACES, metrics=("silhouette",))
    choice = (
        choose_candidates(*run.frames(), spec, baselines=baselines([0, 1]))
        .chosen()
        .set_index("algorithm")
        .loc["kmeans"]
    )
    assert (choice["status"], choice["reason"]) == (
        "undefined",
        "silhouette in space standard: one cluster besides noise",
    )


def test_the_number_of_clusters_found_decides_not_the_number_asked_for(new_run):
    assert calibrated(new_run, baselines([0.1, 0.2, 0.3]), k=5, n_clusters=3)["z"] == pytest.approx(3.0)


@pytest.mark.parametrize(("scale", "shift"), [(0.1, -5.0), (3.7, 2.5), (10.0, 5.0)])
def test_scale_and_shift_of_an_index_leave_z_alone(new_run, scale, shift):
    random = np.array([0.1, 0.2, 0.4])
    plain = calibrated(new_run, baselines(random))["z"]
    assert calibrated(new_run, baselines(random * scale + shift), 0.5 * scale + shift)["z"] == pytest.approx(plain)


def test_an_exact_partition_has_an_infinite_z_and_its_cut_is_chosen(new_run):
    run = new_run()
    for k, silhouette, ratio in ((2, 0.9, 500.0), (3, 1.0, math.inf), (4, 0.5, 700.0)):
        run.add("kmeans", {("silhouette", "standard"): silhouette, ("calinski_harabasz", "standard"): ratio}, k=k)
    random = [
        baselines(values, k=k, metric=metric)
        for k in (2, 3, 4)
        for metric, values in (("silhouette", [0.1, 0.2, 0.3]), ("calinski_harabasz", [10.0, 20.0, math.inf]))
    ]
    spec = RankingSpec(SPACES, metrics=("silhouette", "calinski_harabasz"))
    chosen = choose_candidates(*run.frames(), spec, baselines=pd.concat(random)).chosen().iloc[0]
    assert (chosen["k"], chosen["z"], chosen["status"]) == (3, math.inf, "ok")


def test_the_facts_of_a_spec_give_the_direction_of_a_metric_that_nobody_registered(new_run):
    facts = MetricFacts(name="spread", direction=Direction.LOWER, formula="f")
    run = new_run()
    for k, value in ((2, 5.0), (3, 1.0)):
        run.add("kmeans", {("spread", "standard"): value, ("silhouette", "standard"): 0.1}, k=k)
    random = pd.concat([baselines([5.0, 6.0, 7.0], k=k, metric="spread") for k in (2, 3)])
    spec = RankingSpec(SPACES, metrics=("spread",), facts=(facts,))
    chosen = choose_candidates(*run.frames(), spec, baselines=random).chosen().iloc[0]
    assert (chosen["k"], chosen["z"]) == (3, pytest.approx(5.0))
