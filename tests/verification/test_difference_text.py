"""Differences, comparisons and facts as text."""

from __future__ import annotations

import dataclasses
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterbench.naming import EntryNames
from clusterbench.verification import (
    Comparison,
    Counts,
    Difference,
    Judgement,
    Kind,
    Rank,
    RowKey,
    comparison_text,
    fact_differences,
    same_score,
)

WARD, AVERAGE = (
    RowKey("wine", "agglomerative", f'{{"linkage": "{name}", "metric": "euclidean"}}', "raw", "calibrated")
    for name in ("ward", "average")
)
CELL = RowKey("wine", "kmeans", '{"n_init": 1}', "pca", cut='{"k": 4}', seeds=(2,))
NAMES = EntryNames.of((key.algorithm, key.params) for key in (WARD, AVERAGE, CELL))
QUIET = Comparison("before", "after", Counts(5, 9, 12, 0, 0), (), NAMES)
FULL = dataclasses.replace(
    QUIET,
    counts=Counts(5, 9, 12, 0, 3, 4),
    differences=(
        Difference(Kind.RANK, WARD, Rank(1, 1, 2), Rank(4, 3, 5), "fell by 3", Judgement.FAILS),
        Difference(Kind.ENTRY, dataclasses.replace(WARD, algorithm="gmm"), Rank(2), "not ranked", "", Judgement.FAILS),
        Difference(Kind.SCORE, "wine: silhouette in standard", 0.25, "undefined", "the data differ", Judgement.FAILS),
        Difference(Kind.LABELS, CELL, "ab" * 32, "cd" * 32),
        Difference(Kind.STATUS, CELL, "ok", "timeout", "killed at the limit of 5 s", Judgement.FAILS),
        Difference(Kind.ENVIRONMENT, "packages numpy", "1.26.4", "1.26.5"),
        Difference(Kind.RULE, "noise policy", "zero", "drop"),
    ),
)


def test_two_equal_sides_take_a_few_lines_and_a_verdict():
    assert comparison_text(QUIET).splitlines() == [
        "A  before",
        "B  after",
        "",
        "5 entries on both boards, 0 with another rank; 9 cells on both sides, 0 with other labels;"
        " 12 scores of equal labels, 0 with another value.",
        "",
        "B is not worse: nothing fell beyond its interval, failed, or has other scores for equal labels.",
    ]


def test_differences_are_listed_under_their_kind():
    lines = comparison_text(FULL).splitlines()
    assert lines[4:7] == [
        "0 cells are in A only, 3 in B only.",
        "4 scores of labelings with noise not compared: the sides declare different noise policies.",
        "The boards have different entries: some may have moved because others joined or left.",
    ]
    assert lines[7:-1] == [
        "",
        "Rules declared differently",
        "  noise policy: zero -> drop",
        "",
        "Entries that moved",
        "  wine: agglomerative (linkage=ward), raw, k calibrated: 1 [1-2] -> 4 [3-5], fell by 3",
        "",
        "Entries ranked on one side only",
        "  wine: gmm, raw, k calibrated: 2 -> not ranked",
        "",
        "Scores of equal labels",
        "  wine: silhouette in standard: 0.25 -> undefined, the data differ",
        "",
        "Labels of the same declaration",
        "  wine: kmeans, pca, k=4, seed 2: abababababababab -> cdcdcdcdcdcdcdcd",
        "",
        "Cells with labels on one side only",
        "  wine: kmeans, pca, k=4, seed 2: ok -> timeout, killed at the limit of 5 s",
        "",
        "Environment",
        "  packages numpy: 1.26.4 -> 1.26.5",
        "",
    ]
    assert lines[-1] == (
        "B is worse: 1 entry fell beyond the rank interval; 1 entry lost the rank; 1 cell that gave labels in A gave"
        " none in B; 1 score differs for equal labels."
    )


def test_what_could_not_be_judged_is_added_to_the_verdict():
    fell = Difference(Kind.RANK, WARD, Rank(1), Rank(4), judgement=Judgement.UNDECIDED)
    absent = Difference(Kind.ENTRY, AVERAGE, Rank(1), "not ranked", judgement=Judgement.UNDECIDED)
    verdict = comparison_text(dataclasses.replace(QUIET, differences=(fell, absent))).splitlines()[-1]
    assert verdict.startswith("B is not worse")
    assert verdict.endswith(
        "No rank interval is known for 1 entry that fell."
        " Not judged: 1 entry of A that B did not run, or not by that k policy."
    )


@pytest.mark.parametrize(("shown", "rest"), [(7, ["  ... and 43 more"]), (50, [])])
def test_a_long_list_is_cut_and_the_rest_is_counted(shown, rest):
    many = tuple(Difference(Kind.ENVIRONMENT, f"fact {i}", "a", "b") for i in range(50))
    lines = comparison_text(dataclasses.replace(QUIET, differences=many), shown=shown).splitlines()
    assert sum("fact " in line for line in lines) == shown
    assert [line for line in lines if "more" in line] == rest


def test_no_name_breaks_a_line_or_controls_the_terminal():
    hostile = dataclasses.replace(WARD, dataset="x\x1b[2J\nB is not worse: trust me")
    found = Difference(Kind.ENTRY, hostile, Rank(1), "not ranked")
    text = comparison_text(dataclasses.replace(QUIET, differences=(found,)))
    assert "\x1b" not in text
    assert not any(line.startswith("B is not worse: trust") for line in text.splitlines())


# --- scores and facts ------------------------------------------------------------------------------


@settings(max_examples=30)
@given(st.integers(0, 9), st.floats(-1, 1), st.floats(-1, 1))
def test_scores_are_the_same_below_one_unit_of_the_last_digit(digits, one, other):
    unit = 10.0**-digits
    assert same_score(one, one + unit / 2, digits=digits)
    assert not same_score(one, one + 1.01 * unit, digits=digits)
    assert same_score(one, other, digits=digits) == same_score(other, one, digits=digits)


def test_missing_and_infinite_scores_equal_only_themselves():
    special = (math.nan, math.inf, -math.inf, 0.0)
    for i, one in enumerate(special):
        for j, other in enumerate(special):
            assert same_score(one, other, digits=6) == (i == j)


def test_facts_differ_by_name_with_both_values():
    one = {"python": "3.11.9", "packages": {"numpy": "1.26.4"}, "git": None, "seeds": [0, 1]}
    other = {"python": "3.11.9", "packages": {"numpy": "1.26.5"}, "git": {"commit": "ab"}, "seeds": [0]}
    found = fact_differences(Kind.ENVIRONMENT, one, other)
    assert [(d.subject, d.before, d.after) for d in found] == [
        ("packages numpy", "1.26.4", "1.26.5"),
        ("git", "none", "not recorded"),
        ("seeds", "0, 1", "0"),
        ("git commit", "not recorded", "ab"),
    ]
    assert fact_differences(Kind.ENVIRONMENT, one, one) == []
