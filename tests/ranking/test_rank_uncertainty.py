"""Rank intervals, chances of being first and tie letters against draws whose outcome is known."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from clusterbench.errors import RequestError
from clusterbench.ranking import AlertKind, Draws, RankingSpec, leaderboard, letters_of

SPEC = RankingSpec(reference_spaces=("standard",), metrics=("silhouette",), n_bootstrap=4000, order="score",
                   score={"silhouette": 1.0})  # fmt: skip
ALIKE = [1.0] * 10


def frames(new_run, values: dict[str, float], **options):
    run = new_run()
    for name, value in values.items():
        run.add(name, {("silhouette", "standard"): value}, **options)
    return run.frames()


def board_of(new_run, make_draws, values, drawn, *, agreement=None, **changes):
    cells, scores = frames(new_run, values)
    draws = make_draws(cells, agreement or dict.fromkeys(values, [1.0] * len(drawn["a"])), drawn)
    return leaderboard(cells, scores, dataclasses.replace(SPEC, **changes), draws=draws)


def test_the_chance_of_being_first_is_that_of_a_normal_distribution(new_run, make_draws):
    # a - b varies with variance sum of (difference - mean)^2 / (D - 1) = 10/9.
    waves = [1.0, -1.0] * 5
    drawn = {"a": [0.5] * 10, "b": [0.3 + wave for wave in waves]}
    table = board_of(new_run, make_draws, {"a": 0.5, "b": 0.3}, drawn).table.set_index("algorithm")
    expected = stats.norm.cdf(0.2 / np.sqrt(10 / 9))
    assert table.loc["a", "p_first"] == pytest.approx(expected, abs=0.03)
    assert table["p_first"].sum() == pytest.approx(1.0)
    assert table.loc["a", ["rank", "rank_low", "rank_high", "rank_median"]].tolist() == [1, 1, 2, 1]
    assert table["tie"].tolist() == ["a", "a"]


def test_entries_that_no_sample_reverses_share_no_letter(new_run, make_draws):
    drawn = {"a": [0.5, 0.501] * 5, "b": [0.1, 0.101] * 5}
    board = board_of(new_run, make_draws, {"a": 0.5, "b": 0.1}, drawn)
    assert board.table["tie"].tolist() == ["a", "b"]
    assert board.table["p_first"].tolist() == [1.0, 0.0]
    assert board.table["rank_high"].tolist() == [1, 2]
    assert "a on standard with k = 3 is the best of 2 on table, told apart from every other" in board.headline


def test_what_moves_all_entries_alike_moves_no_rank(new_run, make_draws):
    noise = np.random.default_rng(0).normal(0, 0.3, 10)
    drawn = {"a": (0.5 + noise).tolist(), "b": (0.49 + noise).tolist()}
    table = board_of(new_run, make_draws, {"a": 0.50, "b": 0.49}, drawn).table
    assert table["p_first"].tolist() == [1.0, 0.0]


def test_the_bias_of_half_the_rows_moves_no_rank(new_run, make_draws):
    drawn = {"a": [0.20, 0.21] * 5, "b": [0.80, 0.81] * 5}  # b is ahead in every draw, a in the whole table
    table = board_of(new_run, make_draws, {"a": 0.50, "b": 0.45}, drawn).table
    assert table["algorithm"].tolist() == ["a", "b"]
    assert table["p_first"].tolist() == [1.0, 0.0]


def test_k_is_chosen_again_in_every_draw(new_run, make_draws):
    run = new_run()
    for k, value in ((3, 0.5), (4, 0.4)):
        run.add("a", {("silhouette", "standard"): value}, k=k)
    run.add("b", {("silhouette", "standard"): 0.45})
    cells, scores = run.frames()
    draws = make_draws(cells, {"a": ALIKE, "b": ALIKE}, {"a": [0.5] * 10, "b": [0.45] * 10})
    four = draws.cells.loc[(draws.cells["k"] == 4) & (draws.cells["draw"] % 2 == 0), "labels_sha256"]
    draws.scores.loc[draws.scores["labels_sha256"].isin(four), "value"] = 0.9  # k = 4 is the best in five draws
    spec = dataclasses.replace(SPEC, k_policies=("silhouette",))
    again = leaderboard(cells, scores, spec, draws=draws).table.set_index("algorithm")
    fixed = dataclasses.replace(SPEC, k_policies=("fixed",), fixed_k=3)
    alone = leaderboard(cells, scores, fixed, draws=draws).table.set_index("algorithm")
    assert (again.loc["a", "k"], alone.loc["a", "p_first"]) == (3, 1.0)
    # The criterion of a is 0.5 and 0.9 in turn: a standard deviation of 0.2 sqrt(10 / 9) at a distance of 0.05.
    assert again.loc["a", "p_first"] == pytest.approx(stats.t.cdf(0.05 / (0.2 * np.sqrt(10 / 9)), 5), abs=0.03)


def test_the_stability_of_a_draw_is_its_own_agreement(new_run, make_draws):
    agreement = {"a": [0.9] * 10, "b": [0.7, 0.9] * 5}
    drawn = {"a": [0.5] * 10, "b": [0.5] * 10}
    score = {"silhouette": 1.0, "stability": 1.0}
    table = board_of(new_run, make_draws, {"a": 0.5, "b": 0.5}, drawn, agreement=agreement, score=score).table
    table = table.set_index("algorithm")
    assert table.loc["b", "stability"] == pytest.approx(0.8)
    assert table.loc["b", "p_first"] == pytest.approx(stats.t.cdf(-0.1 / (0.1 * np.sqrt(10 / 9)), 5), abs=0.03)


def test_a_draw_without_a_cut_that_passes_counts_as_the_worst_of_that_draw(new_run, make_draws):
    cells, scores = frames(new_run, {"a": 0.5, "b": 0.45, "c": 0.1})
    draws = make_draws(cells, dict.fromkeys("abc", ALIKE), {"a": [0.5] * 10, "b": [0.45] * 10, "c": [0.1] * 10})
    lost = (draws.cells["algorithm"] == "a") & (draws.cells["draw"] < 3)
    draws.cells.loc[lost, ["status", "reason"]] = ["rejected", "too small"]
    table = leaderboard(cells, scores, SPEC, draws=draws).table.set_index("algorithm")
    spread = np.std([0.1] * 3 + [0.5] * 7, ddof=1)
    assert table.loc["a", "p_first"] == pytest.approx(stats.t.cdf(0.05 / spread, 5), abs=0.03)


def test_an_entry_of_which_a_refit_failed_has_no_stability_and_no_interval(new_run, make_draws):
    cells, scores = frames(new_run, {"a": 0.5, "b": 0.4})
    agreement = {"a": [np.nan, *ALIKE[1:]], "b": ALIKE}
    board = leaderboard(
        cells, scores, SPEC, draws=make_draws(cells, agreement, {"a": [0.5] * 10, "b": [0.4, 0.41] * 5})
    )
    row = board.table.set_index("algorithm").loc["a"]
    assert row[["stability", "rank_low", "rank_high", "rank_median", "p_first"]].isna().all()
    assert row["flags"] == "stability: 1 of 10 refits on halves of the rows failed"
    assert board.table.set_index("algorithm").loc["b", ["rank_low", "rank_high"]].tolist() == [2, 2]
    assert "not measured" in board.headline


def test_without_draws_the_uncertainty_is_unknown_not_zero(new_run):
    board = leaderboard(*frames(new_run, {"a": 0.5, "b": 0.4, "c": 0.4}), SPEC)
    assert board.table[["rank_low", "rank_high", "rank_median", "p_first"]].isna().all(axis=None)
    assert board.table["tie"].tolist() == ["a", "b", "b"]
    assert "not measured" in board.headline
    assert any("rank intervals are not known" in note for note in board.notes)


def test_no_samples_can_be_asked_for(new_run, make_draws):
    drawn = {"a": [0.5, 0.6], "b": [0.4, 0.5]}
    assert board_of(new_run, make_draws, {"a": 0.5, "b": 0.4}, drawn, n_bootstrap=0).table["p_first"].isna().all()


def test_further_entries_move_no_samples_of_others(new_run, make_draws):
    values, drawn = {"a": 0.5, "b": 0.45}, {"a": [0.5, 0.6] * 5, "b": [0.45, 0.41] * 5}
    alone = board_of(new_run, make_draws, values, drawn).table.set_index("algorithm")
    far = board_of(new_run, make_draws, {**values, "z": 0.0}, {**drawn, "z": [0.0] * 10}).table.set_index("algorithm")
    assert far.loc[["a", "b"], "p_first"].tolist() == alone.loc[["a", "b"], "p_first"].tolist()


def test_the_first_entry_is_told_apart_from_all_others_at_once_or_from_some(new_run, make_draws):
    # Each of five rivals is ahead of a in about 3 % of the samples: none alone keeps it from being told apart, all do.
    rng = np.random.default_rng(4)
    names = ["a", *(f"b{number}" for number in range(5))]
    drawn = {name: rng.normal(0.0, 0.0 if name == "a" else 0.1, 40).tolist() for name in names}
    values = {name: 0.5 if name == "a" else 0.3 for name in names}
    table = board_of(new_run, make_draws, values, drawn).table.set_index("algorithm")
    p_first = table.loc["a", "p_first"]
    assert 0.8 < p_first < 0.95
    sharing = [name for name in names[1:] if letters_of(table.loc[name, "tie"]) & letters_of(table.loc["a", "tie"])]
    assert 1 <= len(sharing) < 5
    headline = board_of(new_run, make_draws, values, drawn).headline
    assert "the best" not in headline
    assert all(f"{name} on standard" in headline for name in sharing[:3])


def test_the_interval_holds_the_rank_and_the_letters_hold_the_order(make_matrix, make_draws):
    cells, scores = make_matrix(variants=4, algorithms=6, seed=3)
    rng = np.random.default_rng(0)
    drawn = {f"algo{a}": (0.02 * a + rng.normal(0, 0.01, 10)).tolist() for a in range(6)}
    draws = make_draws(cells, dict.fromkeys(drawn, ALIKE), drawn, spaces=("standard", "log1p"))
    spec = RankingSpec(reference_spaces=("standard", "log1p"), metrics=("silhouette",))
    table = leaderboard(cells, scores, spec, draws=draws).table
    assert (table["rank_low"] <= table["rank"]).all()
    assert (table["rank"] <= table["rank_high"]).all()
    assert table["p_first"].sum() >= 1
    assert "a" in letters_of(table["tie"].iloc[0])


def test_controls_are_compared_by_their_expectation(new_run, make_draws):
    run = new_run()
    run.add("a", {("silhouette", "standard"): 0.5})
    for seed, value in enumerate([0.9, *[0.1] * 19]):  # one lucky seed of twenty: a mean of 0.14
        run.add("random", {("silhouette", "standard"): value}, seed=seed)
    run.add("a", {("silhouette", "standard"): 0.3}, variant="raw")
    cells, scores = run.frames()
    drawn = {"a": [0.5, 0.45] * 5, "random": [0.9, 0.0] * 5}
    spec = dataclasses.replace(SPEC, controls=frozenset({"random"}))
    board = leaderboard(cells, scores, spec, draws=make_draws(cells, {"a": ALIKE, "random": ALIKE}, drawn))
    assert board.table.set_index("algorithm").loc["random", "silhouette@standard"] == pytest.approx(0.14)
    assert AlertKind.CONTROLS_UNBEATEN not in {alert.kind for alert in board.alerts}


def test_a_control_is_ranked_by_its_seeds_that_pass_the_gate(new_run):
    run = new_run()
    run.add("a", {("silhouette", "standard"): 0.5})
    for seed, (value, status) in enumerate([(0.9, "rejected"), (0.1, "ok"), (0.3, "ok")]):
        run.add("random", {("silhouette", "standard"): value}, seed=seed, status=status, reason="too small")
    board = leaderboard(*run.frames(), dataclasses.replace(SPEC, controls=frozenset({"random"})))
    row = board.table.set_index("algorithm").loc["random"]
    assert (row["silhouette@standard"], row["seeds"]) == (pytest.approx(0.2), 2)
    assert "random" in set(leaderboard(*run.frames(), SPEC).rejected["algorithm"])


def test_more_controls_need_more_evidence(new_run, make_draws):
    # Each control alone is beaten: p is about 0.02 for each, and five of them make 0.1.
    values, waves = {"a": 0.5, **{f"c{number}": 0.28 for number in range(5)}}, [0.5 + 0.1, 0.5 - 0.1] * 5
    drawn = {name: waves if name == "a" else [0.28] * 10 for name in values}
    for n_controls, unbeaten in ((1, False), (5, True)):
        some = {name: values[name] for name in list(values)[: 1 + n_controls]}
        board = board_of(new_run, make_draws, some, drawn, controls=frozenset(some) - {"a"})
        assert (AlertKind.CONTROLS_UNBEATEN in {alert.kind for alert in board.alerts}) == unbeaten


def test_a_k_at_the_end_of_the_range_is_an_alert(new_run):
    def alerts(ks: tuple[int, ...], best: int) -> list[str]:
        run = new_run()
        for k in ks:
            run.add("a", {("silhouette", "standard"): 0.5 if k == best else 0.1}, k=k)
        found = leaderboard(*run.frames(), dataclasses.replace(SPEC, k_policies=("silhouette",))).alerts
        return [alert.text.split(" that")[0] for alert in found if alert.kind is AlertKind.END_OF_RANGE]

    assert alerts((2, 3, 4), 4) == ["the k of the first entry is the largest"]
    assert alerts((3, 4, 5), 3) == ["the k of the first entry is the smallest"]
    assert alerts((2, 3, 4), 3) == alerts((2, 3, 4), 2) == alerts((3,), 3) == []


def test_draws_without_their_columns_are_refused(new_run):
    cells, _ = frames(new_run, {"a": 0.5})
    with pytest.raises(RequestError, match="draws: cells: columns are missing: draw, ari"):
        Draws(cells, pd.DataFrame())


def test_cuts_that_were_not_drawn_have_no_stability(new_run, make_draws):
    cells, scores = frames(new_run, {"a": 0.5, "b": 0.4})
    draws = make_draws(cells[cells["algorithm"] == "a"], {"a": ALIKE}, {"a": [0.5] * 10})
    board = leaderboard(cells, scores, dataclasses.replace(SPEC, order="mean_rank"), draws=draws)
    assert board.table["flags"].tolist() == ["", "stability: it was not fitted to halves of the rows"]


def test_an_exact_partition_is_first_in_every_sample(new_run, make_draws):
    run = new_run()
    for name, ratio in {"exact": np.inf, "far": 100.0}.items():
        run.add(name, {("calinski_harabasz", "standard"): ratio, ("silhouette", "standard"): 0.5})
    cells, scores = run.frames()
    draws = make_draws(cells, {"exact": ALIKE, "far": ALIKE}, {"exact": [np.inf] * 10, "far": [90.0, 110.0] * 5})
    draws = Draws(draws.cells, draws.scores.assign(metric="calinski_harabasz"))
    spec = RankingSpec(("standard",), ("calinski_harabasz",), k_policies=("fixed",), fixed_k=3)
    board = leaderboard(cells, scores, spec, draws=draws).table.set_index("algorithm")
    assert board.loc[["exact", "far"], "rank"].tolist() == [1, 2]
    assert board.loc["exact", "p_first"] == 1.0
    assert board["flags"].tolist() == ["", ""]
