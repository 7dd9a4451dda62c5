"""Rank intervals, chances of being first and tie letters against draws whose outcome is known."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest

from clusterbench.errors import RequestError
from clusterbench.metrics import Direction, MetricFacts
from clusterbench.ranking import RankingSpec, leaderboard, letters_of

SPEC = RankingSpec(reference_spaces=("standard",), metrics=("silhouette",), n_bootstrap=2000)


def seeds_run(new_run, seeds: dict[str, list[float]]):
    run = new_run()
    for name, values in seeds.items():
        for seed, value in enumerate(values):
            run.add(name, {("silhouette", "standard"): value}, seed=seed)
    return run


def replicates(cells: pd.DataFrame, noise: dict[str, list[float]]) -> pd.DataFrame:
    """Row replicates: the algorithm's noise, on top of a bias that all share."""
    rows = [
        (cell["dataset"], cell["labels_sha256"], "standard", "silhouette", r, 0.7 + shift)
        for _, cell in cells.iterrows()
        for r, shift in enumerate(noise[cell["algorithm"]])
    ]
    return pd.DataFrame(rows, columns=["dataset", "labels_sha256", "space", "metric", "replicate", "value"])


def test_the_chance_of_being_first_over_seeds(new_run):
    # b is above a in a draw of three seeds unless the third is never drawn: 1 - (2/3)^3.
    cells, scores = seeds_run(new_run, {"a": [0.5] * 3, "b": [0.4, 0.4, 0.8]}).frames()
    board = leaderboard(cells, scores, SPEC).table.set_index("algorithm")
    assert board.loc["b", "p_first"] == pytest.approx(1 - (2 / 3) ** 3, abs=0.03)
    assert board.loc["a", "p_first"] == pytest.approx((2 / 3) ** 3, abs=0.03)
    assert board.loc["b", ["rank", "rank_low", "rank_high", "rank_median"]].tolist() == [1, 1, 2, 1]
    assert board.loc["a", "tie"] == board.loc["b", "tie"] == "a"


def test_entries_that_no_draw_reverses_share_no_letter(new_run):
    cells, scores = seeds_run(new_run, {"a": [0.5, 0.51, 0.52], "b": [0.1, 0.11, 0.12]}).frames()
    board = leaderboard(cells, scores, SPEC).table
    assert board["tie"].tolist() == ["a", "b"]
    assert board["p_first"].tolist() == [1.0, 0.0]
    assert board["rank_high"].tolist() == [1, 2]


def test_rows_are_resampled_where_replicates_are_given(new_run):
    cells, scores = seeds_run(new_run, {"a": [0.50], "b": [0.455]}).frames()
    shifts = np.linspace(-0.1, 0.1, 21)  # b is ahead where its shift is above 0.045: 6 of 21
    noise = {"a": [0.0] * 21, "b": shifts.tolist()}
    board = leaderboard(cells, scores, SPEC, replicates=replicates(cells, noise))
    table = board.table.set_index("algorithm")
    assert table.loc["b", "p_first"] == pytest.approx(6 / 21, abs=0.03)
    assert table.loc["a", "tie"] == "a"
    assert any("rows resampled" in note for note in board.notes)


def test_the_bias_that_replicates_share_moves_no_rank(new_run):
    cells, scores = seeds_run(new_run, {"a": [0.50], "b": [0.45]}).frames()
    noise = {"a": [-0.30, -0.32], "b": [0.30, 0.32]}  # b's replicates are all far above a's
    board = leaderboard(cells, scores, SPEC, replicates=replicates(cells, noise)).table
    assert board["algorithm"].tolist() == ["a", "b"]
    assert board["p_first"].tolist() == [1.0, 0.0]


def test_all_entries_take_the_same_row_replicate(new_run):
    # Their common noise is far larger than their difference, and cancels in every draw.
    cells, scores = seeds_run(new_run, {"a": [0.50], "b": [0.49]}).frames()
    noise = np.random.default_rng(0).normal(0, 0.3, size=40).tolist()
    board = leaderboard(cells, scores, SPEC, replicates=replicates(cells, {"a": noise, "b": noise})).table
    assert board["p_first"].tolist() == [1.0, 0.0]
    assert board["tie"].tolist() == ["a", "b"]


def test_a_labeling_without_replicates_keeps_its_score(new_run):
    cells, scores = seeds_run(new_run, {"a": [0.50], "b": [0.45]}).frames()
    some = replicates(cells[cells["algorithm"] == "b"], {"b": [-0.2, 0.0, 0.2]})
    table = leaderboard(cells, scores, SPEC, replicates=some).table.set_index("algorithm")
    assert table.loc["b", "p_first"] == pytest.approx(1 / 3, abs=0.04)


