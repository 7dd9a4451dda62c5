"""What a benchmark file declares reaches the result: k, noise, metrics, weights and limits."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import silhouette_samples, silhouette_score

from clusterbench.errors import RequestError
from clusterbench.execution import Limits
from clusterbench.running import Settings, limits_of

from .conftest import DBSCAN, KMEANS, RANKING, WARD, Rules


@pytest.mark.parametrize("k", [2, 3, 4])
def test_a_fixed_k_is_that_of_every_entry(shared, k):
    board = shared.run(RANKING.replace('["silhouette"]', f'["fixed"]\nfixed_k = {k}'), KMEANS, WARD).board.table
    assert board["k"].tolist() == [k, k]
    assert set(board["k_policy"]) == {"fixed"}
    assert not board["oracle"].any()


def test_an_oracle_without_known_classes_is_refused(shared):
    with pytest.raises(RequestError, match="the k policy 'oracle' needs true_k of a dataset"):
        shared.run(RANKING.replace('"silhouette"', '"oracle"'), KMEANS)


def policy_scores(space: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Silhouettes of scikit-learn under the policies that need no geometry of their own."""
    kept = labels >= 0
    drop = silhouette_samples(space[kept], labels[kept])
    return {
        "drop": float(drop.mean()),
        "zero": float(drop.sum() / len(labels)),
        "cluster": float(silhouette_score(space, np.where(kept, labels, labels.max() + 1))),
    }


@pytest.mark.parametrize("policy", ["zero", "drop", "cluster"])
def test_the_declared_noise_policy_is_that_of_the_scores_and_of_the_board(shared, space, policy):
    done = shared.run(RANKING, KMEANS, DBSCAN, f'[noise]\npolicy = "{policy}"\n')
    cell = done.cells[done.cells["algorithm"] == "dbscan"].iloc[0]
    assert cell["noise_share"] > 0
    with shared.store() as store:
        expected = policy_scores(space, store.labels(cell["labels_sha256"]))
    scores = done.scores[(done.scores["algorithm"] == "dbscan") & (done.scores["metric"] == "silhouette")]
    np.testing.assert_allclose(scores["value"], expected[policy], rtol=1e-6)
    row = done.board.table[done.board.table["algorithm"] == "dbscan"].iloc[0]
    assert row["silhouette@standard"] == pytest.approx(expected[policy], rel=1e-6)
    assert len({round(value, 6) for value in expected.values()}) == 3


def test_the_metrics_of_a_file_are_those_that_rank(shared):
    ranked = {}
    for metrics in (["silhouette"], ["davies_bouldin"], ["silhouette", "davies_bouldin"]):
        table = shared.run(RANKING, KMEANS, WARD, DBSCAN, head=f"metrics = {metrics}\n").board.table
        assert [name for name in table.columns if name.endswith("@standard")] == [f"{m}@standard" for m in metrics]
        ranked[tuple(metrics)] = table.set_index("algorithm")
    by_silhouette = ranked["silhouette",]
    expected = by_silhouette["silhouette@standard"].rank(ascending=False)
    assert by_silhouette["mean_rank"].to_dict() == expected.to_dict()
    by_davies = ranked["davies_bouldin",]
    assert by_davies["mean_rank"].to_dict() == by_davies["davies_bouldin@standard"].rank().to_dict()
    both = ranked["silhouette", "davies_bouldin"]["mean_rank"]
    assert both.to_dict() == ((by_silhouette["mean_rank"] + by_davies["mean_rank"]) / 2).to_dict()


def test_a_change_of_the_ranking_alone_fits_and_scores_nothing(shared):
    first = shared.run(RANKING, KMEANS, WARD)
    second = shared.run(RANKING.replace('"silhouette"', '"fixed"') + "fixed_k = 2\n", KMEANS, WARD)
    assert second.computed == 0
    pd.testing.assert_frame_equal(first.scores, second.scores)
    assert first.board.table["k"].tolist() != [2, 2]
    assert second.board.table["k"].tolist() == [2, 2]
    assert second.manifest.environment == first.manifest.environment
    assert second.manifest.seconds == first.manifest.seconds


@pytest.mark.parametrize(
    ("weights", "told"),
    [
        ("{ separation = 0.0 }", "every ranked family has weight 0"),
        ("{ seperation = 1.0 }", "did you mean 'separation'"),
    ],
)
def test_weights_that_leave_nothing_or_name_nothing_are_refused(shared, weights, told):
    with pytest.raises(RequestError, match=told):
        shared.run(RANKING, f"weights = {weights}\n", KMEANS)


def test_an_equal_weight_for_all_ranks_as_none(shared):
    plain = shared.run(RANKING, KMEANS, WARD).board.table
    heavy = shared.run(RANKING, "weights = { separation = 7.5 }\n", KMEANS, WARD).board.table
    pd.testing.assert_frame_equal(plain, heavy)


def limits_of_file(shared: Rules, declared: str, given: Limits, **options: object) -> Limits:
    plan = shared.plan(RANKING, KMEANS, declared)
    return limits_of(plan.benchmark, Settings(limits=given, **options))


@pytest.mark.parametrize(
    ("declared", "given", "seconds", "memory_mb"),
    [
        ("seconds = 5\nmemory_mb = 700", Limits(), 5, 700),
        ("seconds = 5\nmemory_mb = 700", Limits(seconds=9), 9, 700),
        ("seconds = 5\nmemory_mb = 700", Limits(memory_mb=300), 5, 300),
        ("seconds = 5\nmemory_mb = 700", Limits(seconds=1, memory_mb=900), 1, 900),
        ("memory_mb = 700", Limits(), 3600, 700),
        ("seconds = inf\nmemory_mb = inf", Limits(), float("inf"), float("inf")),
        ("seconds = 5", Limits(seconds=float("inf"), memory_mb=9), float("inf"), 9),
        ("", Limits(seconds=2.5, memory_mb=64), 2.5, 64),
    ],
)
def test_the_callers_limits_come_before_those_of_the_file(shared, declared, given, seconds, memory_mb):
    found = limits_of_file(shared, f"[limits]\n{declared}\n", given, workers=2)
    assert (found.seconds, found.memory_mb) == (seconds, memory_mb)


def test_memory_that_nobody_limits_is_shared_by_the_workers(shared):
    alone, four, none = (limits_of_file(shared, "", Limits(), workers=workers).memory_mb for workers in (1, 4, 0))
    assert none is None  # without workers nothing can be stopped
    assert four == pytest.approx(alone / 4, abs=1)


def test_a_cluster_elsewhere_has_no_limit_of_this_machine(shared):
    assert limits_of_file(shared, "", Limits(), scheduler="tcp://elsewhere:8786").memory_mb is None


@pytest.mark.parametrize(
    ("settings", "n_workers"),
    [
        (Settings(workers=0), 0),
        (Settings(workers=3, threads=2), 3),
        (Settings(threads=10**6), 1),
        (Settings(scheduler="tcp://elsewhere:8786"), 0),
        (Settings(workers=5, scheduler="tcp://elsewhere:8786"), 5),
    ],
)
def test_workers_are_those_given_or_what_the_cores_allow(settings, n_workers):
    assert settings.n_workers == n_workers
