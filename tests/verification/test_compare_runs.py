"""What a comparison finds, on sides made by hand."""

from __future__ import annotations

import dataclasses
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterbench.errors import RequestError
from clusterbench.verification import CellKey, EntryKey, FitTime, ManifestChange, compare

from .conftest import cell, entry, score, sha

KMEANS = EntryKey("wine", "kmeans", "{}", "raw", "silhouette")
SHARED = cell("shared")  # what two sides have in common that differ in all else


# --- entries ---------------------------------------------------------------------------------------


def test_an_entry_that_moved_is_told_with_both_ranks_and_by_how_many(make_side):
    a = make_side([entry("kmeans", 1, (1, 2)), entry("gmm", 2, (1, 2)), entry("ward", 3, (3, 3))])
    b = make_side([entry("kmeans", 2, (1, 2)), entry("gmm", 1, (1, 2)), entry("ward", 3, (3, 3))])
    found = compare(a, b)
    assert [(m.entry.algorithm, m.rank_a, m.rank_b, m.by, m.beyond) for m in found.moves] == [
        ("kmeans", 1, 2, 1, False),
        ("gmm", 2, 1, -1, False),
    ]
    assert found.n_entries == 3
    assert found.worse == ()


@pytest.mark.parametrize(
    ("interval_a", "interval_b", "beyond"),
    [
        ((1, 2), (3, 4), True),
        ((1, 3), (3, 4), False),
        ((4, 5), (1, 3), True),
        ((1, 9), (2, 3), False),
        (None, (3, 4), None),
        ((1, 2), None, None),
    ],
)
def test_a_move_is_beyond_the_intervals_where_they_do_not_meet(make_side, interval_a, interval_b, beyond):
    [move] = compare(make_side([entry("kmeans", 2, interval_a)]), make_side([entry("kmeans", 3, interval_b)])).moves
    assert move.beyond is beyond


def test_a_fall_beyond_the_interval_is_worse_and_a_rise_is_not(make_side):
    a, b = make_side([entry("kmeans", 1, (1, 1))]), make_side([entry("kmeans", 4, (3, 5))])
    assert compare(a, b).worse == ("1 entry fell beyond the rank interval",)
    assert compare(b, a).worse == ()


@pytest.mark.parametrize("change", [{"control": True}, {"rank_low": None, "rank_high": None}])
def test_the_fall_of_a_control_or_without_a_known_interval_is_told_and_not_worse(make_side, change):
    a = make_side([{**entry("kmeans", 1, (1, 1)), **change}])
    b = make_side([{**entry("kmeans", 4, (4, 4)), **change}])
    found = compare(a, b)
    assert len(found.moves) == 1
    assert found.worse == ()


def test_the_farthest_moves_come_first(make_side):
    a = make_side([entry("a", 1), entry("b", 2), entry("c", 3), entry("d", 4)])
    b = make_side([entry("a", 2), entry("b", 4), entry("c", 3), entry("d", 1)])
    assert [move.entry.algorithm for move in compare(a, b).moves] == ["d", "b", "a"]


def test_entries_are_matched_by_everything_that_they_are_known_by(make_side):
    a = make_side([entry("kmeans", 1)], [SHARED])
    for name, value in {
        "dataset": "iris",
        "algorithm": "gmm",
        "params": '{"n_init": 1}',
        "variant": "pca",
        "k_policy": "fixed",
    }.items():
        other = entry("kmeans", 1) | {name: value}
        found = compare(a, make_side([other], [SHARED]))
        assert found.only_a == (KMEANS,)
        assert len(found.only_b) == 1
        assert found.n_entries == 0


def test_another_cut_of_an_entry_that_moved_is_told(make_side):
    a, b = make_side([entry("kmeans", 1)]), make_side([entry("kmeans", 2, cut='{"k": 5}')])
    [move] = compare(a, b).moves
    assert (move.cut_a, move.cut_b) == ('{"k": 3}', '{"k": 5}')


def test_an_entry_lost_its_rank_where_it_was_run_and_not_where_it_was_not(make_side):
    a = make_side([entry("kmeans", 1), entry("gmm", 2)])
    without = make_side([entry("gmm", 1)], [cell("gmm")])
    rejected = make_side([entry("gmm", 1)], [cell("gmm"), cell("kmeans", status="rejected", reason="too small")])
    assert compare(a, without).lost == ()
    assert compare(a, without).only_a == (KMEANS,)
    assert compare(a, rejected).lost == (KMEANS,)
    assert compare(a, rejected).worse == ("1 entry lost the rank",)


def test_a_control_or_an_entry_of_another_k_policy_is_not_lost(make_side):
    cells = [cell("gmm"), cell("kmeans", status="rejected", reason="too small")]
    b = make_side([entry("gmm", 1)], cells)
    for change in ({"control": True}, {"k_policy": "oracle"}, {"dataset": "(all)"}):
        assert compare(make_side([{**entry("kmeans", 1), **change}], cells), b).lost == ()


