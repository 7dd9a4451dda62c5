"""The entries against random partitions: counted by generator, with an alert where they come close."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from clusterbench.metrics import CENTROIDS, GROWTH
from clusterbench.ranking import AlertKind, RankingSpec, leaderboard

SPEC = RankingSpec(reference_spaces=("standard",), metrics=("silhouette", "davies_bouldin"))


def baselines(silhouettes, davies_bouldins, k=3, generator=CENTROIDS, passes=True) -> pd.DataFrame:
    rows = [("table", "standard", k, generator, "silhouette", value, passes) for value in silhouettes]
    rows += [("table", "standard", k, generator, "davies_bouldin", value, passes) for value in davies_bouldins]
    return pd.DataFrame(rows, columns=["dataset", "space", "k", "generator", "metric", "value", "passes"])


@pytest.fixture
def board(new_run):
    """Return the leaderboard of two entries, of which the first has the given scores, against random partitions."""

    def make(random, silhouette=0.3, davies_bouldin=1.5):
        run = new_run()
        for name, loss in (("kmeans", 0.0), ("gmm", 0.25)):
            scores = {"silhouette": silhouette - loss, "davies_bouldin": davies_bouldin + loss}
            run.add(name, {(metric, "standard"): value for metric, value in scores.items()}, k=3)
        return leaderboard(*run.frames(), SPEC, baselines=random)

    return make


def alerts(board) -> list[str]:
    return [str(alert) for alert in board.alerts if alert.kind is AlertKind.CHANCE]


def test_the_share_beaten_is_counted_in_each_metrics_direction_and_ties_are_not_beaten(board):
    random = baselines([0.1, 0.2, 0.3, 0.4], [1.0, 2.0, 3.0, 4.0])
    # 0.1 and 0.2 are below 0.3: a half; 2, 3 and 4 are above 1.5: three quarters.
    assert board(random).table["beaten_centroids"].iloc[0] == pytest.approx((0.5 + 0.75) / 2)


def test_each_generator_has_its_own_columns_and_the_smaller_share_leads(board):
    random = pd.concat(
        [baselines([0.1, 0.2], [2.0, 3.0]), baselines([0.1, 0.2, 0.4, 0.5], [1.0, 1.2, 2.0, 3.0], generator=GROWTH)]
    )
    first = board(random).table.iloc[0]
    assert (first["beaten_centroids"], first["beaten_growth"], first["beaten"]) == (1.0, 0.5, 0.5)
    assert first["z_centroids"] == pytest.approx((0.15 / np.std([0.1, 0.2], ddof=1) + 1 / np.std([2, 3], ddof=1)) / 2)
    assert first["calibrated"] == first["z_growth"] < first["z_centroids"]


def test_a_generator_without_partitions_of_that_k_is_missing(board):
    random = pd.concat([baselines([0.1, 0.2], [2.0, 3.0]), baselines([0.9] * 5, [0.1] * 5, k=4, generator=GROWTH)])
    first = board(random).table.iloc[0]
    assert first["beaten"] == 1.0
    assert np.isnan(first["beaten_growth"])
    assert np.isnan(first["z_growth"])


def test_generators_whose_partitions_fail_the_gate_are_marked(board):
    values = np.linspace(0.1, 0.2, 10), np.linspace(2.0, 3.0, 10)
    random = pd.concat([baselines(*values), baselines(*values, generator=GROWTH, passes=False)])
    assert board(random).table["ungated"].tolist() == [GROWTH, GROWTH]


def test_only_the_first_contender_is_judged_and_only_when_chance_is_not_rare(board):
    random = baselines(np.linspace(0.0, 1.0, 101), np.linspace(1.0, 2.0, 101))
    assert alerts(board(random, 0.985, 1.015)) == []
    (alert,) = alerts(board(random, 0.105, 1.895))
    assert alert.startswith("table: random partitions come close: 89 % of those by random centroids with k = 3 score")
    harder = pd.concat([random.assign(generator=GROWTH), baselines([0.0, 0.1], [2.5, 3.0])])
    (alert,) = alerts(board(harder, 0.505, 1.495))
    assert "50 % of those by nearest-neighbour growth" in alert
