"""Ranks under other noise policies: told beside the board, by the same arithmetic, over the same cuts."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from clusterbench.errors import RequestError
from clusterbench.ranking import RankingSpec, leaderboard

SPACES = ("standard", "log1p")
SPEC = RankingSpec(reference_spaces=SPACES)
ENTRY = ["dataset", "algorithm", "params", "variant"]
NOISE_COLUMNS = ["rank_by_noise_low", "rank_by_noise_high"]
# Silhouette, Davies-Bouldin and Calinski-Harabasz, the same in both spaces.
HAND = {"steady": (0.5, 1.0, 300.0), "noisy": (0.4, 1.2, 200.0), "last": (0.3, 1.4, 100.0)}


def values_of(numbers) -> dict[tuple[str, str], float]:
    return {(metric, space): value for metric, value in zip(SPEC.metrics, numbers, strict=True) for space in SPACES}


def hand_run(new_run, **changed):
    """Three entries in the order of their names in HAND; `changed` gives others' numbers."""
    run = new_run()
    for name, numbers in {**HAND, **changed}.items():
        run.add(name, values_of(numbers), noise_share=0.1 if name == "noisy" else 0.0)
    return run.frames()


def only(scores: pd.DataFrame, *names: str) -> pd.DataFrame:
    return scores[scores["algorithm"].isin(names)]


def test_a_champion_that_loses_its_place_under_another_policy_is_not_robust(new_run):
    cells, scores = hand_run(new_run)
    others = {
        "drop": only(hand_run(new_run, noisy=(0.6, 0.9, 400.0))[1], "noisy"),  # then noisy is first
        "cluster": only(hand_run(new_run, noisy=(0.1, 1.9, 50.0))[1], "noisy"),  # then it is last
    }
    board = leaderboard(cells, scores, SPEC, alternatives=others)
    table = board.table.set_index("algorithm")
    assert table["rank"].to_dict() == {"steady": 1, "noisy": 2, "last": 3}
    assert table[NOISE_COLUMNS].to_numpy().tolist() == [[1, 2], [1, 3], [2, 3]]
    assert table["robust"].to_dict() == {"steady": False, "noisy": False, "last": True}
    assert "It would have rank 2 if noise rows are left out of the scores." in board.headline
    assert "table: the first place is not robust (rank 2 if noise rows are left out of the scores)" in [
        str(alert) for alert in board.alerts
    ]
    calm = leaderboard(cells, scores, SPEC, alternatives={"cluster": others["cluster"]})
    assert calm.table["robust"].tolist() == [True, False, True]
    assert "noise" not in calm.headline
    assert calm.alerts == ()


def test_a_score_that_a_policy_leaves_undefined_ranks_last_under_it(new_run):
    cells, scores = hand_run(new_run)
    undefined = only(hand_run(new_run, steady=(np.nan,) * 3)[1], "steady")
    table = leaderboard(cells, scores, SPEC, alternatives={"nearest": undefined}).table
    assert table["algorithm"].tolist() == ["steady", "noisy", "last"]
    assert table["rank_by_noise_high"].tolist() == [3, 1, 2]
    assert table["flags"].tolist() == [""] * 3


def shaken(scores: pd.DataFrame, seed: int) -> pd.DataFrame:
    """The scores with their values mixed up among the rows of each metric."""
    rng = np.random.default_rng(seed)
    return scores.assign(value=scores.groupby("metric")["value"].transform(lambda v: rng.permutation(v.to_numpy())))


def test_ranks_under_a_policy_are_those_of_the_board_made_by_its_scores(make_matrix, make_draws):
    cells, scores = make_matrix(variants=3, algorithms=4, ks=(3,), own=True)
    draws = make_draws(cells, {f"algo{number}": [0.1 * number] for number in range(4)})
    others = {policy: shaken(scores, seed) for seed, policy in enumerate(("drop", "cluster", "nearest"))}
    board = leaderboard(cells, scores, SPEC, draws=draws, alternatives=others)
    for policy, frame in others.items():
        alone = leaderboard(cells, frame, SPEC, draws=draws).table.sort_values(ENTRY)
        told = board.sensitivity[board.sensitivity["kind"] == "noise policy"]
        mine = told[told["what"] == policy].sort_values(ENTRY)
        assert mine["rank"].tolist() == alone["rank"].tolist()
        assert mine["mean_rank"].tolist() == alone["mean_rank"].tolist()
    ranks = board.sensitivity.query("kind == 'noise policy'").groupby(ENTRY)["rank"]
    found = board.table.set_index(ENTRY)[NOISE_COLUMNS].sort_index().astype(int)
    assert found.to_numpy().tolist() == np.column_stack([ranks.min(), ranks.max()]).tolist()