def test_every_entry_of_a_is_lost_where_b_ran_all_and_ranks_nothing(make_side):
    a = make_side([entry("kmeans", 1), entry("gmm", 2), entry("random", 3, control=True)], [cell("kmeans")])
    b = make_side((), [cell(name, status="rejected", reason="too small") for name in ("kmeans", "gmm", "random")])
    assert [key.algorithm for key in compare(a, b).lost] == ["kmeans", "gmm"]
    assert compare(a, b).worse == ("2 entries lost the rank",)


@pytest.mark.parametrize(
    ("plan", "hashes", "lost"),
    [
        (["silhouette"], ("1", "2"), True),
        (["calibrated"], ("1", "2"), False),
        (None, ("1", "2"), False),
        (None, ("1", "1"), True),
    ],
)
def test_a_board_without_a_k_policy_lost_it_where_the_policy_was_declared(make_side, plan, hashes, lost):
    cells = [cell("kmeans"), cell("gmm")]
    a = make_side([entry("kmeans", 1)], cells, benchmark_sha256=hashes[0])
    b = make_side([entry("gmm", 1, k_policy="calibrated")], cells, benchmark_sha256=hashes[1])
    b = dataclasses.replace(b, rules=None if plan is None else {"ranking": {"k_policies": plan}})
    assert compare(a, b).lost == ((KMEANS,) if lost else ())
    assert compare(a, b).gone == (() if lost else (KMEANS,))


@pytest.mark.parametrize("other", ["iris", None])
def test_sides_with_nothing_in_common_are_refused_with_the_datasets_of_both(make_side, other):
    a = make_side([entry("kmeans", 1), entry("kmeans", 1, dataset="(all)")], [cell("kmeans")], [score(0.5)])
    there = {"dataset": other}
    b = make_side([entry("kmeans", 1, dataset="(all)")], [cell("kmeans", **there)] if other else ())
    with pytest.raises(RequestError, match=f"nothing in common: datasets of A: wine; of B: {other or 'none'}"):
        compare(a, b)


# --- scores and labels -----------------------------------------------------------------------------


@pytest.mark.parametrize(("change", "differs"), [(0.0, False), (9e-7, False), (1.1e-6, True), (-0.5, True)])
def test_a_score_differs_where_the_reproducible_digits_do(make_side, change, differs):
    found = compare(make_side(scores=[score(0.5)]), make_side(scores=[score(0.5 + change)]))
    assert [(s.metric, s.space, s.a) for s in found.scores] == ([("silhouette", "standard", 0.5)] if differs else [])
    assert found.worse == (("1 score differs for equal labels",) if differs else ())
    assert found.n_scores == 1


def test_a_score_that_became_undefined_differs_and_one_that_stays_so_does_not(make_side):
    defined, undefined = make_side(scores=[score(0.5)]), make_side(scores=[score(None)])
    assert compare(undefined, undefined).scores == ()
    [change] = compare(defined, undefined).scores
    assert (change.a, change.b) == (0.5, "undefined")


def test_scores_of_other_labels_are_not_compared(make_side):
    found = compare(make_side((), [SHARED], [score(0.5, "x")]), make_side((), [SHARED], [score(0.9, "y")]))
    assert (found.n_scores, found.scores) == (0, ())


def test_equal_labels_are_one_in_a_reference_space_and_belong_to_their_variant_in_their_own(make_side):
    a = make_side(scores=[score(0.5, variant="raw"), score(0.4, variant="raw", space="own")])
    b = make_side(scores=[score(0.6, variant="pca"), score(0.3, variant="pca", space="own")])
    assert [(s.space, s.variant, s.b) for s in compare(a, b).scores] == [("standard", None, 0.6)]
    c = make_side(scores=[score(0.5, variant="raw"), score(0.3, variant="raw", space="own")])
    assert [(s.space, s.variant, s.b) for s in compare(a, c).scores] == [("own", "raw", 0.3)]


@pytest.mark.parametrize(("hashes", "same"), [(("1", "1"), True), (("1", "2"), False), (("1", None), None)])
def test_it_is_told_whether_the_data_are_the_same(make_side, hashes, same):
    sides = [
        make_side((), [cell("kmeans", name)], [score(value)], **({} if h is None else {"datasets": {"wine": h}}))
        for h, name, value in zip(hashes, ("x", "y"), (0.5, 0.6), strict=True)
    ]
    sides[1].scores["labels_sha256"] = sha("x")
    found = compare(*sides)
    assert [s.same_data for s in found.scores] == [same]
    assert [change.same_data for change in found.labels] == [same]


