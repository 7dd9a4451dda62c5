"""Comparisons of sides made by hand, with every expected difference written out."""

from __future__ import annotations

import dataclasses
import itertools
import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterbench.errors import RequestError
from clusterbench.metrics import METRICS, MetricFacts, NoisePolicy
from clusterbench.ranking import KPolicy
from clusterbench.verification import Difference, Judgement, Kind, Rank, RowKey, compare

from .conftest import ENVIRONMENT, MANIFEST, RULES, cell, entry, score, sha

KMEANS = RowKey("wine", "kmeans", "{}", "raw", "silhouette")
SHARED = cell("shared")  # a cell that two sides have in common which differ in everything else


def with_rules(**changes):
    return dataclasses.replace(MANIFEST, rules=dataclasses.replace(RULES, **changes))


def subjects(comparison, kind):
    return [found.subject for found in comparison.of(kind)]


# --- entries ---------------------------------------------------------------------------------------


def board(text):
    """Read ``name rank [low-high]`` line by line; a star marks a control."""
    rows = []
    for line in text.strip().splitlines():
        name, rank, *interval = line.split()
        low_high = tuple(map(int, interval[0].split("-"))) if interval else None
        rows.append(entry(name.rstrip("*"), int(rank), low_high, control=name.endswith("*")))
    return rows


# Entry, ranks before and after, and whether the intervals have no rank in common.
BOARDS = {
    "nothing moved": ("a 1 1-2\nb 2 1-2", "b 2 1-2\na 1 1-2", [], ()),
    "two swapped within their intervals": (
        "a 1 1-2\nb 2 1-2\nc 3 3-3",
        "b 1 1-2\na 2 1-2\nc 3 3-3",
        [("a", 1, 2, "fell by 1, within its interval"), ("b", 2, 1, "rose by 1, within its interval")],
        (),
    ),
    "the first fell to the end": (
        "a 1 1-1\nb 2 2-3\nc 3 2-3",
        "b 1 1-2\nc 2 1-2\na 3 3-3",
        [
            ("a", 1, 3, "fell by 2, beyond its interval"),
            ("b", 2, 1, "rose by 1, within its interval"),
            ("c", 3, 2, "rose by 1, within its interval"),
        ],
        ("1 entry fell beyond the rank interval",),
    ),
    "two fell, one more is a control": (
        "a 1 1-1\nb 2 2-2\nn* 3 3-3\nc 4 4-4",
        "c 1 1-1\na 2 2-2\nb 3 3-3\nn* 4 4-4",
        [
            ("c", 4, 1, "rose by 3, beyond its interval"),
            ("a", 1, 2, "fell by 1, beyond its interval"),
            ("b", 2, 3, "fell by 1, beyond its interval"),
            ("n", 3, 4, "fell by 1, beyond its interval, a control"),
        ],
        ("2 entries fell beyond the rank interval",),
    ),
    "ties share a rank": (
        "a 1 1-3\nb 1 1-3\nc 3 1-3",
        "a 1 1-3\nb 2 1-3\nc 3 1-3",
        [("b", 1, 2, "fell by 1, within its interval")],
        (),
    ),
    "one end of an interval meets the other": (
        "a 1 1-2\nb 2 1-2",
        "b 1 1-1\na 2 2-4",
        [("a", 1, 2, "fell by 1, within its interval"), ("b", 2, 1, "rose by 1, within its interval")],
        (),
    ),
    "one interval is known": (
        "a 1 1-1\nb 2",
        "b 1\na 2",
        [("a", 1, 2, "fell by 1, no interval known"), ("b", 2, 1, "rose by 1, no interval known")],
        (),
    ),
}


@pytest.mark.parametrize("name", BOARDS)
def test_moves_of_a_board(make_side, name):
    before, after, moves, worse = BOARDS[name]
    found = compare(make_side(board(before)), make_side(board(after)))
    assert [(m.subject.algorithm, m.before.rank, m.after.rank, m.note) for m in found.of(Kind.RANK)] == moves
    assert found.worse == worse
    assert found.counts.entries == len(board(before))


