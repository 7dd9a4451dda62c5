"""The first entry against random partitions: counted one by one, told when they come close."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from clusterbench.ranking import AlertKind, RankingSpec, leaderboard
from clusterbench.ranking.chance import chance_alerts, chance_share

SPEC = RankingSpec(reference_spaces=("standard",), metrics=("silhouette", "davies_bouldin"))


def baselines(silhouettes, davies_bouldins, k=2) -> pd.DataFrame:
    rows = [("cards", "standard", k, "silhouette", value) for value in silhouettes]
    rows += [("cards", "standard", k, "davies_bouldin", value) for value in davies_bouldins]
    return pd.DataFrame(rows, columns=["dataset", "space", "k", "metric", "value"])


def entry(silhouette, davies_bouldin, **changes) -> pd.Series:
    fields = {"dataset": "cards", "k": 2, "control": False, "oracle": False}
    scores = {"silhouette@standard": silhouette, "davies_bouldin@standard": davies_bouldin}
    return pd.Series({**fields, **scores, **changes})


def test_the_share_is_counted_in_each_metrics_direction():
    random = baselines([0.1, 0.2, 0.3, 0.4], [1.0, 2.0, 3.0, 4.0])
    # 0.3 and 0.4 are at least 0.3: a half; 1.0 alone is at most 1.5: a quarter
    assert chance_share(entry(0.3, 1.5), random, SPEC) == pytest.approx((0.5 + 0.25) / 2)


def test_random_partitions_of_another_k_or_without_a_score_do_not_count():
    random = pd.concat([baselines([0.9] * 5, [0.1] * 5, k=3), baselines([0.1, np.nan], [2.0, np.nan])])
    assert chance_share(entry(0.3, 1.5), random, SPEC) == 0.0
    assert np.isnan(chance_share(entry(0.3, 1.5, k=7), random, SPEC))


def test_only_the_first_contender_is_judged_and_only_when_chance_is_not_rare():
    random = baselines(np.linspace(0.0, 1.0, 101), np.linspace(1.0, 2.0, 101))
    table = pd.DataFrame([entry(0.5, 1.5, control=True), entry(0.99, 1.01), entry(0.1, 1.9)])
    assert chance_alerts(table, random, SPEC) == []
    (alert,) = chance_alerts(table.iloc[[0, 2]], random, SPEC)
    assert str(alert).startswith("cards: random partitions come close: 90% of those with k = 2 score at least as well")


@pytest.mark.parametrize(("lift", "told"), [(0.0, True), (-0.4, False)])
def test_the_leaderboard_tells_it(new_run, lift, told):
    run = new_run()
    for name, value in (("kmeans", 0.5), ("gmm", 0.2)):
        run.add(name, {("silhouette", "standard"): value})
    random = np.linspace(0.2, 0.6, 41) + lift
    frame = baselines(random, [], k=3).assign(dataset="table", generator="centroids", replicate=0)
    spec = RankingSpec(reference_spaces=("standard",), metrics=("silhouette",))
    board = leaderboard(*run.frames(), spec, baselines=frame)
    assert board.table["k"].iloc[0] == 3
    assert any(alert.kind is AlertKind.CHANCE for alert in board.alerts) == told
