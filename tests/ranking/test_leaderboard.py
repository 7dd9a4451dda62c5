"""The leaderboard against numbers worked out by hand, and the laws it must keep."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from clusterbench.metrics import CENTROIDS, GROWTH, Direction
from clusterbench.ranking import RankingSpec, leaderboard

SPACES = ("standard", "log1p")
SPEC = RankingSpec(reference_spaces=SPACES)
NAN = float("nan")

# Per entry: silhouette (two spaces), Davies-Bouldin (two), Calinski-Harabasz (two).
HAND = {
    "a": (0.5, 0.20, 1.0, 1.1, 500.0, 100.0),
    "b": (0.4, 0.30, 0.8, 1.2, 400.0, 100.0004),  # the last equals a's after rounding to 3 digits
    "c": (0.3, 0.10, 1.5, 1.3, 300.0, 90.0),
    "d": (0.3, 0.25, 2.0, 1.0, 200.0, 80.0),  # ties with c in the first column
    "e": (0.1, 0.05, 0.9, NAN, 100.0, 70.0),  # one score is missing
}
# Ranks:  a 1   3 3 2 1 1.5   b 2   1 1 3 2 1.5   c 3.5 4 4 4 3 3   d 3.5 2 5 1 4 4   e 5 5 2 5 5 5
MEAN_RANKS = {"a": 11.5 / 6, "b": 10.5 / 6, "c": 21.5 / 6, "d": 19.5 / 6, "e": 27.0 / 6}


def values_of(numbers) -> dict[tuple[str, str], float]:
    keys = [(metric, space) for metric in SPEC.metrics for space in SPACES]
    return dict(zip(keys, numbers, strict=True))


def hand_run(new_run, **changes):
    run = new_run()
    for name, numbers in HAND.items():
        run.add(name, values_of(numbers), **changes)
    return run


def by_algorithm(board, *names: str) -> pd.DataFrame:
    return board.table.set_index("algorithm")[list(names)]


def test_five_entries_by_hand(new_run):
    board = leaderboard(*hand_run(new_run).frames(), SPEC)
    assert board.table["algorithm"].tolist() == ["b", "a", "d", "c", "e"]
    assert board.table["rank"].tolist() == [1, 2, 3, 4, 5]
    expected = [round(MEAN_RANKS[name], 9) for name in "badce"]
    assert board.table["mean_rank"].tolist() == expected
    assert board.table["silhouette@log1p"].tolist() == [0.30, 0.20, 0.25, 0.10, 0.05]


def test_five_entries_with_stability_by_hand(new_run, make_draws):
    cells, scores = hand_run(new_run).frames()
    draws = make_draws(cells, {"a": [0.9], "b": [0.5], "c": [0.8], "d": [0.7], "e": [0.6]})  # ranks 1 5 2 3 4
    board = leaderboard(cells, scores, SPEC, draws=draws)
    assert by_algorithm(board, "mean_rank")["mean_rank"].to_dict() == {
        "a": round((11.5 / 6 + 1) / 2, 9),
        "c": round((21.5 / 6 + 2) / 2, 9),
        "d": round((19.5 / 6 + 3) / 2, 9),
        "b": round((10.5 / 6 + 5) / 2, 9),
        "e": round((27.0 / 6 + 4) / 2, 9),
    }
    half = leaderboard(cells, scores, dataclasses.replace(SPEC, weights={"stability": 0.5}), draws=draws)
    assert half.table["mean_rank"].iloc[0] == round((11.5 / 6 + 0.5) / 1.5, 9)
    assert by_algorithm(board, "stability")["stability"].to_dict()["c"] == 0.8


def test_a_missing_score_ranks_last_and_is_flagged(new_run):
    board = leaderboard(*hand_run(new_run).frames(), SPEC)
    row = by_algorithm(board, "flags", "davies_bouldin@log1p").loc["e"]
    assert row["flags"] == "davies_bouldin@log1p: one cluster besides noise"
    assert np.isnan(row["davies_bouldin@log1p"])
    assert board.table["flags"].tolist()[:4] == [""] * 4
    assert "table: 1 ranked entry lacks a score, which ranks last" in [str(alert) for alert in board.alerts]


def test_a_score_that_one_seed_lacks_is_missing_not_a_mean_over_the_rest(new_run):
    run = hand_run(new_run, seed=0)
    for name, numbers in HAND.items():
        again = values_of(numbers)
        if name == "b":
            del again["calinski_harabasz", "standard"]
        run.add(name, again, seed=1)
    board = leaderboard(*run.frames(), SPEC)
    row = by_algorithm(board, "flags", "calinski_harabasz@standard", "seeds").loc["b"]
    assert row["flags"] == "calinski_harabasz@standard: no score was recorded"
    assert np.isnan(row["calinski_harabasz@standard"])
    assert row["seeds"] == 2


def test_scores_are_means_over_seeds(new_run):
    run = new_run()
    for seed, shift in ((0, 0.0), (1, 0.1), (2, 0.5)):
        run.add("a", values_of(np.array(HAND["a"]) + shift), seed=seed)
    board = leaderboard(*run.frames(), SPEC)
    assert board.table["silhouette@standard"].tolist() == pytest.approx([0.5 + 0.2])


def test_own_space_scores_are_shown_and_never_ranked(new_run):
    run = hand_run(new_run)
    for cell in list(run.cells):
        own = {"a": 0.0, "e": 0.99}.get(cell["algorithm"], 0.5)
        row = next(score for score in run.scores if score["algorithm"] == cell["algorithm"])
        run.scores.append({**row, "space": "own", "metric": "silhouette", "value": own})
    with_own = leaderboard(*run.frames(), SPEC)
    assert with_own.table["mean_rank"].tolist() == [round(MEAN_RANKS[name], 9) for name in "badce"]
    assert with_own.table["silhouette@own"].tolist()[-1] == 0.99
    assert not next(column for column in with_own.columns if column.name == "silhouette@own").ranked


def test_a_rejected_outlier_split_has_no_rank_but_its_reason_and_sizes(new_run):
    run = hand_run(new_run)
    reason = "smallest cluster has 1 of 8950 rows, needs 90"
    facts = {"status": "rejected", "reason": reason, "smallest": 1, "largest": 8949, "n_rows": 8950}
    run.add("single", values_of((0.841, 0.8, 0.11, 0.1, 999.0, 999.0)), k=2, **facts)
    board = leaderboard(*run.frames(), SPEC)
    assert "single" not in set(board.table["algorithm"])
    refused = board.rejected.iloc[0]
    assert refused[["algorithm", "status", "reason", "smallest", "largest", "k", "cells"]].tolist() == [
        "single", "rejected", reason, 1, 8949, 2, "1 rejected",
    ]  # fmt: skip
    assert refused["silhouette"] == pytest.approx(0.8205)
    assert board.table["mean_rank"].tolist() == [round(MEAN_RANKS[name], 9) for name in "badce"]


def test_failures_are_listed_and_counted(new_run):
    run = hand_run(new_run)
    for k in (2, 3):
        run.add("slow", k=k, status="timeout", reason="ran longer than 60 s")
    board = leaderboard(*run.frames(), SPEC)
    assert board.rejected[["algorithm", "status", "reason", "cells"]].to_numpy().tolist() == [
        ["slow", "timeout", "ran longer than 60 s", "2 timeout"]
    ]
    assert "2 timeout of 7 cells" in [str(alert) for alert in board.alerts]


def test_the_order_of_the_input_rows_changes_nothing(make_matrix):
    cells, scores = make_matrix(variants=3, algorithms=4, n_datasets=2)
    straight = leaderboard(cells, scores, SPEC)
    mixed = leaderboard(cells.sample(frac=1, random_state=1), scores.sample(frac=1, random_state=2), SPEC)
    pd.testing.assert_frame_equal(straight.table, mixed.table)
    pd.testing.assert_frame_equal(straight.sensitivity, mixed.sensitivity)
    assert straight.headline == mixed.headline


def test_two_runs_give_the_same_board_and_another_seed_another_bootstrap(make_matrix):
    cells, scores = make_matrix(variants=3, algorithms=4)
    scores["value"] = np.random.default_rng(0).permutation(scores["value"].to_numpy())
    first = leaderboard(cells, scores, SPEC).table
    pd.testing.assert_frame_equal(first, leaderboard(cells, scores, SPEC).table)
    other = leaderboard(cells, scores, dataclasses.replace(SPEC, seed=1)).table
    assert first["rank"].tolist() == other["rank"].tolist()
    assert first["p_first"].tolist() != other["p_first"].tolist()


@pytest.mark.parametrize("facts", SPEC.facts, ids=SPEC.metrics)
def test_negating_a_metric_and_flipping_its_direction_keeps_every_rank(make_matrix, facts):
    cells, scores = make_matrix(variants=3, algorithms=4, ks=(3,))
    before = leaderboard(cells, scores, SPEC).table
    direction = Direction.LOWER if facts.direction is Direction.HIGHER else Direction.HIGHER
    flipped = dataclasses.replace(SPEC, facts=(dataclasses.replace(facts, direction=direction),))
    scores.loc[scores["metric"] == facts.name, "value"] *= -1
    after = leaderboard(cells, scores, flipped).table
    same = ["rank", "rank_low", "rank_high", "p_first", "tie", "algorithm", "variant", "mean_rank", "robust"]
    pd.testing.assert_frame_equal(before[same], after[same])


def test_duplicates_share_a_rank_even_where_their_stability_differs(new_run, make_draws):
    run = hand_run(new_run)
    run.add("a", values_of(HAND["a"]), params={"n_init": 10})
    cells, scores = run.frames()
    cells.loc[5, "labels_sha256"] = cells.loc[0, "labels_sha256"]
    draws = make_draws(cells, {"a": [0.9], "b": [0.5], "c": [0.8], "d": [0.7], "e": [0.6]})
    draws.cells.loc[5, "ari"] = 0.1
    board = leaderboard(cells, scores, SPEC, draws=draws)
    twins = board.table[board.table["algorithm"] == "a"]
    assert sorted(twins["stability"]) == [0.1, 0.9]
    for name in ("rank", "mean_rank", "tie"):
        assert len(set(twins[name])) == 1


def test_a_clone_shares_rank_interval_letters_and_chances(make_matrix):
    cells, scores = make_matrix(variants=2, algorithms=5)
    clone_cells, clone_scores = (
        frame[frame["algorithm"] == "algo4"].assign(algorithm="clone") for frame in (cells, scores)
    )
    board = leaderboard(pd.concat([cells, clone_cells]), pd.concat([scores, clone_scores]), SPEC).table
    same = ["variant", "rank", "rank_low", "rank_high", "rank_median", "p_first", "tie", "mean_rank"]
    original, clone = (
        board.loc[board["algorithm"] == name, same].reset_index(drop=True) for name in ("algo4", "clone")
    )
    pd.testing.assert_frame_equal(original, clone)


def random_baselines() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    rows = []
    for k in (2, 3, 4, 5):
        for space in SPACES:
            for metric, center in (("silhouette", 0.0), ("davies_bouldin", 3.0), ("calinski_harabasz", 500.0)):
                for r, value in enumerate(rng.normal(center, 0.1, size=20)):
                    generator = CENTROIDS if r < 10 else GROWTH
                    rows.append(("data0", space, k, generator, r, metric, value, True))
    return pd.DataFrame(rows, columns=["dataset", "space", "k", "generator", "replicate", "metric", "value", "passes"])


def test_a_control_or_a_clone_moves_no_z_and_no_score_and_a_control_no_rank(make_matrix):
    cells, scores = make_matrix(variants=2, algorithms=5)
    baselines = random_baselines()
    spec = dataclasses.replace(SPEC, controls=frozenset({"random"}))
    before = leaderboard(cells, scores, spec, baselines=baselines)
    copies = [frame[frame["algorithm"] == "algo2"].assign(algorithm="random") for frame in (cells, scores)]
    frames = [pd.concat(pair) for pair in zip((cells, scores), copies, strict=True)]
    as_control = leaderboard(*frames, spec, baselines=baselines)
    contenders = as_control.table[~as_control.table["control"]].reset_index(drop=True)
    pd.testing.assert_frame_equal(contenders, before.table)
    assert [(a, b) for a, b in zip(before.columns, as_control.columns, strict=True) if a.name != b.name] == []

    as_clone = leaderboard(*frames, SPEC, baselines=baselines).table
    values = [name for name in before.table.columns if "@" in name or name == "calibrated"]
    key = ["algorithm", "variant"]
    kept = as_clone[as_clone["algorithm"] != "random"].sort_values(key).reset_index(drop=True)
    pd.testing.assert_frame_equal(kept[values], before.table.sort_values(key).reset_index(drop=True)[values])


def test_a_control_has_the_rank_it_would_have_had(make_matrix):
    cells, scores = make_matrix(variants=1, algorithms=5)
    competing = leaderboard(cells, scores, SPEC).table.set_index("algorithm")
    spec = dataclasses.replace(SPEC, controls=frozenset({"algo4"}))
    apart = leaderboard(cells, scores, spec).table.set_index("algorithm")
    assert competing.loc["algo4", "rank"] == apart.loc["algo4", "rank"] == 1
    assert apart.loc["algo3", "rank"] == 1
    assert apart["control"].sum() == 1
    assert not apart.loc["algo4", "pareto"]


def test_z_columns_stand_beside_raw_ones_and_calibrated_is_their_mean(make_matrix):
    cells, scores = make_matrix(variants=1, algorithms=3)
    baselines = random_baselines()
    board = leaderboard(cells, scores, SPEC, baselines=baselines)
    z_names = [f"z:{metric}@{space}" for metric in SPEC.metrics for space in SPACES]
    np.testing.assert_allclose(board.table["calibrated"], board.table[z_names].mean(axis=1))
    np.testing.assert_allclose(board.table["calibrated"], board.table[["z_centroids", "z_growth"]].min(axis=1))
    np.testing.assert_allclose(board.table["beaten"], board.table[["beaten_centroids", "beaten_growth"]].min(axis=1))
    row = board.table.iloc[0]
    same = (baselines["k"] == row["k"]) & (baselines["space"] == "log1p") & (baselines["metric"] == "davies_bouldin")
    harder = CENTROIDS if row["z_centroids"] < row["z_growth"] else GROWTH
    random = baselines.loc[same & (baselines["generator"] == harder), "value"]
    assert row["z:davies_bouldin@log1p"] == pytest.approx(-(row["davies_bouldin@log1p"] - random.mean()) / random.std())
    names = [column.name for column in board.columns]
    assert names.index("z:silhouette@standard") == names.index("silhouette@standard") + 1
    assert board.table["k_policy"].unique().tolist() == ["calibrated"]


def test_oracle_entries_are_marked_and_ranked_apart(make_matrix):
    cells, scores = make_matrix(variants=2, algorithms=3)
    told = dataclasses.replace(SPEC, k_policies=("silhouette", "oracle"), true_k={"data0": 4})
    board = leaderboard(cells, scores, told)
    blind = board.table[~board.table["oracle"]].reset_index(drop=True)
    pd.testing.assert_frame_equal(blind, leaderboard(cells, scores, SPEC).table)
    oracle = board.table[board.table["oracle"]]
    assert oracle["k"].tolist() == [4] * 6
    assert oracle["rank"].iloc[0] == 1
    assert (oracle["mean_rank"].diff().dropna() >= 0).all()
    assert "with the true k given" in board.headline


def test_sensitivity_names_every_rule_and_agrees_with_boards_made_by_that_rule(make_matrix):
    cells, scores = make_matrix(variants=2, algorithms=4, ks=(3,))
    board = leaderboard(cells, scores, SPEC)
    rules = board.sensitivity[["kind", "what"]].drop_duplicates().to_numpy().tolist()
    assert rules == [
        *[["without metric", metric] for metric in SPEC.metrics],
        *[["only metric", metric] for metric in SPEC.metrics],
        *[["only space", space] for space in SPACES],
    ]
    key = ["algorithm", "variant"]
    for kind, what in rules:
        changed = {"reference_spaces": (what,)} if kind == "only space" else {}
        if kind != "only space":
            changed["metrics"] = tuple(m for m in SPEC.metrics if (m == what) == (kind == "only metric"))
        alone = leaderboard(cells, scores, dataclasses.replace(SPEC, **changed)).table.sort_values(key)
        mine = board.sensitivity.query("kind == @kind and what == @what").sort_values(key)
        assert mine["rank"].tolist() == alone["rank"].tolist()


def test_rank_ranges_and_the_robust_mark_follow_from_the_sensitivity(make_matrix):
    cells, scores = make_matrix(variants=3, algorithms=4, ks=(3,))
    board = leaderboard(cells, scores, SPEC)
    for _, row in board.table.iterrows():
        mine = board.sensitivity[
            (board.sensitivity["algorithm"] == row["algorithm"]) & (board.sensitivity["variant"] == row["variant"])
        ]
        spaces = mine.loc[mine["kind"] == "only space", "rank"]
        without = mine.loc[mine["kind"] == "without metric", "rank"]
        assert (row["rank_by_space_low"], row["rank_by_space_high"]) == (spaces.min(), spaces.max())
        assert (row["rank_without_metric_low"], row["rank_without_metric_high"]) == (without.min(), without.max())
        assert row["robust"] == (max(spaces.max(), without.max()) <= row["rank"])


def test_the_pareto_mark_weighs_mean_rank_against_stability_and_not_time(new_run, make_draws):
    marks = []
    for seconds in (1.0, 1e-3, 1e3):
        run = new_run()
        for number, (name, numbers) in enumerate(HAND.items()):
            run.add(name, values_of(numbers), fit_seconds=seconds ** (number + 1))
        cells, scores = run.frames()
        draws = make_draws(cells, {"a": [0.5], "b": [0.4], "c": [0.9], "d": [0.4], "e": [0.8]})
        spec = dataclasses.replace(SPEC, weights={"stability": 0.0})
        table = by_algorithm(leaderboard(cells, scores, spec, draws=draws), "mean_rank", "stability", "pareto")
        best = table.sort_values(["mean_rank", "stability"], ascending=[True, False])
        front = best["stability"] > best["stability"].cummax().shift(fill_value=0.0)
        assert table["pareto"].to_dict() == front.to_dict()
        marks.append(table["pareto"].to_dict())
    assert marks[0] == marks[1] == marks[2]
    assert 1 < sum(marks[0].values()) < 5


def test_a_run_in_which_nothing_passes_still_makes_a_board(new_run):
    run = new_run()
    run.add("a", None, status="failed", reason="ValueError: no")
    cells = pd.DataFrame(run.cells)
    empty = pd.DataFrame(columns=["space", "metric", "value", *cells.columns])
    board = leaderboard(cells, empty, SPEC)
    assert board.table.empty
    assert list(board.table.columns) == [column.name for column in board.columns]
    assert board.headline == "No contender could be ranked on table."
    assert board.rejected["reason"].tolist() == ["ValueError: no"]
    assert board.sensitivity.empty


def test_only_controls_make_a_board_without_a_first_contender(new_run):
    board = leaderboard(*hand_run(new_run).frames(), dataclasses.replace(SPEC, controls=frozenset(HAND)))
    assert board.table["control"].all()
    assert board.headline == "No contender could be ranked on table."