def test_cells_that_are_not_named_keep_their_scores(make_matrix):
    cells, scores = make_matrix(variants=2, algorithms=4, ks=(3,))
    changed = shaken(only(scores, "algo1"), 5)
    whole = pd.concat([scores[scores["algorithm"] != "algo1"], changed])
    few, many = (leaderboard(cells, scores, SPEC, alternatives={"drop": frame}) for frame in (changed, whole))
    pd.testing.assert_frame_equal(few.table, many.table)
    pd.testing.assert_frame_equal(few.sensitivity, many.sensitivity)


def test_another_policy_moves_nothing_but_its_own_columns_and_the_robust_mark(make_matrix):
    cells, scores = make_matrix(variants=2, algorithms=4)
    plain = leaderboard(cells, scores, SPEC)
    told = leaderboard(cells, scores, SPEC, alternatives={"drop": shaken(scores, 1)})
    own = [*NOISE_COLUMNS, "robust"]
    pd.testing.assert_frame_equal(plain.table.drop(columns=own), told.table.drop(columns=own))
    assert plain.table[NOISE_COLUMNS].isna().all(axis=None)
    assert "noise policy" not in set(plain.sensitivity["kind"])
    assert [column.name for column in plain.columns] == [column.name for column in told.columns]


def test_the_board_over_all_datasets_has_a_range_too(make_matrix):
    cells, scores = make_matrix(n_datasets=2, variants=2, algorithms=3, ks=(3,))
    frame = shaken(scores, 2)
    board = leaderboard(cells, scores, SPEC, alternatives={"drop": frame}).table
    alone = leaderboard(cells, frame, SPEC).table
    assert set(alone["dataset"]) == {"(all)", "data0", "data1"}
    assert board.sort_values(ENTRY)["rank_by_noise_low"].tolist() == alone.sort_values(ENTRY)["rank"].tolist()


def test_equal_labels_share_their_rank_under_every_policy(new_run):
    run = new_run()
    for name, numbers in HAND.items():
        run.add(name, values_of(numbers), labels="twins" if name != "last" else "other")
    cells, scores = run.frames()
    scores.loc[scores["algorithm"] == "noisy", "value"] = scores.loc[scores["algorithm"] == "steady", "value"].tolist()
    board = leaderboard(cells, scores, SPEC, alternatives={"drop": only(scores, "steady", "noisy")}).table
    assert board["rank_by_noise_low"].tolist() == [1, 1, 3]


def test_controls_move_no_contender_under_another_policy(new_run):
    cells, scores = hand_run(new_run)
    better = only(hand_run(new_run, noisy=(0.6, 0.9, 400.0))[1], "noisy")
    spec = dataclasses.replace(SPEC, controls=frozenset({"noisy"}))
    table = leaderboard(cells, scores, spec, alternatives={"drop": better}).table.set_index("algorithm")
    assert table.loc["steady", NOISE_COLUMNS].tolist() == [1, 1]
    assert table.loc["noisy", NOISE_COLUMNS].tolist() == [1, 1]
    assert bool(table.loc["steady", "robust"])


def test_a_frame_without_its_columns_is_refused_by_the_name_of_its_policy(new_run):
    cells, scores = hand_run(new_run)
    with pytest.raises(RequestError, match="scores under the noise policy drop: columns are missing: space, value"):
        leaderboard(cells, scores, SPEC, alternatives={"drop": scores.drop(columns=["space", "value"])})
    with pytest.raises(RequestError, match="duplicate score"):
        leaderboard(cells, scores, SPEC, alternatives={"drop": pd.concat([scores, scores])})