def test_a_fall_without_a_known_interval_is_undecided(make_side):
    [fell, rose] = compare(make_side(board("a 1\nb 2")), make_side(board("b 1\na 2"))).of(Kind.RANK)
    assert (fell.judgement, rose.judgement) == (Judgement.UNDECIDED, Judgement.ALLOWED)
    assert (fell.before, str(fell.after)) == (Rank(1), "2")


@settings(max_examples=10, deadline=None)
@given(st.permutations("abcde"), st.permutations("abcde"))
def test_moves_of_a_full_board_cancel_out_and_are_sorted_by_distance(make_side, before, after):
    a, b = (make_side([entry(name, rank) for rank, name in enumerate(order, 1)]) for order in (before, after))
    moves = {m.subject.algorithm: m.after.rank - m.before.rank for m in compare(a, b).of(Kind.RANK)}
    assert moves == {n: after.index(n) - before.index(n) for n in "abcde" if after.index(n) != before.index(n)}
    assert sum(moves.values()) == 0
    assert list(map(abs, moves.values())) == sorted(map(abs, moves.values()), reverse=True)


def test_entries_are_matched_by_all_fields_of_their_key(make_side):
    a = make_side([entry("kmeans", 1)], [SHARED])
    changes = {"dataset": "iris", "algorithm": "gmm", "params": '{"n_init": 1}', "variant": "pca", "k_policy": "fixed"}
    for name, value in changes.items():
        found = compare(a, make_side([entry("kmeans", 1) | {name: value}], [SHARED]))
        assert subjects(found, Kind.ENTRY) == [KMEANS, dataclasses.replace(KMEANS, **{name: value})]
        assert found.counts.entries == 0


def test_a_new_cut_of_an_entry_that_moved_is_in_the_note(make_side):
    cuts = [json.dumps(cut) for cut in ({"eps": 0.5}, {"eps": {"quantile": 0.9}})]
    a, b = (make_side([entry("dbscan", rank, cut=cut)]) for rank, cut in zip((1, 2), cuts, strict=True))
    [move] = compare(a, b).of(Kind.RANK)
    assert move.note == 'fell by 1, no interval known, eps=0.5 -> eps={"quantile": 0.9}'


def test_an_entry_lost_its_rank_where_it_was_run_and_not_where_it_was_not(make_side):
    a = make_side([entry("kmeans", 1), entry("gmm", 2)])
    without = compare(a, make_side([entry("gmm", 1)], [cell("gmm")]))
    [found] = without.of(Kind.ENTRY)
    assert found == Difference(
        Kind.ENTRY, KMEANS, Rank(1), "not ranked", "B did not run it, or not by that k policy", Judgement.UNDECIDED
    )
    rejected = cell("kmeans", status="rejected", reason="too small")
    lost = compare(a, make_side([entry("gmm", 1)], [cell("gmm"), rejected]))
    assert [(found.subject, found.judgement) for found in lost.of(Kind.ENTRY)] == [(KMEANS, Judgement.FAILS)]
    assert (without.worse, lost.worse) == ((), ("1 entry lost the rank",))


@pytest.mark.parametrize(
    ("change", "judgement"),
    [
        ({"control": True}, Judgement.ALLOWED),
        ({"dataset": "(all)"}, Judgement.ALLOWED),
        ({"k_policy": "oracle"}, Judgement.UNDECIDED),
    ],
)
def test_a_control_or_an_entry_of_a_k_policy_that_b_lacks_is_not_lost(make_side, change, judgement):
    cells = [cell("gmm"), cell("kmeans", status="rejected", reason="too small")]
    a, b = make_side([{**entry("kmeans", 1), **change}], cells), make_side([entry("gmm", 1)], cells)
    assert compare(a, b).of(Kind.ENTRY)[0].judgement is judgement


