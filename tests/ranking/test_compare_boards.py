"""Boards over several datasets: the overall board, win rates, significance, agreement of two boards."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from clusterbench.errors import RequestError
from clusterbench.ranking import RankingSpec, critical_difference, leaderboard, rank_correlation, win_rates
from clusterbench.tables import OVERALL

SPACES = ("standard", "log1p")
SPEC = RankingSpec(reference_spaces=SPACES, controls=frozenset({"random"}))
ONE = RankingSpec(reference_spaces=("standard",), metrics=("silhouette",))


def three_datasets(new_run, **levels: tuple[float | None, ...]):
    """One metric, one space, one seed; None is a labeling that the gate rejects there."""
    run = new_run()
    for name, values in levels.items():
        for d, value in enumerate(values):
            if value is None:
                run.add(name, dataset=f"data{d}", status="rejected", reason="too small")
            else:
                run.add(name, {("silhouette", "standard"): value}, dataset=f"data{d}")
    return run


def overall(board) -> pd.DataFrame:
    return board.table[board.table["dataset"] == OVERALL].set_index("algorithm")


def test_the_overall_board_averages_ranks_over_datasets(new_run):
    run = three_datasets(new_run, a=(0.9, 0.1, 0.5), b=(0.5, 0.5, 0.4), c=(0.1, 0.3, 0.3))
    board = leaderboard(*run.frames(), ONE)
    assert overall(board)["mean_rank"].to_dict() == pytest.approx({"a": 5 / 3, "b": 5 / 3, "c": 8 / 3})
    assert overall(board)["rank"].to_dict() == {"a": 1, "b": 1, "c": 3}
    assert board.table["dataset"].tolist() == [OVERALL] * 3 + ["data0"] * 3 + ["data1"] * 3 + ["data2"] * 3
    assert overall(board)[["k", "cut", "silhouette@standard", "labels_sha256"]].isna().all(axis=None)


def test_an_entry_rejected_in_one_dataset_ranks_last_there_and_is_flagged(new_run):
    run = three_datasets(new_run, a=(0.9, None, 0.9), b=(0.5, 0.5, 0.4), c=(0.1, 0.3, 0.3))
    board = leaderboard(*run.frames(), ONE)
    assert overall(board).loc["a", "mean_rank"] == pytest.approx((1 + 3 + 1) / 3)
    assert overall(board).loc["a", "flags"] == "data1: no rank there"
    assert overall(board).loc["b", "flags"] == ""


def test_an_entry_that_was_not_run_everywhere_is_not_on_the_overall_board(new_run):
    run = three_datasets(new_run, a=(0.9, 0.2, 0.9), b=(0.5, 0.5, 0.4))
    run.add("late", {("silhouette", "standard"): 0.99}, dataset="data0")
    board = leaderboard(*run.frames(), ONE)
    assert set(overall(board).index) == {"a", "b"}
    assert overall(board).loc["a", "mean_rank"] == pytest.approx((1 + 2 + 1) / 3)
    assert "late" in set(board.table["algorithm"])


def test_datasets_without_a_common_entry_have_no_overall_board(new_run):
    run = new_run()
    run.add("a", {("silhouette", "standard"): 0.1}, dataset="data0")
    run.add("b", {("silhouette", "standard"): 0.1}, dataset="data1")
    board = leaderboard(*run.frames(), ONE)
    assert OVERALL not in set(board.table["dataset"])
    assert board.headline.count("only contender") == 2


def test_the_headline_of_several_datasets_is_that_of_the_overall_board(make_matrix):
    board = leaderboard(*make_matrix(n_datasets=2, variants=2, algorithms=3), SPEC)
    assert board.headline == board.headlines[OVERALL]
    assert set(board.headlines) == {OVERALL, "data0", "data1"}
    assert "over all datasets" in board.headline


def test_a_dataset_board_does_not_depend_on_other_datasets(make_matrix):
    cells, scores = make_matrix(n_datasets=2, variants=2, algorithms=4)
    both = leaderboard(cells, scores, SPEC)
    alone = leaderboard(cells[cells["dataset"] == "data0"], scores[scores["dataset"] == "data0"], SPEC)
    mine = both.table[both.table["dataset"] == "data0"].reset_index(drop=True)
    pd.testing.assert_frame_equal(mine, alone.table)


def test_win_rates_by_hand(new_run):
    run = three_datasets(new_run, a=(0.9, 0.1, 0.5), b=(0.5, 0.5, 0.5), c=(0.1, None, 0.3))
    rates = leaderboard(*run.frames(), ONE).win_rates
    assert rates is not None
    names = rates.index.get_level_values("algorithm").tolist()
    plain = pd.DataFrame(rates.to_numpy(), index=names, columns=names)
    assert plain.loc["a", "b"] == pytest.approx((1 + 0 + 0.5) / 3)
    assert plain.loc["a", "c"] == pytest.approx(1.0)
    assert plain.loc["c", "b"] == 0.0
    np.testing.assert_allclose(plain + plain.T, 1.0)


def test_there_are_win_rates_from_three_datasets_and_tests_from_ten(make_matrix):
    two = leaderboard(*make_matrix(n_datasets=2, variants=1, algorithms=3, ks=(3,)), SPEC)
    three = leaderboard(*make_matrix(n_datasets=3, variants=1, algorithms=3, ks=(3,)), SPEC)
    ten = leaderboard(*make_matrix(n_datasets=10, variants=1, algorithms=3, ks=(3,)), SPEC)
    assert (two.win_rates, two.significance, three.significance) == (None, None, None)
    assert three.win_rates is not None
    assert ten.significance is not None
    assert ten.significance.n_datasets == 10


def test_a_sub_table_gives_the_sub_matrix(make_matrix):
    board = leaderboard(*make_matrix(n_datasets=3, variants=2, algorithms=4), SPEC)
    full = win_rates(board.table, SPEC)
    some = board.table[board.table["algorithm"].isin(["algo1", "algo3"])]
    part = win_rates(some, SPEC)
    pd.testing.assert_frame_equal(part, full.loc[part.index, part.columns])


def test_win_rates_and_mean_ranks_tell_the_same(make_matrix):
    # The mean rank is 1 plus the share of losses against every other: Borda's count.
    board = leaderboard(*make_matrix(n_datasets=3, variants=2, algorithms=4), SPEC)
    rates = win_rates(board.table, SPEC)
    lost = (1 - rates.to_numpy()).sum(axis=1) + 0.5
    rows = board.table[board.table["dataset"] == OVERALL].set_index(["algorithm", "params", "variant", "k_policy"])
    np.testing.assert_allclose(rows.loc[rates.index, "mean_rank"], lost, atol=1e-8)


def places(n: int, seed: int = 0, shift: float = 1.0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    levels = rng.normal(size=(n, 4)) + shift * np.arange(4)
    return pd.DataFrame(stats.rankdata(levels, axis=1), columns=list("abcd"))


def test_the_critical_difference_of_demsar():
    # Table 5 of Demsar (2006): q = 2.569 for 4 classifiers at 0.05; 14 data sets give 1.25.
    result = critical_difference(places(14))
    assert result.nemenyi_difference == pytest.approx(2.569 * np.sqrt(4 * 5 / (6 * 14)), abs=1e-3)
    assert result.friedman_p == pytest.approx(stats.friedmanchisquare(*places(14).to_numpy().T).pvalue)
    assert result.average_rank.index.tolist() == ["a", "b", "c", "d"]


def test_holm_steps_down_and_never_falls():
    table = places(12, shift=0.8)
    raw = {
        (i, j): stats.wilcoxon(table[i], table[j], zero_method="pratt", method="asymptotic").pvalue
        for i, j in [("a", "b"), ("a", "c"), ("a", "d"), ("b", "c"), ("b", "d"), ("c", "d")]
    }
    ordered = sorted(raw, key=raw.get)
    result = critical_difference(table).p_values
    running = 0.0
    for place, pair in enumerate(ordered):
        running = max(running, min(1.0, raw[pair] * (6 - place)))
        assert result.loc[pair] == pytest.approx(running)


def test_cliques_are_runs_without_a_significant_pair():
    table = pd.DataFrame(np.tile([1.0, 2.0, 3.0, 4.0], (30, 1)), columns=list("abcd"))
    table.loc[::2, ["a", "b"]] = [2.0, 1.0]
    result = critical_difference(table)
    assert result.cliques == ((0, 1),)
    equal = pd.DataFrame(np.full((12, 3), 2.0), columns=list("abc"))
    nothing = critical_difference(equal)
    assert nothing.cliques == ((0, 1, 2),)
    assert nothing.friedman_p == 1.0


def test_two_entries_are_compared_by_the_signed_rank_test():
    table = pd.DataFrame({"a": [1.0] * 12, "b": [2.0] * 12})
    result = critical_difference(table)
    assert result.friedman_p == result.p_values.loc["a", "b"] < 0.01


def test_few_datasets_are_not_tested():
    with pytest.raises(RequestError, match="9 datasets and 4 entries"):
        critical_difference(places(9))


def test_a_board_agrees_with_itself_and_not_with_its_reverse(make_matrix):
    board = leaderboard(*make_matrix(variants=2, algorithms=4), SPEC).table
    assert rank_correlation(board, board) == (pytest.approx(1.0), 8)
    reverse = board.assign(mean_rank=-board["mean_rank"])
    assert rank_correlation(board, reverse).rho == pytest.approx(-1.0)


def test_agreement_is_spearman_over_shared_contenders(make_matrix):
    spec = dataclasses.replace(SPEC, controls=frozenset({"algo0"}))
    first = leaderboard(*make_matrix(variants=2, algorithms=4, seed=1), spec).table
    second = leaderboard(*make_matrix(variants=3, algorithms=5, seed=2), spec).table
    result = rank_correlation(first, second)
    key = ["algorithm", "variant"]
    both = first[~first["control"]].merge(second[~second["control"]], on=key)
    assert result.n_shared == len(both) == 6
    assert result.rho == pytest.approx(stats.spearmanr(both["mean_rank_x"], both["mean_rank_y"]).statistic)


def test_nothing_shared_has_no_agreement(make_matrix):
    board = leaderboard(*make_matrix(variants=1, algorithms=2), SPEC).table
    assert np.isnan(rank_correlation(board, board.assign(algorithm="other")).rho)
    flat = board.assign(mean_rank=1.0)
    assert np.isnan(rank_correlation(board, flat).rho)


def test_several_datasets_are_compared_by_their_overall_board(make_matrix):
    board = leaderboard(*make_matrix(n_datasets=2, variants=2, algorithms=3), SPEC).table
    assert rank_correlation(board, board) == (pytest.approx(1.0), 6)
    with pytest.raises(RequestError, match="second board: several datasets"):
        rank_correlation(board, board[board["dataset"] != OVERALL])
