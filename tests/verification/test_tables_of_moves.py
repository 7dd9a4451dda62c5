"""Whole boards before and after, with every expected move written out."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterbench.metrics import METRICS
from clusterbench.verification import EntryKey, compare, comparison_text

from .conftest import cell, entry, score, sha


def board(text: str) -> list[dict]:
    """Read ``name rank [low-high]`` line by line; a star marks a control."""
    rows = []
    for line in text.strip().splitlines():
        name, rank, *interval = line.split()
        low_high = tuple(map(int, interval[0].split("-"))) if interval else None
        rows.append(entry(name.rstrip("*"), int(rank), low_high, control=name.endswith("*")))
    return rows


BOARDS = {
    "nothing moved": ("a 1 1-2\nb 2 1-2", "b 2 1-2\na 1 1-2", [], ()),
    "two swapped within their intervals": (
        "a 1 1-2\nb 2 1-2\nc 3 3-3",
        "b 1 1-2\na 2 1-2\nc 3 3-3",
        [("a", 1, 2, 1, False), ("b", 2, 1, -1, False)],
        (),
    ),
    "the first fell to the end": (
        "a 1 1-1\nb 2 2-3\nc 3 2-3",
        "b 1 1-2\nc 2 1-2\na 3 3-3",
        [("a", 1, 3, 2, True), ("b", 2, 1, -1, False), ("c", 3, 2, -1, False)],
        ("1 entry fell beyond the rank interval",),
    ),
    "two fell, one of them a control": (
        "a 1 1-1\nb 2 2-2\nn* 3 3-3\nc 4 4-4",
        "c 1 1-1\na 2 2-2\nb 3 3-3\nn* 4 4-4",
        [("c", 4, 1, -3, True), ("a", 1, 2, 1, True), ("b", 2, 3, 1, True), ("n", 3, 4, 1, True)],
        ("2 entries fell beyond the rank interval",),
    ),
    "ties share a rank": (
        "a 1 1-3\nb 1 1-3\nc 3 1-3",
        "a 1 1-3\nb 2 1-3\nc 3 1-3",
        [("b", 1, 2, 1, False)],
        (),
    ),
    "an entry joined at the top": (
        "a 1 1-1\nb 2 2-2",
        "new 1 1-1\na 2 2-2\nb 3 3-3",
        [("a", 1, 2, 1, True), ("b", 2, 3, 1, True)],
        ("2 entries fell beyond the rank interval",),
    ),
    "one end of an interval meets the other": (
        "a 1 1-2\nb 2 1-2",
        "b 1 1-1\na 2 2-4",
        [("a", 1, 2, 1, False), ("b", 2, 1, -1, False)],
        (),
    ),
    "no interval is known": ("a 1\nb 2", "b 1\na 2", [("a", 1, 2, 1, None), ("b", 2, 1, -1, None)], ()),
    "one interval is known": ("a 1 1-1\nb 2", "b 1\na 2", [("a", 1, 2, 1, None), ("b", 2, 1, -1, None)], ()),
}


@pytest.mark.parametrize("name", BOARDS)
def test_the_moves_of_a_board_are_these(make_side, name):
    before, after, moves, worse = BOARDS[name]
    found = compare(make_side(board(before)), make_side(board(after)))
    assert [(m.entry.algorithm, m.rank_a, m.rank_b, m.by, m.beyond) for m in found.moves] == moves
    assert found.worse == worse
    text = comparison_text(found)
    assert text.count("fell by") == sum(by > 0 for *_, by, _ in moves)
    assert text.count("rose by") == sum(by < 0 for *_, by, _ in moves)
    assert ("B is not worse" in text) is not bool(worse)


@settings(max_examples=40, deadline=None)
@given(st.permutations("abcdef"), st.permutations("abcdef"))
def test_moves_of_a_full_board_add_up_to_nothing(make_side, before, after):
    a, b = (make_side([entry(name, rank) for rank, name in enumerate(order, 1)]) for order in (before, after))
    moves = compare(a, b).moves
    assert sum(move.by for move in moves) == 0
    assert {m.entry.algorithm: m.by for m in moves} == {
        name: after.index(name) - before.index(name) for name in "abcdef" if after.index(name) != before.index(name)
    }
    assert [abs(m.by) for m in moves] == sorted((abs(m.by) for m in moves), reverse=True)


def test_only_one_setting_of_an_algorithm_moved_and_is_named_by_what_tells_it_apart(make_side):
    few, many = (json.dumps({"init": "random", "n_init": n}) for n in (1, 10))
    a = make_side([entry("kmeans", 1, params=few), entry("kmeans", 2, params=many), entry("gmm", 3)])
    b = make_side([entry("kmeans", 3, params=few), entry("kmeans", 2, params=many), entry("gmm", 1)])
    found = compare(a, b)
    assert [(m.entry.params, m.by) for m in found.moves] == [(few, 2), ("{}", -2)]
    other = compare(a, make_side([entry("kmeans", 2, params=few), entry("kmeans", 1, params=many), entry("gmm", 3)]))
    text = comparison_text(other)
    assert "wine: kmeans (n_init=1), raw" in text
    assert "wine: kmeans (n_init=10), raw" in text
    assert "init=random" not in text


@pytest.mark.parametrize("place", ["board", "cells"])
def test_a_setting_that_moved_is_told_apart_from_one_that_did_not(make_side, place):
    ward, average = ('{"linkage": "ward"}', '{"linkage": "average"}')
    stayed = [entry("agglomerative", 3, params=average)] if place == "board" else []
    cells = [cell("agglomerative", params=average)] if place == "cells" else []
    a = make_side([entry("agglomerative", 1, params=ward), entry("gmm", 2), *stayed], cells)
    b = make_side([entry("agglomerative", 2, params=ward), entry("gmm", 1), *stayed])
    assert "wine: agglomerative (linkage=ward), raw, k silhouette" in comparison_text(compare(a, b))


def test_boards_of_several_datasets_are_compared_entry_by_entry(make_side):
    names = ("wine", "iris", "(all)")
    a = make_side([entry("kmeans", rank, dataset=name) for rank, name in enumerate(names, 1)])
    b = make_side([entry("kmeans", 4 - rank, dataset=name) for rank, name in enumerate(names, 1)])
    assert [(m.entry.dataset, m.by) for m in compare(a, b).moves] == [("wine", 2), ("(all)", -2)]


def test_entries_of_one_side_stand_in_the_order_of_their_board(make_side):
    a = make_side([entry(name, rank) for rank, name in enumerate(("z", "b", "m"), 1)])
    b = make_side([entry(name, rank) for rank, name in enumerate(("y", "b", "a"), 1)])
    found = compare(a, b)
    assert [key.algorithm for key in found.only_a] == ["z", "m"]
    assert [key.algorithm for key in found.only_b] == ["y", "a"]
    assert found.lost == ()
    assert found.n_entries == 1


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("sign", [-1, 1])
def test_a_score_of_any_metric_differs_from_its_last_digit_on(make_side, metric, sign):
    step = 10.0 ** -METRICS[metric].digits
    for share, differs in ((0.0, False), (0.4, False), (1.6, True), (20.0, True)):
        a, b = (make_side(scores=[score(v, metric=metric)]) for v in (0.5, 0.5 + sign * share * step))
        assert bool(compare(a, b).scores) is differs
        assert bool(compare(a, b).worse) is differs


def test_every_cell_is_told_by_the_right_finding(make_side):
    outcomes = {
        "same": ("x", "x"),
        "other": ("x", "y"),
        "gone": ("x", None),
        "back": (None, "x"),
        "never": (None, None),
    }
    a, b = (make_side((), [cell(name, pair[side]) for name, pair in outcomes.items()]) for side in (0, 1))
    found = compare(a, b)
    assert [(c.cell.algorithm, c.sha256_a, c.sha256_b) for c in found.labels] == [("other", sha("x"), sha("y"))]
    assert [(f.cell.algorithm, f.status_a, f.status_b) for f in found.failures] == [
        ("gone", "ok", "failed"),
        ("back", "failed", "ok"),
    ]
    assert [time.algorithm for time in found.fit_times] == ["other", "same"]
    assert found.worse == ("1 cell that gave labels in A gave none in B",)
    assert (found.n_cells, found.cells_only_a, found.cells_only_b) == (5, 0, 0)


@pytest.mark.parametrize(
    ("one", "two"), list(itertools.permutations(["failed", "timeout", "out_of_memory", "skipped"], 2))
)
def test_one_way_of_giving_no_labels_for_another_is_no_change(make_side, one, two):
    a, b = (make_side((), [cell("kmeans", None, status=status)]) for status in (one, two))
    assert compare(a, b).failures == ()
    assert compare(a, b).worse == ()


@pytest.mark.parametrize(
    ("seconds_a", "seconds_b", "ratio"),
    [((1, 1), (2, 4), 3.0), ((2, 4, 8), (1, 4, 8), 1.0), ((1, 1, 1, 1), (1, 2, 3, 10), 2.5), ((4,), (1,), 0.25)],
)
def test_the_ratio_of_fit_times_is_the_median_of_the_ratios(make_side, seconds_a, seconds_b, ratio):
    a, b = (
        make_side((), [cell("kmeans", seed=seed, fit_seconds=float(s)) for seed, s in enumerate(seconds)])
        for seconds in (seconds_a, seconds_b)
    )
    [time] = compare(a, b).fit_times
    assert (time.algorithm, time.ratio, time.n_cells) == ("kmeans", ratio, len(seconds_a))
    assert f"kmeans: {ratio:.2f} ({len(seconds_a)})" in comparison_text(compare(a, b))


def test_all_reasons_stand_in_one_verdict(make_side):
    cells = [cell("a"), cell("b"), cell("c", "z")]
    a = make_side([entry("a", 1, (1, 1)), entry("b", 2, (2, 2))], cells, [score(0.5)])
    b = make_side([entry("a", 2, (2, 2))], [cell("a"), cell("b", status="rejected"), cell("c", None)], [score(0.6)])
    found = compare(a, b)
    assert found.lost == (EntryKey("wine", "b", "{}", "raw", "silhouette"),)
    assert comparison_text(found).splitlines()[-1] == (
        "B is worse: 1 entry fell beyond the rank interval; 1 entry lost the rank;"
        " 1 cell that gave labels in A gave none in B; 1 score differs for equal labels."
    )


@pytest.mark.parametrize("shown", [1, 3, 7])
def test_a_section_shows_as_many_lines_as_asked_for_and_counts_the_rest(make_side, shown):
    a = make_side([entry(f"a{n}", n) for n in range(1, 8)])
    b = make_side([entry(f"a{n}", 8 - n) for n in range(1, 8)])
    lines = comparison_text(compare(a, b), shown=shown).splitlines()
    moved = [line for line in lines if line.startswith(("  fell by", "  rose by"))]
    assert len(moved) == min(shown, 6)  # the fourth keeps its place
    rest = [line for line in lines if line.startswith("  ... and")]
    assert rest == ([f"  ... and {6 - shown} more"] if shown < 6 else [])


def test_a_cut_of_several_values_is_told_in_words(make_side):
    cuts = [json.dumps(cut) for cut in ({"eps": 0.5}, {"eps": {"quantile": 0.9}})]
    a, b = (make_side([entry("dbscan", rank, cut=cut)]) for rank, cut in zip((1, 2), cuts, strict=True))
    assert 'eps=0.5 -> eps={"quantile": 0.9};' in comparison_text(compare(a, b))