def test_every_entry_of_a_is_lost_where_b_ran_all_and_ranks_nothing(make_side):
    a = make_side([entry("kmeans", 1), entry("gmm", 2), entry("random", 3, control=True)], [cell("kmeans")])
    b = make_side((), [cell(name, status="rejected", reason="too small") for name in ("kmeans", "gmm", "random")])
    assert [found.fails for found in compare(a, b).of(Kind.ENTRY)] == [True, True, False]
    assert compare(a, b).worse == ("2 entries lost the rank",)


def test_entries_of_one_side_keep_the_order_of_their_board(make_side):
    a = make_side([entry(name, rank) for rank, name in enumerate(("z", "b", "m"), 1)])
    b = make_side([entry(name, rank) for rank, name in enumerate(("y", "b", "a"), 1)])
    found = compare(a, b).of(Kind.ENTRY)
    assert [(d.subject.algorithm, str(d.before), str(d.after)) for d in found] == [
        ("z", "1", "not ranked"),
        ("m", "3", "not ranked"),
        ("y", "not ranked", "1"),
        ("a", "not ranked", "3"),
    ]


def test_boards_of_several_datasets_are_compared_entry_by_entry(make_side):
    names = ("wine", "iris", "(all)")
    a = make_side([entry("kmeans", rank, dataset=name) for rank, name in enumerate(names, 1)])
    b = make_side([entry("kmeans", 4 - rank, dataset=name) for rank, name in enumerate(names, 1)])
    moves = [(m.subject.dataset, m.after.rank - m.before.rank) for m in compare(a, b).of(Kind.RANK)]
    assert moves == [("wine", 2), ("(all)", -2)]


@pytest.mark.parametrize("other", ["iris", None])
def test_sides_with_nothing_in_common_are_refused_with_the_datasets_of_both(make_side, other):
    a = make_side([entry("kmeans", 1), entry("kmeans", 1, dataset="(all)")], [cell("kmeans")], [score(0.5)])
    b = make_side([entry("kmeans", 1, dataset="(all)")], [cell("kmeans", dataset=other)] if other else ())
    with pytest.raises(RequestError, match=f"nothing in common: datasets of A: wine; of B: {other or 'none'}"):
        compare(a, b)


# --- scores ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("metric", METRICS)
def test_a_score_differs_from_the_last_reproducible_digit_on(make_side, metric):
    step = 10.0 ** -METRICS[metric].digits
    shares = {"same": 0.0, "less": 0.4, "more": 1.6, "lower": -20.0, "infinite": math.inf}
    a, b = (
        make_side(
            scores=[
                score(0.5 + by * share * step if by else 0.5, name, metric=metric) for name, share in shares.items()
            ]
        )
        for by in (0, 1)
    )
    found = compare(a, b)
    different = [f"wine: {metric} in standard of {sha(name)[:16]}" for name in ("more", "lower", "infinite")]
    assert [d.subject for d in found.of(Kind.SCORE)] == different
    assert found.worse == ("3 scores differ for equal labels",)
    assert found.counts.scores == 5


def test_a_score_that_became_undefined_differs_and_one_that_stays_so_does_not(make_side):
    defined, undefined = make_side(scores=[score(0.5)]), make_side(scores=[score(None)])
    assert compare(undefined, undefined).of(Kind.SCORE) == ()
    [change] = compare(defined, undefined).of(Kind.SCORE)
    assert (change.before, change.after) == (0.5, "undefined")


def test_scores_of_other_labels_are_not_compared(make_side):
    found = compare(make_side((), [SHARED], [score(0.5, "x")]), make_side((), [SHARED], [score(0.9, "y")]))
    assert (found.counts.scores, found.of(Kind.SCORE)) == (0, ())