def test_replicates_of_other_labels_spaces_and_metrics_are_ignored(new_run):
    cells, scores = seeds_run(new_run, {"a": [0.50], "b": [0.45]}).frames()
    table = replicates(cells, {"a": [0.0, 0.1], "b": [0.1, 0.0]})
    other = pd.concat([table.assign(space="own"), table.assign(metric="dunn"), table.assign(labels_sha256="0" * 64)])
    board = leaderboard(cells, scores, SPEC, replicates=other)
    assert board.table["p_first"].isna().all()


def test_where_nothing_is_resampled_the_uncertainty_is_unknown_not_zero(new_run):
    cells, scores = seeds_run(new_run, {"a": [0.5], "b": [0.4], "c": [0.4]}).frames()
    board = leaderboard(cells, scores, SPEC)
    assert board.table[["rank_low", "rank_high", "rank_median", "p_first"]].isna().all(axis=None)
    assert board.table["tie"].tolist() == ["a", "b", "b"]
    assert "not measured" in board.headline
    assert any("rank intervals are not known" in note for note in board.notes)


def test_no_draws_can_be_asked_for(new_run):
    cells, scores = seeds_run(new_run, {"a": [0.5, 0.6], "b": [0.4, 0.5]}).frames()
    spec = RankingSpec(reference_spaces=("standard",), metrics=("silhouette",), n_bootstrap=0)
    assert leaderboard(cells, scores, spec).table["p_first"].isna().all()


def test_an_entry_with_one_seed_does_not_vary_beside_those_with_more(new_run):
    cells, scores = seeds_run(new_run, {"tree": [0.45], "kmeans": [0.4, 0.5, 0.6]}).frames()
    table = leaderboard(cells, scores, SPEC).table.set_index("algorithm")
    # The mean of three of (0.4, 0.5, 0.6) is below 0.45 for 4 of 27 draws: three 0.4 or two 0.4 and one 0.5.
    assert table.loc["tree", "p_first"] == pytest.approx(4 / 27, abs=0.025)


def test_further_entries_move_no_draws_of_others(new_run):
    first = {"a": [0.5] * 3, "b": [0.4, 0.4, 0.8]}
    alone = leaderboard(*seeds_run(new_run, first).frames(), SPEC).table.set_index("algorithm")
    far = {**first, "z": [0.0] * 5}
    joined = leaderboard(*seeds_run(new_run, far).frames(), SPEC).table.set_index("algorithm")
    assert joined.loc[["a", "b"], "p_first"].tolist() == alone.loc[["a", "b"], "p_first"].tolist()


def test_the_interval_holds_the_rank_and_the_letters_hold_the_order(make_matrix):
    cells, scores = make_matrix(variants=4, algorithms=6, seed=3)
    table = leaderboard(cells, scores, RankingSpec(reference_spaces=("standard", "log1p"))).table
    assert (table["rank_low"] <= table["rank"]).all()
    assert (table["rank"] <= table["rank_high"]).all()
    assert table["p_first"].sum() >= 1
    assert "a" in letters_of(table["tie"].iloc[0])


def test_a_control_has_letters_like_any_entry_and_after_the_contenders(new_run):
    cells, scores = seeds_run(new_run, {"a": [0.5] * 3, "random": [0.4, 0.4, 0.8], "zero": [0.0] * 3}).frames()
    spec = RankingSpec(reference_spaces=("standard",), metrics=("silhouette",), controls=frozenset({"random", "zero"}))
    board = leaderboard(cells, scores, spec)
    ties = board.table.set_index("algorithm")["tie"].to_dict()
    # Where a is ahead of both controls, both come second: their places count contenders alone.
    assert ties == {"a": "a", "random": "ab", "zero": "b"}
    assert "Controls are not beaten: random on standard with k = 3." in board.headline


def test_replicates_without_their_columns_are_refused(new_run):
    cells, scores = seeds_run(new_run, {"a": [0.5]}).frames()
    with pytest.raises(RequestError, match="replicates: columns are missing: labels_sha256, space"):
        leaderboard(
            cells, scores, SPEC, replicates=pd.DataFrame({"dataset": [], "metric": [], "value": [], "replicate": []})
        )


def refitted(cells: pd.DataFrame, refits: dict[str, list[float]]) -> pd.DataFrame:
    """Stability of the first seed: the index of every refit, and their mean."""
    first = cells[cells["seed"] == 0][["dataset", "algorithm", "params", "variant", "cut", "seed"]].copy()
    first["mean_ari"] = [float(np.mean(refits[name])) for name in first["algorithm"]]
    return first.assign(refits=[json.dumps(refits[name]) for name in first["algorithm"]])