def test_a_metric_of_unknown_digits_is_refused(make_side):
    strange = make_side(scores=[score(0.5, metric="dunn")], name="old")
    with pytest.raises(RequestError, match="old: unknown metric 'dunn'"):
        compare(make_side(scores=[score(0.5)]), strange)


def test_cells_of_other_labels_are_told_and_are_not_worse_where_the_cause_may_be_known(make_side):
    found = compare(make_side((), [cell("kmeans", "x")]), make_side((), [cell("kmeans", "y")]))
    [change] = found.labels
    assert change.cell == CellKey("wine", "raw", "kmeans", "{}", '{"k": 3}', 0)
    assert (change.sha256_a, change.sha256_b) == (sha("x"), sha("y"))
    assert found.worse == ()


MADE_BY = {
    **{"clusterbench": "1", "python": "3", "packages": {"numpy": "1"}, "system": "Linux", "cpu": "x", "threads": 1},
    **{"datasets": {"wine": "1"}, "benchmark_sha256": "b", "git": {"commit": "1"}},
}


@pytest.mark.parametrize(
    ("change", "unexplained"),
    [
        ({}, True),
        ({"git": {"commit": "1", "dirty": True}}, True),
        ({"git": {"commit": "2"}}, False),
        ({"packages": {"numpy": "2"}}, False),
        ({"threads": 2}, False),
        ({"datasets": {"wine": "2"}}, False),
        ({"benchmark_sha256": "c"}, False),
        ({"cpu": None}, False),
    ],
)
def test_other_labels_of_the_same_data_by_the_same_versions_are_worse(make_side, change, unexplained):
    a, b = (make_side((), [cell("kmeans", name)], **MADE_BY | facts) for name, facts in (("x", {}), ("y", change)))
    found = compare(a, b)
    assert [label.unexplained for label in found.labels] == [unexplained]
    assert found.worse == (("1 cell has other labels, of the same data by the same versions",) if unexplained else ())


def test_a_variant_or_plug_in_that_was_declared_otherwise_explains_other_labels(make_side):
    rules = {**RULES, "variants": {"raw": []}, "algorithms": {"kmeans": {"version": 1}}}
    others = [
        ({}, True),
        ({"algorithms": {"kmeans": {"version": 2}}}, False),
        ({"variants": {"raw": [{"step": "impute"}]}}, False),
    ]
    for change, unexplained in others:
        a, b = (
            dataclasses.replace(
                make_side((), [cell("kmeans", name)], **MADE_BY | {"benchmark_sha256": name}), rules=mine
            )
            for name, mine in (("x", rules), ("y", {**rules, **change}))
        )
        assert [label.unexplained for label in compare(a, b).labels] == [unexplained]


RULES = {
    **{"noise": "zero", "metrics": ["silhouette"], "references": {"wine": ["standard"]}, "gate": {"min_share": 0.01}},
    **{"ranking": {"k_policies": ["silhouette"], "fixed_k": None, "weights": {}}, "variants": {}, "algorithms": {}},
}


def test_scores_by_another_noise_policy_are_not_compared_and_the_policy_is_named(make_side):
    cells = [cell("kmeans", "x"), cell("hdbscan", "y", noise_share=0.3)]
    a, b = (
        dataclasses.replace(make_side((), cells, [score(first), score(second, "y")]), rules={**RULES, "noise": noise})
        for first, second, noise in ((0.5, 0.3, "zero"), (0.5, 0.4, "drop"))
    )
    found = compare(a, b)
    assert (found.n_scores, found.n_by_other_rule, found.scores, found.worse) == (1, 1, (), ())
    assert found.rules == (ManifestChange("noise policy", "zero", "drop"),)
    [change] = compare(a, dataclasses.replace(b, rules=a.rules)).scores
    assert (change.a, change.b, change.same_rule) == (0.3, 0.4, True)


@pytest.mark.parametrize(("hashes", "same"), [(("1", "1"), True), (("1", "2"), None)])
def test_an_export_that_does_not_tell_its_noise_policy_is_said_not_to(make_side, hashes, same):
    cells = [cell("hdbscan", "y", noise_share=0.3)]
    a, b = (
        make_side((), cells, [score(value, "y")], benchmark_sha256=h)
        for value, h in zip((0.3, 0.4), hashes, strict=True)
    )
    [change] = compare(a, b).scores
    assert change.same_rule is same
    assert compare(a, b).worse == ("1 score differs for equal labels",)


# --- failures, times, manifests --------------------------------------------------------------------