def test_a_score_in_a_reference_space_does_not_depend_on_the_variant(make_side):
    a = make_side(scores=[score(0.5), score(0.4, space="own")])
    b = make_side(scores=[score(0.6, variant="pca"), score(0.3, variant="pca", space="own")])
    assert [(d.subject.split(" of ")[0], d.after) for d in compare(a, b).of(Kind.SCORE)] == [
        ("wine: silhouette in standard", 0.6)
    ]
    c = make_side(scores=[score(0.5), score(0.3, space="own")])
    assert [(d.subject.split(" of ")[0], d.after) for d in compare(a, c).of(Kind.SCORE)] == [
        ("wine: silhouette in own (raw)", 0.3)
    ]


@pytest.mark.parametrize(("datasets", "note"), [({"wine": "1"}, ""), ({"wine": "2"}, "the data differ")])
def test_a_score_of_other_data_says_so(make_side, datasets, note):
    b = make_side(scores=[score(0.6)], manifest=dataclasses.replace(MANIFEST, datasets=datasets))
    [change] = compare(make_side(scores=[score(0.5)]), b).of(Kind.SCORE)
    assert change.note == note


def test_the_digits_of_a_plug_in_metric_are_those_recorded_with_the_run(make_side):
    sides = []
    for value, digits in ((0.5, 6), (0.504, 2)):
        facts = MetricFacts(name="dunn", direction="higher", formula="f", digits=digits)
        rules = with_rules(ranking=dataclasses.replace(RULES.ranking, metrics=("dunn",), facts=(facts,)))
        sides.append(make_side(scores=[score(value, metric="dunn")], manifest=rules))
    a, b = sides
    assert compare(a, b).of(Kind.SCORE) == ()
    assert len(compare(a, dataclasses.replace(b, manifest=a.manifest)).of(Kind.SCORE)) == 1


def test_a_metric_of_unknown_digits_is_refused(make_side):
    old = make_side(scores=[score(0.5, metric="dunn")], name="old")
    with pytest.raises(RequestError, match="old: unknown metric 'dunn'"):
        compare(make_side(scores=[score(0.5)]), old)


def test_scores_by_another_noise_policy_are_not_compared_and_the_policy_is_reported(make_side):
    cells = [cell("kmeans", "x"), cell("hdbscan", "y", noise_share=0.3)]
    a = make_side((), cells, [score(0.5), score(0.3, "y")])
    b = make_side((), cells, [score(0.5), score(0.4, "y")], manifest=with_rules(noise=NoisePolicy.DROP))
    found = compare(a, b)
    assert (found.counts.scores, found.counts.scores_by_other_rule, found.of(Kind.SCORE), found.worse) == (1, 1, (), ())
    assert found.of(Kind.RULE) == (Difference(Kind.RULE, "noise policy", "zero", "drop"),)
    [change] = compare(a, dataclasses.replace(b, manifest=MANIFEST)).of(Kind.SCORE)
    assert (change.before, change.after) == (0.3, 0.4)


# --- labels ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("manifest", "causes"),
    [
        (MANIFEST, None),
        (dataclasses.replace(MANIFEST, benchmark_sha256="c", workers=4), None),
        (dataclasses.replace(MANIFEST, threads=2), "environment"),
        (
            dataclasses.replace(MANIFEST, environment=dataclasses.replace(ENVIRONMENT, packages={"numpy": "2"})),
            "environment",
        ),
        (dataclasses.replace(MANIFEST, datasets={"wine": "2"}), "data"),
        (with_rules(algorithms={"kmeans": 2}), "version of the plug-in"),
        (with_rules(variants={"raw": '[{"step": "impute"}]'}), "variant"),
        (dataclasses.replace(with_rules(algorithms={"kmeans": 2}), datasets={}), "data, version of the plug-in"),
    ],
)
def test_other_labels_are_worse_where_nothing_that_they_depend_on_differs(make_side, manifest, causes):
    found = compare(make_side((), [cell("kmeans", "x")]), make_side((), [cell("kmeans", "y")], manifest=manifest))
    [change] = found.of(Kind.LABELS)
    key = RowKey("wine", "kmeans", "{}", "raw", cut='{"k": 3}', seeds=(0,))
    assert (change.subject, change.before, change.after) == (key, sha("x"), sha("y"))
    if causes is None:
        assert change.note == "though data, declaration and environment are equal"
        assert found.worse == ("1 cell has other labels without a known cause",)
    else:
        assert change.note == f"not the same: {causes}"
        assert found.worse == ()


