"""The sentence above the table is never bolder than its numbers."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterbench.ranking import AlertKind, RankingSpec, Severity, leaderboard, letters_of

from .conftest import Run, draws_of

SPEC = RankingSpec(reference_spaces=("standard", "log1p"), metrics=("silhouette",), n_bootstrap=100)


def run_of(new_run, values: dict[str, list[tuple[float, float]]]):
    run = new_run()
    for name, seeds in values.items():
        for seed, (first, second) in enumerate(seeds):
            run.add(name, {("silhouette", "standard"): first, ("silhouette", "log1p"): second}, seed=seed)
    return run


SPACES = SPEC.reference_spaces


def drawn_run(new_run, make_draws, drawn: dict[str, list[float]], **facts):
    """A run of one seed, whose silhouette in both spaces is the mean over the draws; and the draws."""
    run = new_run()
    for name, values in drawn.items():
        run.add(name, {("silhouette", space): float(np.mean(values)) for space in SPACES}, **facts)
    cells, scores = run.frames()
    return cells, scores, make_draws(cells, {name: [1.0] * len(drawn[name]) for name in drawn}, drawn, spaces=SPACES)


CLEAR = {"kmeans": [0.5, 0.51] * 5, "gmm": [0.1, 0.11] * 5}


def test_a_winner_in_every_sample_is_called_best(new_run, make_draws):
    cells, scores, draws = drawn_run(new_run, make_draws, CLEAR)
    board = leaderboard(cells, scores, SPEC, draws=draws)
    assert board.headline == (
        "kmeans on standard with k = 3 is the best of 2 on table, told apart from every other (90 % rank interval 1 to"
        " 1, first in 100 % of samples of the same size from the same population, by 10 draws). It is first in each of"
        " the 2 reference spaces alone."
    )
    assert board.alerts == ()


def test_with_few_draws_nobody_is_called_best(new_run, make_draws):
    cells, scores, draws = drawn_run(new_run, make_draws, {name: values[:6] for name, values in CLEAR.items()})
    headline = leaderboard(cells, scores, SPEC, draws=draws).headline
    assert "kmeans on standard with k = 3 is ranked first of 2 on table (90 % rank interval 1 to 1" in headline
    assert "best" not in headline
    assert "told apart" not in headline


def test_rivals_that_share_a_letter_are_named(new_run, make_draws):
    near = {"kmeans": [0.5, 0.7] * 5, "gmm": [0.65, 0.45] * 5, "far": [0.0, 0.01] * 5}
    cells, scores, draws = drawn_run(new_run, make_draws, near)
    headline = leaderboard(cells, scores, SPEC, draws=draws).headline
    assert headline.startswith("kmeans on standard with k = 3 is ranked first of 3 on table (90 % rank interval 1 to 2")
    assert "but is not separated from gmm on standard with k = 3." in headline


def test_equal_entries_share_the_first_place_in_words(new_run):
    board = leaderboard(*run_of(new_run, {"b": [(0.5, 0.5)], "a": [(0.5, 0.5)], "c": [(0.1, 0.1)]}).frames(), SPEC)
    assert board.headline.startswith("a on standard with k = 3 shares the first place of 3 on table with b on standard")


def test_of_equal_entries_the_one_most_often_first_is_named_first(new_run, make_draws):
    # Equal means; c is close to a, which varies, and is never ahead of b, which does not.
    drawn = {"a": [0.4, 0.6] * 5, "b": [0.5] * 10, "c": [0.6, 0.36] * 5}
    cells, scores, draws = drawn_run(new_run, make_draws, drawn)
    board = leaderboard(cells, scores, dataclasses.replace(SPEC, order="score", score={"silhouette": 1.0}), draws=draws)
    p_first = board.table.set_index("algorithm")["p_first"]
    assert board.table["rank"].tolist() == [1, 1, 3]
    named = max("ab", key=lambda name: p_first[name])
    assert p_first["a"] != p_first["b"]
    assert board.headline.startswith(f"{named} on standard with k = 3 shares the first place of 3 on table with ")
    assert f"first in {100 * p_first[named]:.0f} % of samples" in board.headline


def test_a_champion_that_loses_a_space_is_not_robust(new_run):
    split = {"a": [(0.9, 0.3)], "b": [(0.5, 0.4)], "c": [(0.6, 0.1)], "d": [(0.1, 0.2)]}
    board = leaderboard(*run_of(new_run, split).frames(), SPEC)
    assert "Not robust: by one reference space alone it has rank 2 in log1p." in board.headline
    (alert,) = board.alerts
    assert str(alert) == "table: the first place is not robust (rank 2 by the space log1p alone)"
    assert (alert.kind, alert.dataset, alert.oracle) == (AlertKind.NOT_ROBUST, "table", False)
    assert not board.table["robust"].iloc[0]


def test_entries_of_one_algorithm_are_told_apart_by_the_parameters_that_differ(new_run):
    run = new_run()
    for linkage, value in (("ward", 0.5), ("average", 0.5), ("single", 0.1)):
        values = {("silhouette", space): value for space in SPEC.reference_spaces}
        run.add("tree", values, params={"linkage": linkage, "metric": "euclidean"})
    headline = leaderboard(*run.frames(), SPEC).headline
    assert "tree (linkage=average) on standard with k = 3 shares the first place of 3" in headline
    assert "with tree (linkage=ward) on standard" in headline
    assert "euclidean" not in headline


def test_entries_that_differ_in_the_k_policy_are_told_apart_by_it(new_run):
    run = new_run()
    for k in (3, 4):
        run.add("kmeans", {("silhouette", space): 0.1 * k for space in SPEC.reference_spaces}, k=k)
    spec = dataclasses.replace(SPEC, k_policies=("silhouette", "fixed"), fixed_k=3)
    assert leaderboard(*run.frames(), spec).headline.startswith("kmeans (k by silhouette) on standard with k = 4 is")


def test_a_champion_that_owes_its_place_to_one_metric_is_told(new_run):
    run = new_run()
    levels = {"a": (0.9, 0.2, 500.0), "b": (0.8, 0.1, 400.0), "c": (0.1, 0.9, 900.0), "d": (0.0, 0.8, 100.0)}
    for name, (silhouette, davies_bouldin, calinski) in levels.items():
        values = {"silhouette": silhouette, "davies_bouldin": davies_bouldin, "calinski_harabasz": calinski}
        run.add(name, {(metric, "standard"): value for metric, value in values.items()})
    # Ranks: a 1 2 2, b 2 1 3, c 3 4 1, d 4 3 4. Without silhouette a and b tie at 2, without Calinski-Harabasz at 1.5.
    spec = RankingSpec(reference_spaces=("standard",))
    assert "It would have" not in leaderboard(*run.frames(), spec).headline
    # With c's silhouette lowered, b's raised: a 2 2 2, b 1 1 3.
    run.scores[3]["value"] = 0.95
    headline = leaderboard(*run.frames(), spec).headline
    assert headline.startswith("b on standard")
    assert "It would have" not in headline
    run.scores[5]["value"] = 50.0  # b's Calinski-Harabasz is now the worst: a 2 2 2, b 1 1 4; both have a mean of 2
    headline = leaderboard(*run.frames(), spec).headline
    assert headline.startswith("a on standard with k = 3 shares the first place")
    assert "It would have rank 2 without Calinski-Harabasz." in headline


def test_a_control_that_is_not_beaten_is_told(new_run):
    spec = dataclasses.replace(SPEC, controls=frozenset({"random"}))
    board = leaderboard(*run_of(new_run, {"a": [(0.5, 0.5)], "random": [(0.6, 0.6)], "b": [(0.1, 0.1)]}).frames(), spec)
    assert "Controls are not beaten: random on standard with k = 3." in board.headline
    assert any("does not beat the controls" in alert.text for alert in board.alerts)


def test_a_winner_that_a_control_comes_close_to_is_not_called_best(new_run, make_draws):
    spec = dataclasses.replace(SPEC, controls=frozenset({"random"}))
    cells, scores, draws = drawn_run(new_run, make_draws, {**CLEAR, "random": [0.505] * 10})
    headline = leaderboard(cells, scores, spec, draws=draws).headline
    assert "best" not in headline
    assert "kmeans on standard with k = 3 is first of 2 on table, told apart from every other contender (" in headline
    assert "Controls are not beaten: random on standard with k = 3." in headline


def judged(new_run, levels: dict[str, tuple[float, float]]) -> list[str]:
    """Alerts of a ranking by silhouette and Davies-Bouldin; of both numbers of a level the higher is better."""
    run = new_run()
    for name, (silhouette, closeness) in levels.items():
        run.add(name, {("silhouette", "standard"): silhouette, ("davies_bouldin", "standard"): -closeness})
    spec = RankingSpec(reference_spaces=("standard",), metrics=("silhouette", "davies_bouldin"))
    alerts = leaderboard(*run.frames(), spec).alerts
    return [str(alert) for alert in alerts if alert.kind is AlertKind.METRICS_DISAGREE]


def test_metrics_that_order_the_contenders_alike_do_not_disagree(new_run):
    assert judged(new_run, {f"a{i}": (0.1 * i, 1.0 * i) for i in range(8)}) == []


def test_metrics_that_contradict_each_other_are_told_with_the_numbers(new_run):
    # Silhouette orders 1 2 3 4 5 6, Davies-Bouldin 2 1 6 5 4 3: a correlation of 1 - 6 (1+1+9+1+1+9) / 210 = 0.37.
    order = {"a": (6, 5), "b": (5, 6), "c": (4, 1), "d": (3, 2), "e": (2, 3), "f": (1, 4)}
    assert judged(new_run, order) == []
    # Ranks 5 6 4 3 2 1 by Davies-Bouldin: 1 - 6 (16+16+1+1+9+25) / 210 = -0.94.
    against = {"a": (6, 2), "b": (5, 1), "c": (4, 3), "d": (3, 4), "e": (2, 5), "f": (1, 6)}
    (told,) = judged(new_run, against)
    assert told.startswith("table: the metrics disagree: alone, they would put the first entry, of 6, at place ")
    assert told.endswith("between silhouette and Davies-Bouldin (rank correlation -0.94)")


def test_a_champion_outside_the_best_quarter_by_one_metric_is_told(new_run):
    # Alike but for the champion: first by silhouette by far, third of eight by Davies-Bouldin.
    levels = {f"a{i}": (0.1 * i, 1.0 * i) for i in range(8)}
    assert judged(new_run, levels | {"a7": (0.7, 5.5)}) == []
    (told,) = judged(new_run, {"a7": (0.7, 4.5), "a6": (0.3, 7.0), "a5": (0.34, 5.0)} | {
        f"a{i}": (0.1 * i - 0.05, 1.0 * i - 0.5) for i in range(5)
    })  # fmt: skip
    assert "put the first entry, of 8, at place 1 (silhouette), 3 (Davies-Bouldin)" in told


def test_few_contenders_contradict_each_other_by_chance(new_run):
    assert judged(new_run, {"a": (3, 1), "b": (2, 2), "c": (1, 3)}) == []


def test_only_doubt_about_all_structure_is_serious(new_run):
    spec = dataclasses.replace(SPEC, controls=frozenset({"random"}))
    run = run_of(new_run, {"a": [(0.9, 0.3)], "b": [(0.5, 0.4)], "c": [(0.6, 0.1)], "random": [(0.9, 0.9)]})
    severities = {alert.kind: alert.severity for alert in leaderboard(*run.frames(), spec).alerts}
    assert severities == {AlertKind.NOT_ROBUST: Severity.WARNING, AlertKind.CONTROLS_UNBEATEN: Severity.SERIOUS}


def test_a_control_that_is_beaten_is_not_mentioned(new_run):
    spec = dataclasses.replace(SPEC, controls=frozenset({"random"}))
    board = leaderboard(*run_of(new_run, {"a": [(0.5, 0.5)], "random": [(0.0, 0.0)], "b": [(0.1, 0.1)]}).frames(), spec)
    assert "ontrol" not in board.headline


def test_one_contender_is_the_only_one(new_run):
    board = leaderboard(*run_of(new_run, {"a": [(0.5, 0.5)]}).frames(), SPEC)
    assert board.headline.startswith("a on standard with k = 3 is the only contender that could be ranked on table.")


def test_many_rivals_are_counted_not_listed(new_run, make_draws):
    rng = np.random.default_rng(0)
    cells, scores, draws = drawn_run(
        new_run, make_draws, {f"a{i}": rng.normal(0.5, 0.1, 10).tolist() for i in range(9)}
    )
    board = leaderboard(cells, scores, SPEC, draws=draws)
    assert re.search(r" and \d+ more\.", board.headline)


@settings(max_examples=15)
@given(st.lists(st.lists(st.sampled_from([0.1, 0.2, 0.3, 0.4]), min_size=10, max_size=10), min_size=2, max_size=5))
def test_the_word_best_is_never_used_where_letters_are_shared(levels):
    cells, scores, draws = drawn_run(Run, draws_of, {f"a{number}": values for number, values in enumerate(levels)})
    board = leaderboard(cells, scores, SPEC, draws=draws)
    first = letters_of(board.table["tie"].iloc[0])
    others = frozenset().union(*(letters_of(tie) for tie in board.table["tie"].iloc[1:]))
    assert ("best" in board.headline) == (not first & others)
    assert "best" not in board.headline or board.table["p_first"].iloc[0] >= 0.95