@pytest.mark.parametrize("status", ["failed", "timeout", "out_of_memory", "skipped"])
def test_a_cell_that_gives_no_labels_any_more_is_worse_and_one_that_gives_them_again_is_not(make_side, status):
    good = make_side((), [cell("kmeans")])
    bad = make_side((), [cell("kmeans", None, status=status, reason="boom")])
    [change] = compare(good, bad).failures
    assert (change.status_a, change.status_b, change.reason) == ("ok", status, "boom")
    assert compare(good, bad).worse == ("1 cell that gave labels in A gave none in B",)
    assert len(compare(bad, good).failures) == 1
    assert compare(bad, good).worse == ()
    assert compare(bad, bad).failures == ()


def test_a_cell_that_the_gate_rejects_has_labels_and_did_not_fail(make_side):
    rejected = make_side((), [cell("kmeans", status="rejected", reason="too small")])
    assert compare(make_side((), [cell("kmeans")]), rejected).failures == ()


def test_the_fit_time_is_the_median_ratio_over_the_cells_that_both_fitted(make_side):
    a = [cell("kmeans", seed=seed, fit_seconds=seconds) for seed, seconds in enumerate((1.0, 2.0, 4.0))]
    b = [cell("kmeans", seed=seed, fit_seconds=seconds) for seed, seconds in enumerate((3.0, 3.0, 4.0))]
    failed = [cell("gmm", None, fit_seconds=9.0)]
    found = compare(make_side((), a + failed), make_side((), [*b, cell("gmm")]))
    assert found.fit_times == (FitTime("kmeans", 1.5, 3),)


def test_a_cell_without_a_measured_time_has_no_ratio(make_side):
    a, b = [cell("kmeans", fit_seconds=0.0)], [cell("kmeans", fit_seconds=math.nan)]
    assert compare(make_side((), a), make_side((), b)).fit_times == ()


def test_cells_of_one_side_only_are_counted(make_side):
    a = make_side((), [cell("kmeans"), cell("gmm")])
    b = make_side((), [cell("kmeans"), cell("kmeans", seed=1), cell("kmeans", seed=2)])
    found = compare(a, b)
    assert (found.n_cells, found.cells_only_a, found.cells_only_b) == (1, 1, 2)


def test_versions_hashes_and_threads_that_differ_are_told_and_timings_are_not(make_side):
    made = ({"threads": n, "packages": {"numpy": str(n)}, "seconds": {"fitting": n}} for n in (1, 2))
    a, b = (make_side((), [SHARED], **facts, datasets={"wine": h}) for facts, h in zip(made, ("ab", "cd"), strict=True))
    assert compare(a, b).manifest == (
        ManifestChange("threads", "1", "2"),
        ManifestChange("packages numpy", "1", "2"),
        ManifestChange("datasets wine", "ab", "cd"),
    )


# --- laws ------------------------------------------------------------------------------------------

names = st.sampled_from(["kmeans", "gmm", "ward", "dbscan", "clara"])
places = st.tuples(st.integers(1, 9), st.none() | st.tuples(st.integers(1, 4), st.integers(4, 9)))
outcomes = st.sampled_from(["x", "y", "z", None])
values = st.none() | st.floats(-1, 1)


@st.composite
def sides(draw):
    entries = [entry(name, *place) for name, place in draw(st.dictionaries(names, places)).items()]
    cells = [SHARED] + [cell(name, labels) for name, labels in draw(st.dictionaries(names, outcomes)).items()]
    scores = [score(value, labels) for labels, value in draw(st.dictionaries(st.sampled_from("xyz"), values)).items()]
    return entries, cells, scores


@settings(max_examples=30)
@given(sides())
def test_a_side_is_equal_to_itself(make_side, side):
    found = compare(make_side(*side, threads=1), make_side(*side, threads=1))
    assert (found.moves, found.only_a, found.only_b, found.lost) == ((), (), (), ())
    assert (found.scores, found.labels, found.failures, found.manifest) == ((), (), (), ())
    assert (found.n_entries, found.n_cells, found.n_scores) == tuple(len(part) for part in side)
    assert found.worse == ()
    assert all(time.ratio == 1.0 for time in found.fit_times)


@settings(max_examples=30)
@given(sides(), sides())
def test_a_comparison_turns_round_with_its_sides(make_side, a, b):
    there, back = compare(make_side(*a), make_side(*b)), compare(make_side(*b), make_side(*a))
    assert {(m.entry, m.by, m.beyond) for m in there.moves} == {(m.entry, -m.by, m.beyond) for m in back.moves}
    assert (set(there.only_a), set(there.only_b)) == (set(back.only_b), set(back.only_a))
    assert {(s.labels_sha256, s.a, s.b) for s in there.scores} == {(s.labels_sha256, s.b, s.a) for s in back.scores}
    assert {(f.cell, f.status_a) for f in there.failures} == {(f.cell, f.status_b) for f in back.failures}
    assert {change.cell for change in there.labels} == {change.cell for change in back.labels}
    assert (there.cells_only_a, there.cells_only_b) == (back.cells_only_b, back.cells_only_a)