def test_the_environment_of_the_job_explains_other_labels_and_not_that_of_the_last_run(make_side):
    earlier = dataclasses.replace(MANIFEST, environment=dataclasses.replace(ENVIRONMENT, python="3.10"))
    a = make_side((), [cell("kmeans", "x"), cell("gmm", "x", environment=earlier.to_json())])
    b = make_side((), [cell("kmeans", "y"), cell("gmm", "y")])
    assert {d.subject.algorithm: d.judgement for d in compare(a, b).of(Kind.LABELS)} == {
        "kmeans": Judgement.FAILS,
        "gmm": Judgement.ALLOWED,
    }


# --- failures, times, rules, environment -----------------------------------------------------------


def test_every_outcome_of_a_cell_is_one_kind_of_difference(make_side):
    outcomes = {
        "same": ("x", "x"),
        "other": ("x", "y"),
        "gone": ("x", None),
        "back": (None, "x"),
        "never": (None, None),
    }
    a, b = (make_side((), [cell(name, pair[side]) for name, pair in outcomes.items()]) for side in (0, 1))
    found = compare(a, b)
    assert [d.subject.algorithm for d in found.of(Kind.LABELS)] == ["other"]
    assert [(d.subject.algorithm, d.before, d.after, d.note) for d in found.of(Kind.STATUS)] == [
        ("gone", "ok", "failed", "boom"),
        ("back", "failed", "ok", "boom"),
    ]
    assert found.worse[0] == "1 cell that gave labels in A gave none in B"
    assert (found.counts.cells, found.counts.cells_only_a, found.counts.cells_only_b) == (5, 0, 0)


def test_only_a_status_without_labels_is_a_failure(make_side):
    without = ["failed", "timeout", "out_of_memory", "skipped"]
    pairs = list(itertools.product([*without, "ok", "rejected", "undefined"], repeat=2))
    a, b = (
        make_side(
            (),
            [cell(f"{x}-{y}", None if pair in without else "x", status=pair) for x, y in pairs for pair in [(x, y)[i]]],
        )
        for i in (0, 1)
    )
    found = compare(a, b)
    changed = {f"{x}-{y}": y in without for x, y in pairs if (x in without) != (y in without)}
    assert {d.subject.algorithm: d.fails for d in found.of(Kind.STATUS)} == changed
    assert found.worse == ("12 cells that gave labels in A gave none in B",)


@pytest.mark.parametrize(
    ("seconds_a", "seconds_b", "medians", "note"),
    [
        ((1, 1), (2, 4), (1.0, 3.0), "3.00 times (2 cells)"),
        ((1, 2, 4), (3, 3, 4), (2.0, 3.0), "1.50 times (3 cells)"),
        ((4,), (1,), (4.0, 1.0), "0.25 times (1 cell)"),
        ((0,), (math.nan,), None, ""),
    ],
)
def test_fit_times_are_compared_by_the_median_of_the_ratios(make_side, seconds_a, seconds_b, medians, note):
    a, b = (
        make_side((), [cell("kmeans", seed=seed, fit_seconds=float(s)) for seed, s in enumerate(seconds)])
        for seconds in (seconds_a, seconds_b)
    )
    found = compare(a, b).of(Kind.FIT_TIME)
    assert found == ((Difference(Kind.FIT_TIME, "kmeans", *medians, note),) if medians else ())