def test_stability_is_drawn_anew_from_its_refits(new_run):
    cells, scores = seeds_run(new_run, {"a": [0.5] * 2, "b": [0.5] * 2}).frames()
    # Equal scores: the mean over two refits decides. b is ahead where both draws are its second refit, 1 of 4; equal
    # means do not occur.
    refits = {"a": [0.9, 0.9], "b": [0.0, 0.95]}
    table = leaderboard(cells, scores, SPEC, stability=refitted(cells, refits)).table.set_index("algorithm")
    assert table.loc["b", "p_first"] == pytest.approx(0.25, abs=0.03)
    assert table["tie"].tolist() == ["a", "a"]


def test_a_hair_of_stability_tells_nobody_apart(new_run):
    cells, scores = seeds_run(new_run, {"a": [0.5] * 2, "b": [0.5] * 2}).frames()
    rng = np.random.default_rng(0)
    refits = {name: [0.9 + 1e-5 * (name == "a") + x for x in rng.normal(0, 0.05, 10)] for name in "ab"}
    table = leaderboard(cells, scores, SPEC, stability=refitted(cells, refits)).table
    assert table["tie"].tolist() == ["a", "a"]
    assert table["rank_high"].tolist() == [2, 2]


def test_means_without_their_refits_are_the_same_in_every_draw(new_run):
    cells, scores = seeds_run(new_run, {"a": [0.5] * 2, "b": [0.5] * 2}).frames()
    stability = refitted(cells, {"a": [0.9], "b": [0.8]}).drop(columns="refits")
    table = leaderboard(cells, scores, SPEC, stability=stability).table
    assert table["p_first"].tolist() == [1.0, 0.0]


def test_entries_with_different_numbers_of_refits_are_refused(new_run):
    cells, scores = seeds_run(new_run, {"a": [0.5] * 2, "b": [0.5] * 2}).frames()
    with pytest.raises(RequestError, match="different numbers of refits"):
        leaderboard(cells, scores, SPEC, stability=refitted(cells, {"a": [0.9], "b": [0.8, 0.8]}))


WIDTH = MetricFacts(name="width", direction=Direction.LOWER, formula="f", no_row_bootstrap="it takes minutes")


def test_a_metric_without_row_bootstrap_is_noted_and_has_its_score_in_every_draw(new_run):
    run = new_run()
    for name, silhouette, width in (("a", 0.50, 1.0), ("b", 0.455, 2.0)):
        run.add(name, {("silhouette", "standard"): silhouette, ("width", "standard"): width})
    cells, scores = run.frames()
    rows = replicates(cells, {"a": [0.0] * 21, "b": np.linspace(-0.1, 0.1, 21).tolist()})
    rows = pd.concat([rows, rows.assign(metric="width", value=np.nan)])
    spec = dataclasses.replace(SPEC, metrics=("silhouette", "width"), weights={"width": 0.5}, facts=(WIDTH,))
    board = leaderboard(cells, scores, spec, replicates=rows)
    # Where b has the better silhouette, it is first by the larger weight, although its width is worse in every draw.
    p_first = board.table.set_index("algorithm")["p_first"]
    assert p_first["b"] == pytest.approx(6 / 21, abs=0.03)
    assert "no row bootstrap: width (it takes minutes); its scores are the same in every draw of rows." in board.notes
    assert not any("no row bootstrap" in note for note in leaderboard(cells, scores, spec).notes)


def test_without_any_value_under_resampled_rows_there_is_no_interval(new_run):
    run = new_run()
    for name, width in (("a", 1.0), ("b", 2.0)):
        run.add(name, {("width", "standard"): width})
    cells, scores = run.frames()
    rows = replicates(cells, {"a": [0.0], "b": [0.0]}).assign(metric="width", value=np.nan)
    spec = dataclasses.replace(SPEC, metrics=("width",), facts=(WIDTH,), k_policies=("fixed",), fixed_k=3)
    scores = pd.concat([scores, scores.assign(metric="silhouette", value=0.1)])
    board = leaderboard(cells, scores, spec, replicates=rows)
    assert board.table["p_first"].isna().all()
    assert "neither seeds nor rows were resampled" in " ".join(board.notes)


def test_an_exact_partition_is_first_in_every_draw(new_run):
    values = {"exact": (np.inf, np.inf), "near": (900.0, np.inf), "far": (100.0, 120.0)}
    run = new_run()
    for name, ratios in values.items():
        for seed, ratio in enumerate(ratios):
            run.add(name, {("calinski_harabasz", "standard"): ratio, ("silhouette", "standard"): 0.5}, seed=seed)
    spec = dataclasses.replace(SPEC, metrics=("calinski_harabasz",))
    board = leaderboard(*run.frames(), spec).table.set_index("algorithm")
    assert board.loc[["exact", "near", "far"], "rank"].tolist() == [1, 1, 3]
    assert board.loc["exact", "p_first"] == 1.0
    assert board.loc["near", "p_first"] == pytest.approx(0.75, abs=0.03)  # unless its first seed is drawn twice
    assert board["flags"].tolist() == ["", "", ""]