def test_cells_of_one_side_only_are_counted(make_side):
    a = make_side((), [cell("kmeans"), cell("gmm")])
    b = make_side((), [cell("kmeans"), cell("kmeans", seed=1), cell("kmeans", seed=2)])
    counts = compare(a, b).counts
    assert (counts.cells, counts.cells_only_a, counts.cells_only_b) == (1, 1, 2)


def test_conditions_that_differ_are_reported_and_timings_are_not(make_side):
    changed = dataclasses.replace(
        MANIFEST,
        environment=dataclasses.replace(ENVIRONMENT, packages={"numpy": "2"}),
        finished="2027-01-01T00:00:00+00:00",
        threads=2,
        datasets={"wine": "2"},
        seconds=dataclasses.replace(MANIFEST.seconds, fitting=9.0),
        partitions=dataclasses.replace(MANIFEST.partitions, asked=9),
    )
    found = compare(make_side((), [SHARED]), make_side((), [SHARED], manifest=changed))
    assert [(d.subject, d.before, d.after) for d in found.differences] == [
        ("packages numpy", "1", "2"),
        ("threads", "1", "2"),
        ("datasets wine", "1", "2"),
    ]


def test_rules_of_what_both_sides_have_are_compared(make_side):
    ranking = dataclasses.replace(RULES.ranking, k_policies=(KPolicy.CALIBRATED,), weights={"separation": 2.0})
    gate = dataclasses.replace(RULES.gate, min_rows=3)
    changed = with_rules(ranking=ranking, gate=gate, algorithms={"kmeans": 2, "gmm": 1}, variants={"pca": "[]"})
    found = compare(make_side((), [SHARED]), make_side((), [SHARED], manifest=changed))
    assert [(d.subject, d.before, d.after) for d in found.of(Kind.RULE)] == [
        ("k policies", "silhouette", "calibrated"),
        ("gate min_rows", "10", "3"),
        ("version of plug-in kmeans", "1", "2"),
        ("weight separation", "not recorded", "2.0"),
    ]


# --- properties ------------------------------------------------------------------------------------

names = st.sampled_from(["kmeans", "gmm", "ward"])
places = st.tuples(st.integers(1, 9), st.none() | st.tuples(st.integers(1, 4), st.integers(4, 9)))
outcomes = st.sampled_from(["x", "y", "z", None])
values = st.none() | st.floats(-1, 1)


@st.composite
def sides(draw):
    entries = [entry(name, *place) for name, place in draw(st.dictionaries(names, places)).items()]
    cells = [SHARED] + [cell(name, labels) for name, labels in draw(st.dictionaries(names, outcomes)).items()]
    scores = [score(value, labels) for labels, value in draw(st.dictionaries(st.sampled_from("xyz"), values)).items()]
    return entries, cells, scores


@settings(max_examples=8)
@given(sides())
def test_a_side_does_not_differ_from_itself(make_side, side):
    found = compare(make_side(*side), make_side(*side))
    assert (found.differences, found.worse) == ((), ())
    assert (found.counts.entries, found.counts.cells, found.counts.scores) == tuple(len(part) for part in side)


@settings(max_examples=10)
@given(sides(), sides())
def test_exchanging_the_sides_exchanges_the_values(make_side, a, b):
    there, back = compare(make_side(*a), make_side(*b)), compare(make_side(*b), make_side(*a))
    for kind in (Kind.RANK, Kind.ENTRY, Kind.SCORE, Kind.LABELS, Kind.STATUS):
        turned = {(found.subject, found.after, found.before) for found in back.of(kind)}
        assert {(found.subject, found.before, found.after) for found in there.of(kind)} == turned
    assert (there.counts.cells_only_a, there.counts.cells_only_b) == (
        back.counts.cells_only_b,
        back.counts.cells_only_a,
    )
